"""Claims: what registries, fingerprints and statements say of one distinct value of a property.

Everything here works on distinct values, so its cost does not grow with the evidence.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge
from beholden.knowledge.names import normalise

CLAIMS = pa.schema(
    [
        pa.field("property", pa.string()),
        pa.field("value", pa.string()),
        pa.field("fingerprint_id", pa.string()),
        pa.field("field", pa.string()),
        pa.field("found", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("fact_id", pa.string()),
    ]
)
"""What is claimed of a distinct (property, value)."""

STATED = "stated:"
"""Leads the value of a company field where the name is not one that knowledge has."""

STATED_CLAIM = "stated"
"""Stands for a fingerprint where an inventory states the value itself."""

_ROLE_FIELDS = {"maker": "brand", "module": "module_maker", "chip": "chip_maker"}
_STATED_FIELDS = {"inventory.model": "model", "inventory.firmware": "firmware", "inventory.os": "os"}


LONGEST_PREFIX = len("00:00:00:00:0")
"""Characters of a link address that the longest IEEE prefix (MA-S, 36 bits) takes."""


def registry_claims(prefixes: pa.Array, knowledge: Knowledge, weights: Mapping[str, float]) -> pa.Table:
    """Claim brand, module or chip maker by the longest IEEE assignment for each beginning of a link address.

    prefixes: distinct first LONGEST_PREFIX characters; the claims bear them in the column `prefix`.

    A contract manufacturer's prefix claims nothing. `weights` gives the confidence by role.
    """
    assigned = lookup.prefixes(knowledge, prefixes)
    known = pc.is_valid(assigned["prefix"])
    found = assigned.filter(known)
    role, company = found["role"], found["company"]
    usable = pc.and_(pc.is_in(role, pa.array(list(_ROLE_FIELDS))), pc.is_valid(company))
    named = prefixes.filter(known).filter(usable)
    roles = role.filter(usable).to_pylist()
    claims = pa.table(
        {
            "property": pa.repeat(pa.scalar("mac"), len(named)),
            "value": named,
            "fingerprint_id": pc.binary_join_element_wise("ieee", found["prefix"].filter(usable), "-"),
            "field": pa.array([_ROLE_FIELDS[name] for name in roles], pa.string()),
            "found": company.filter(usable),
            "confidence": pa.array([float(weights[name]) for name in roles], pa.float64()),
            "fact_id": found["fact_id"].filter(usable),
        }
    )
    return claims.cast(CLAIMS).append_column("prefix", named)


def stated_claims(values: pa.Table, knowledge: Knowledge, weights: Mapping[str, float]) -> pa.Table:
    """Claim what an inventory states: vendor by its spelling, kind by its usual names, the rest as it is."""
    book = _Spellings(knowledge)
    rows: list[dict[str, Any]] = []
    for row in values.to_pylist():
        rows.extend(_stated(row["property"], row["value"], book, weights))
    return pa.Table.from_pylist(rows, schema=CLAIMS)


def _stated(name: str, value: str, book: "_Spellings", weights: Mapping[str, float]) -> list[dict[str, Any]]:
    readers: dict[str, Callable[[str], tuple[str, str | None, str | None]]] = {
        "inventory.vendor": book.vendor,
        "inventory.kind": book.kind,
    }
    if name in readers:
        field, found, fact_id = readers[name](value)
    else:
        field, found, fact_id = _STATED_FIELDS[name], value, None
    if found is None:
        return []
    return [
        {
            "property": name,
            "value": value,
            "fingerprint_id": STATED_CLAIM,
            "field": field,
            "found": found,
            "confidence": float(weights[field]),
            "fact_id": fact_id,
        }
    ]


class _Spellings:
    """Spellings of companies and kinds."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._companies = knowledge.spellings
        self._facts = {row["company"]: row["fact_id"] for row in knowledge.rows("companies")}
        self._kinds = {normalise(row["name"]): row["kind"] for row in knowledge.rows("kind_names")}
        for row in knowledge.rows("kinds"):
            self._kinds[normalise(row["kind"].replace("_", " "))] = row["kind"]

    def vendor(self, name: str) -> tuple[str, str | None, str | None]:
        company = self._companies.find(name)
        return "brand", company or f"{STATED}{name}", self._facts.get(company) if company else None

    def kind(self, name: str) -> tuple[str, str | None, str | None]:
        return "kind", self._kinds.get(normalise(name)), None
