"""Numbers that the Bluetooth SIG assigned to companies, as fingerprints: whose data or service a device advertises.

Numbers that stand for nobody, since everybody uses them, and those that mean another: parts/bluetooth_rulings.csv.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.clouds import meaning_of
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv, read_toml, read_yaml
from beholden.knowledge.fingerprints import COLUMNS

BLUETOOTH = pa.schema([(name, pa.string()) for name in ("property", "number", "organisation")])
_SOURCE = "bluetooth-assigned-numbers"
_FIELDS = {"maker": "brand", "module": "module_maker", "chip": "chip_maker"}
_LISTS = {"company_identifiers": ("ble.company", "value"), "uuids": ("ble.service", "uuid")}


def bluetooth_table(paths: Sequence[Path]) -> pa.Table:
    """Read company identifiers and the UUIDs of members, as published in YAML; numbers as four hex digits."""
    rows = [row for path in paths for row in _numbers(read_yaml(path))]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: tuple(row.values())), schema=BLUETOOTH)


def _numbers(document: dict[str, Any]) -> Iterator[dict[str, str]]:
    for key, (name, number) in _LISTS.items():
        for entry in document.get(key) or ():
            digits = f"{int(str(entry[number]), 0):04x}"
            yield {"property": name, "number": digits, "organisation": " ".join(str(entry["name"]).split())}


def bluetooth_fingerprints(root: Path, ledger: Ledger, companies: Companies) -> pa.Table:
    """Give a fingerprint for each number whose company is known, and what it makes of a device that uses it."""
    path = root / "registries" / "bluetooth.parquet"
    if not path.exists():
        return COLUMNS.empty_table()
    rulings = _rulings(root, companies)
    weights = read_toml(root / "vocabulary" / "claims.toml")["bluetooth"]
    rows = []
    for row in pq.read_table(path).to_pylist():
        key = row["property"], row["number"]
        company, role = rulings.get(key) or meaning_of(row["organisation"], {}, companies)[:2]
        if company and role in _FIELDS:
            rows.append(_fingerprint(row, company, role, float(weights[role]), ledger))
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def _rulings(root: Path, companies: Companies) -> dict[tuple[str, str], tuple[str, str]]:
    rulings: dict[tuple[str, str], tuple[str, str]] = {}
    for row in read_csv(root, "parts/bluetooth_rulings.csv"):
        if row["company"] and (row["company"] not in companies.companies or row["role"] not in _FIELDS):
            raise KnowledgeError(f"{row.place}: company or role is not known")
        rulings[row["property"], row["number"]] = row["company"], row["role"]
    return rulings


def _fingerprint(
    row: dict[str, str], company: str, role: str, confidence: float, ledger: Ledger
) -> dict[str, object]:
    what = "company identifier" if row["property"] == "ble.company" else "UUID"
    text = f"{what} {row['number']} of Bluetooth is {row['organisation']}'s: {company} as {role}"
    place = f"registries/bluetooth.parquet: {row['number']}"
    return {
        "fingerprint_id": f"bluetooth-{row['property'].removeprefix('ble.')}-{row['number']}",
        "property": row["property"],
        "match": "exact",
        "pattern": row["number"],
        "literal": "",
        "field": _FIELDS[role],
        "value": company,
        "confidence": confidence,
        "fact_id": ledger.enter("registries/bluetooth.parquet", place, row | {"source": _SOURCE}, text),
        "source": _SOURCE,
        "url": None,
        "date": ledger.date_of(_SOURCE),
    }
