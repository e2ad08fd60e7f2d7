"""What public registries say of a value, as facts with their source: they stand beside the facts of the packs."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge, knowledge_root
from beholden.knowledge.facts import Source, load_sources
from beholden.knowledge.files import read_toml

Document = dict[str, Any]
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}", re.IGNORECASE)


def said_by(table: str, text: str) -> list[Document]:
    """Give what a registry says as a fact; nothing where it is not known where the registry comes from."""
    source = _sources(knowledge_root()).get(table)
    if source is None:
        return []
    return [
        {
            "fact": None,
            "text": text,
            "source": source.title,
            "publisher": source.publisher,
            "url": source.url or None,
            "date": source.date,
        }
    ]


@cache
def _sources(root: Path) -> dict[str, Source | None]:
    """Give for each registry the source of its original, of two that feed it the first."""
    path, known = root / "registries" / "originals.toml", load_sources(root)
    originals = list(read_toml(path)["originals"].values()) if path.exists() else []
    return {table: known.get(one["source"]) for one in reversed(originals) for table in one["tables"]}


def address_facts(row: Document) -> list[Document]:
    """Give the facts of an address: who announces it, and in which country it is registered."""
    facts = []
    if row["asn"] is not None:
        facts += said_by("ip_asn", f"{row['address']} is announced by AS{row['asn']}, {row['address_owner']}")
    if row["address_country"]:
        facts += said_by("ip_country", f"{row['address']} is registered in {row['address_country']}")
    return facts


def prefix_facts(row: Document) -> list[Document]:
    """Give the fact of a prefix: to whom it is assigned, at an address in which country."""
    where = f", at an address in {row['country']}" if row["country"] else ""
    return said_by("ieee", f"{row['prefix']} is assigned to {row['organisation']}{where}")


def usb_device(knowledge: Knowledge, value: str) -> tuple[Document, list[Document]]:
    """Give the names of a USB vendor and product by the USB ID repository, and the fact."""
    vendor, product = value.lower().split(":")
    rows = _rows(knowledge, "usb_ids", "vendor", vendor)
    row = next((one for one in rows if one["product"] == product), rows[0] if rows else None)
    if row is None:
        return {}, []
    names = {"vendor_name": row["vendor_name"], "product_name": row["product_name"] or None}
    return names, said_by("usb_ids", f"USB {value.lower()} is {' '.join(filter(None, names.values()))}")


def flaw(knowledge: Knowledge, value: str) -> tuple[Document, list[Document]]:
    """Give what is known of a CVE id: whether it is exploited, whose product has it, how likely it is used."""
    cve = value.upper()
    found: Document = {"is_exploited": False}
    facts = []
    for row in _rows(knowledge, "kev", "cve", cve)[:1]:
        found |= {
            "is_exploited": True,
            **{name: row[name] for name in ("vendor", "product", "name", "date_added")},
        }
        facts += said_by(
            "kev", f"{cve} ({row['vendor']} {row['product']}) is exploited, known since {row['date_added']}"
        )
    for row in _rows(knowledge, "epss", "cve", cve)[:1]:
        found |= {"epss": round(row["epss"], 5), "epss_percentile": round(row["percentile"], 5)}
        facts += said_by("epss", f"{cve} is used within 30 days with a probability of {row['epss']:.5f}")
    return found, facts


def _rows(knowledge: Knowledge, table: str, column: str, value: str) -> list[Document]:
    known = knowledge.table(table)
    rows: list[Document] = known.filter(pc.equal(known[column], value)).to_pylist()
    return rows
