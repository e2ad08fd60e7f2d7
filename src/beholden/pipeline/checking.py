"""Check knowledge as a whole and count it: what one pack alone cannot show is looked at here."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.identify.match import match
from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import compile_all
from beholden.knowledge.companies import load_companies
from beholden.knowledge.contradictions import contradictions
from beholden.knowledge.facts import Ledger, Source, load_sources
from beholden.knowledge.files import read_csv
from beholden.knowledge.fingerprints import COMPANY_FIELDS, Fingerprint, read_fingerprints
from beholden.knowledge.indicators.lists import read_lists
from beholden.knowledge.places import country_codes

Document = dict[str, Any]
_JURISDICTIONS = {"companies": "jurisdiction", "lists": "jurisdiction", "regimes": "jurisdiction"}
"""Tables, and their column of jurisdictions."""


def check(root: Path) -> Document:
    """Load every pack and look for what contradicts; gives `ok`, faults in one line each, and counts.

    Raises KnowledgeError for the first row that cannot be taken. Counts: rows per table, facts per pack,
    companies per jurisdiction, facts per source and per grade.
    """
    tables, sources = compile_all(root), load_sources(root)
    companies = load_companies(root, Ledger(sources))
    fingerprints = list(read_fingerprints(root))
    faults = [
        *contradictions(root, companies, fingerprints),
        *unresolved(root, tables),
        *wrong_examples(fingerprints, tables["fingerprints"]),
        *bad_lines(root, tables),
    ]
    return {"ok": not faults, "faults": faults, **_counts(sources, tables)}


def bad_lines(root: Path, tables: Mapping[str, pa.Table]) -> list[str]:
    """Give a line for each line of a pack's lists of indicators that cannot be read."""
    told: list[str] = []
    if (root / "indicators").is_dir():
        lists = [root / "indicators"]
        read_lists(lists, Knowledge.holding(tables), lambda problem: told.append(str(problem)))
    return told


def unresolved(root: Path, tables: Mapping[str, pa.Table]) -> Iterator[str]:
    """Give a line for each company that a fingerprint names and each jurisdiction that is in no list."""
    companies = set(tables["companies"]["company"].to_pylist())
    for row in tables["fingerprints"].to_pylist():
        if row["field"] in COMPANY_FIELDS and "{" not in row["value"] and row["value"] not in companies:
            yield f"fingerprints/{row['property']}.yaml: {row['fingerprint_id']}: no company {row['value']!r}"
    known = {*country_codes(root), *(row["bloc"] for row in read_csv(root, "law/blocs.csv"))}
    for name, column in _JURISDICTIONS.items():
        stated = tables[name][column].unique().to_pylist()
        for one in sorted(set(stated) - known - {None}):
            yield f"{name}: no country or bloc {one!r}"


def _counts(sources: Mapping[str, Source], tables: Mapping[str, pa.Table]) -> Document:
    facts = tables["facts"]
    by_source = _tally(facts["source_id"])
    by_grade: Counter[str] = Counter()
    for source, n in by_source.items():
        by_grade[sources[source].grade] += n
    return {
        "rows": {name: table.num_rows for name, table in tables.items()},
        "facts by pack": _tally(facts["pack"]),
        "companies by jurisdiction": _tally(tables["companies"]["jurisdiction"]),
        "facts by source": by_source,
        "facts by grade": dict(by_grade.most_common()),
        "sources without a fact": sorted(sources.keys() - by_source.keys()),
    }


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    return dict(Counter(one or "unknown" for one in column.to_pylist()).most_common())


def wrong_examples(fingerprints: Sequence[Fingerprint], compiled: pa.Table) -> Iterator[str]:
    """Give a line for each example that a fingerprint does not read as it says, or counterexample that it reads."""
    asked = [(one.of, value) for one in fingerprints for value in _values(one)]
    values = pa.table({"property": [name for name, _ in asked], "value": [value for _, value in asked]})
    said: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in match(values, compiled).to_pylist():
        said[row["fingerprint_id"], row["value"]][row["field"]] = row["found"]
    for one in fingerprints:
        place = f"fingerprints/{one.of}.yaml: {one.fingerprint_id}"
        for value, expected in one.examples:
            found = said.get((one.fingerprint_id, value), {})
            if found != {name: told for name, told in expected.items() if told}:
                yield f"{place} reads its example {value!r} as {found or 'nothing'}"
        for value in one.counterexamples:
            if (one.fingerprint_id, value) in said:
                yield f"{place} reads its counterexample {value!r}"


def _values(one: Fingerprint) -> Iterator[str]:
    yield from (value for value, _ in one.examples)
    yield from one.counterexamples
