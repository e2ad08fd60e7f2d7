"""Whose part it is: modules by TAC, answers to AT commands and USB ids, chips by the strings of firmware."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.schemas import SCHEMAS

_PACKS = {"cellular_modules": "module", "chips": "chip", "usb_ids": ""}
"""Files of parts/, and the role of the companies they name where a row does not give another."""

READS = {
    "tac": ("IMEIs of the type allocation code", r"[0-9]{8}"),
    "manufacturer": ("Modules that answer AT+CGMI with", r".{2,}"),
    "model": ("Modules whose answer to AT+CGMM begins with", r".{3,}"),
    "revision": ("Modules whose answer to AT+CGMR begins with", r".{3,}"),
    "user_agent": ("HTTP clients whose product token begins with", r"[^\s/]{3,}"),
    "usb": ("USB devices of", r"[0-9a-f]{4}:([0-9a-f]{4})?"),
    "compatible": ("Device trees whose compatible begins with", r"[a-z0-9-]+,.*"),
    "soc": ("Systems whose name for their chip begins with", r".{4,}"),
}
"""What a value is read from, in words, and how such a value is written."""

_WHOLE = frozenset({"tac", "manufacturer"})
"""Values that are matched whole; the others as the beginning of what is read."""

_ROLES = ("module", "chip", "maker")


def load_parts(root: Path, ledger: Ledger, companies: Companies) -> pa.Table:
    """Read parts/*.csv into one table: reads, value (lower case), company, role, model, fact_id.

    Raises KnowledgeError for a value that is not written as its kind is, or that stands twice.
    """
    rows = [
        _part(row, role, ledger, companies)
        for pack, role in _PACKS.items()
        for row in read_csv(root, f"parts/{pack}.csv")
    ]
    places: dict[tuple[str | None, str | None], str] = {}
    for place, row in rows:
        first = places.setdefault((row["reads"], row["value"]), place)
        if first != place:
            raise KnowledgeError(f"{place}: {row['reads']} {row['value']!r} stands at {first} too")
    return pa.Table.from_pylist([row for _, row in rows], schema=SCHEMAS["parts"])


def _part(row: Row, role: str, ledger: Ledger, companies: Companies) -> tuple[str, dict[str, str | None]]:
    reads, value = row["reads"], row["value"]
    if row["vendor"]:
        reads, value = "usb", f"{row['vendor']}:{row['product']}"
    says, pattern = READS.get(reads, ("", ""))
    if not says or re.fullmatch(pattern, value) is None:
        raise KnowledgeError(f"{row.place}: {value!r} is no {reads or 'value'} that is known")
    company = companies.companies.get(row["company"])
    role = row["role"] or role
    if company is None or role not in _ROLES:
        raise KnowledgeError(f"{row.place}: no company {row['company']!r} or no role {role!r}")
    text = f"{says} {value} are of {company.name} {row['model']}".rstrip() + f" ({role}). {row['note']}"
    return row.place, {
        "reads": reads,
        "value": value.lower(),
        "company": company.company,
        "role": role,
        "model": row["model"] or None,
        "fact_id": ledger.add(row, text.strip()),
    }


def parts(knowledge: Knowledge, reads: str, values: list[str] | pa.Array) -> pa.Table:
    """Give for each value that was read the part it stands for, nulls where none is known; a longer one goes first."""
    table = knowledge.table("parts")
    known = table.filter(pc.equal(table["reads"], reads))
    asked = pc.utf8_lower(pa.array(values, pa.string()))
    if reads in _WHOLE or not known.num_rows:
        return known.take(pc.index_in(asked, known["value"]))
    lengths = sorted(pc.unique(pc.utf8_length(known["value"])).to_pylist(), reverse=True)
    begun = [pc.index_in(pc.utf8_slice_codeunits(asked, 0, n), known["value"]) for n in lengths]
    return known.take(pc.coalesce(*begun))
