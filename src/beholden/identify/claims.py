"""Claims: what registries, fingerprints and statements say of one distinct value of a property.

Everything here works on distinct values, so its cost does not grow with the evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge
from beholden.knowledge.names import normalise
from beholden.model.errors import Problem, Report

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

MOST_NAMES = 2_000
"""Names of vendors that are no company's spelling: of more than these none is compared with what is nearly so."""

_VENDOR, _KIND = "inventory.vendor", "inventory.kind"
_ROLE_FIELDS = {"maker": "brand", "module": "module_maker", "chip": "chip_maker"}
_STATED_FIELDS = {"inventory.model": "model", "inventory.firmware": "firmware", "inventory.os": "os"}

Nearly: TypeAlias = Mapping[str, tuple[str, float]]
"""A name, and the company that is nearly called so, with how alike they are (0-1)."""

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


def stated_claims(
    values: pa.Table, knowledge: Knowledge, weights: Mapping[str, float], report: Report | None = None
) -> pa.Table:
    """Claim what an inventory states: vendor by its spelling or nearly so, kind by its usual names, the rest as it is."""
    book = _Spellings(knowledge)
    vendors = values.filter(pc.equal(values["property"], _VENDOR))["value"].to_pylist()
    nearly = _nearly([name for name in vendors if book.company(name) is None], knowledge, report)
    rows = [
        {
            "property": row["property"],
            "value": row["value"],
            "fingerprint_id": STATED_CLAIM,
            "field": field,
            "found": found,
            "confidence": float(weights[field]) * likeness,
            "fact_id": fact_id,
        }
        for row in values.to_pylist()
        for field, found, likeness, fact_id in book.read(row["property"], row["value"], nearly)
    ]
    return pa.Table.from_pylist(rows, schema=CLAIMS)


def _nearly(names: Sequence[str], knowledge: Knowledge, report: Report | None) -> Nearly:
    """Give the company of names that are nearly one's, and how alike they are; of too many names none."""
    if len(names) > MOST_NAMES:
        if report is not None:
            wrong = f"{len(names):,} names of vendors that are no company's, more than {MOST_NAMES:,}"
            report(Problem("inventories", "", wrong, "not compared with names that are nearly so"))
        return {}
    if not names:
        return {}
    from beholden.knowledge.matching import Matcher  # noqa: PLC0415 - only names that are not known need it

    matcher = Matcher.of(knowledge)
    matches = {name: matcher.match(name) for name in names}
    return {
        name: (one.company, likeness.likeness)
        for name, one in matches.items()
        for likeness in one.candidates
        if one.company is not None and likeness.company == one.company
    }


class _Spellings:
    """Spellings of companies and kinds."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._companies = knowledge.spellings
        self._facts = {row["company"]: row["fact_id"] for row in knowledge.rows("companies")}
        self._kinds = {normalise(row["name"]): row["kind"] for row in knowledge.rows("kind_names")}
        for row in knowledge.rows("kinds"):
            self._kinds[normalise(row["kind"].replace("_", " "))] = row["kind"]

    def company(self, name: str) -> str | None:
        """Give the company that is spelled so."""
        return self._companies.find(name)

    def read(self, name: str, value: str, nearly: Nearly) -> Iterator[tuple[str, str, float, str | None]]:
        """Give field, what it says, how far it is that, and the fact behind it."""
        if name == _VENDOR:
            company = self.company(value)
            found, likeness = (company, 1.0) if company else nearly.get(value, (f"{STATED}{value}", 1.0))
            yield "brand", found, likeness, self._facts.get(found)
        elif name != _KIND:
            yield _STATED_FIELDS[name], value, 1.0, None
        elif kind := self._kinds.get(normalise(value)):
            yield "kind", kind, 1.0, None
