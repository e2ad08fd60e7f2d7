"""Find rows that contradict each other without a ruling: the note of the narrower row says why both hold."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from beholden.knowledge.companies import Companies
from beholden.knowledge.files import Row, read_csv
from beholden.knowledge.fingerprints import COMPANY_FIELDS, Fingerprint
from beholden.knowledge.names import normalise

_PART_PACKS = ("parts/cellular_modules.csv", "parts/chips.csv")


def contradictions(root: Path, companies: Companies, fingerprints: Iterable[Fingerprint]) -> Iterator[str]:
    """Give a line for each pair that contradicts: suffixes, registry entries, parts, fingerprints."""
    yield from _suffixes(list(read_csv(root, "clouds/domains.csv")), companies)
    yield from _registry_entries(read_csv(root, "parts/oui_rulings.csv"), companies)
    yield from _parts([row for pack in _PART_PACKS for row in read_csv(root, pack)], companies)
    yield from _fingerprints(fingerprints)


def _are_apart(companies: Companies, one: str, other: str) -> bool:
    """Say whether two companies are known and answer to different owners."""
    return bool(one and other) and _top(companies, one) != _top(companies, other)


def _top(companies: Companies, company: str) -> str:
    for path in (companies.maker_path, companies.owner_path):
        ties = path(company)
        company = ties[-1].parent if ties else company
    return company


def _suffixes(rows: Iterable[Row], companies: Companies) -> Iterator[str]:
    """Give suffixes under another's suffix, unless that one hosts tenants or the narrower has a note."""
    by_suffix = {row["suffix"].lower(): row for row in rows}
    for suffix, row in by_suffix.items():
        above = next((by_suffix[one] for one in _parents(suffix) if one in by_suffix), None)
        if above is None or row["note"] or above["is_hosting"] == "yes":
            continue
        if _are_apart(companies, row["operator"], above["operator"]):
            yield _unruled(row, (suffix, row["operator"]), (above["suffix"], above["operator"]))


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _registry_entries(rows: Iterable[Row], companies: Companies) -> Iterator[str]:
    """Give rulings that stand twice, and those that go against a company's own spelling without a note."""
    seen: dict[str, Row] = {}
    for row in rows:
        key = row["prefix"].upper() or normalise(row["organisation"])
        first = seen.setdefault(key, row)
        if (first["company"], first["role"]) != (row["company"], row["role"]):
            yield f"{row.place}: {key!r} is ruled otherwise at {first.place}"
        spelled = "" if row["prefix"] else companies.find(row["organisation"]) or ""
        if not row["note"] and _are_apart(companies, spelled, row["company"]):
            yield _unruled(row, (key, row["company"]), ("this spelling", spelled))


def _parts(rows: Iterable[Row], companies: Companies) -> Iterator[str]:
    """Give values of parts that begin with another company's value, without a note."""
    above: list[Row] = []
    for row in sorted(rows, key=lambda row: (row["reads"], row["value"].lower())):
        while above and not _begins(row, above[-1]):
            above.pop()
        if above and not row["note"] and _are_apart(companies, row["company"], above[-1]["company"]):
            yield _unruled(row, (row["value"], row["company"]), (above[-1]["value"], above[-1]["company"]))
        above.append(row)


def _begins(row: Row, above: Row) -> bool:
    return row["reads"] == above["reads"] and row["value"].lower().startswith(above["value"].lower())


def _unruled(row: Row, one: tuple[str, str], other: tuple[str, str]) -> str:
    return f"{row.place}: {one[0]!r} is of {one[1]}, {other[0]!r} of {other[1]}, and no note says why"


def _fingerprints(fingerprints: Iterable[Fingerprint]) -> Iterator[str]:
    """Give fingerprints that match the same and name different companies."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    for one in fingerprints:
        for name, value in _companies_of(one.sets).items():
            first, said = seen.setdefault((one.of, one.match, one.pattern, name), (one.fingerprint_id, value))
            if said != value:
                yield f"fingerprints/{one.of}.yaml: {one.fingerprint_id} says {name} {value}, {first} {said}"


def _companies_of(sets: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in sets.items() if name in COMPANY_FIELDS}
