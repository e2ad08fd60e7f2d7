"""Published flaws of connected devices (CVE Program with CISA's additions): what they are, and of which versions."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import read_csv
from beholden.knowledge.flaws_names import cpe_named, plain, product_key, product_words
from beholden.knowledge.schemas import SCHEMAS

FLAWS = pa.schema(
    [
        pa.field("cve", pa.string()),
        pa.field("published", pa.string()),
        pa.field("cvss", pa.float32()),
        pa.field("exploitation", pa.string()),
        pa.field("is_automatable", pa.bool_()),
        pa.field("is_total", pa.bool_()),
        pa.field("cwe", pa.string()),
    ]
)
"""One row a CVE; SSVC's points are null where nobody gave them."""
RANGES = pa.schema(
    [
        pa.field("cve", pa.string()),
        pa.field("vendor", pa.string()),
        pa.field("product", pa.string()),
        pa.field("cpe", pa.string()),
        pa.field("low", pa.string()),
        pa.field("high", pa.string()),
        pa.field("is_high_in", pa.bool_()),
        pa.field("is_known", pa.bool_()),
    ]
)
"""Versions of a product that have a flaw, from `low` to `high`; a null bound is none; is_known is false where the
entry does not say which versions."""
KEV = pa.schema([field for field in SCHEMAS["kev"] if field.name != "company"])
_EMPTY = {"flaws": FLAWS.empty_table(), "flaw_ranges": RANGES.empty_table(), "kev": KEV.empty_table()}
Match = Callable[[str], str | None]
"""Gives the company of a vendor's name."""
_ALL = {"*", "all versions", "all", "any"}
_UNSAID = {"", "0", "n/a", "-", "unspecified", "unknown", "?", "na", "see references", "multiple"}
_UP_TO = re.compile(
    r"^(?:(?:all )?versions?\s*)?(?P<sign><=|<|up to and including|up to|prior to|before|through)\s*"
    r"(?P<to>[vV]?\d[^\s,;]*(?: (?:build|hf|sp|update|patch) ?\d+)?)$",
    re.IGNORECASE,
)
_AND_BELOW = re.compile(
    r"^(?P<to>[vV]?\d\S*) (?:and|or) (?:earlier|prior|below|older|before|lower)(?: versions)?$", re.IGNORECASE
)
_FROM_TO = re.compile(
    r"^(?:versions? )?(?P<low>[vV]?\d\S*)\s*(?:-|through|to|up to)\s*(?P<to>[vV]?\d\S*)$", re.IGNORECASE
)
_OPEN_END = re.compile(r"(?:\.[xX*])+$|\*$")


class Bounds(NamedTuple):
    """From which version to which; is_known says whether the entry tells."""

    low: str | None = None
    high: str | None = None
    is_high_in: bool = True
    is_known: bool = True


def bounds(entry: Mapping[str, Any]) -> Bounds:
    """Read the versions of one entry of `affected` (CVE JSON 5)."""
    version = _plain(entry.get("version"))
    for name, is_in in (("lessThan", False), ("lessThanOrEqual", True)):
        high = _plain(entry.get(name))
        if high:
            return _ranged(version, high, is_in=is_in)
    return _told(version)


def _plain(text: object) -> str:
    """Give a version as text; CPE names put a backslash before a bracket."""
    return str(text or "").replace("\\", "").strip()


def _ranged(version: str, high: str, *, is_in: bool) -> Bounds:
    said = _told(high)
    if said.low is None and said.high is not None:  # "< 4.3.1" where a bound was asked for
        high, is_in = said.high, said.is_high_in
    low = None if version.lower() in _ALL | _UNSAID else _OPEN_END.sub("", version)
    if _OPEN_END.search(high):
        return Bounds(low, None) if high == "*" else Bounds(is_known=False)
    return Bounds(low, high, is_in)


def _told(version: str) -> Bounds:
    """Read versions that are told in words."""
    if version.lower() in _ALL:
        return Bounds()
    if version.lower() in _UNSAID:
        return Bounds(is_known=False)
    found = _UP_TO.match(version)
    if found:
        return Bounds(None, found["to"], found["sign"].lower() in ("<=", "through", "up to and including"))
    found = _AND_BELOW.match(version)
    if found:
        return Bounds(None, found["to"])
    found = _FROM_TO.match(version)
    if found:
        return Bounds(found["low"], found["to"])
    if _OPEN_END.search(version):
        return Bounds(is_known=False)
    return Bounds(version, version)


def flaw_tables(path: Path) -> dict[str, pa.Table]:
    """Read flaws, one JSON document a line: the tables `flaws` and `flaw_ranges`."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return tables_of_documents(json.loads(line) for line in stream)


def tables_of_documents(documents: Iterable[Mapping[str, Any]]) -> dict[str, pa.Table]:
    """Make the tables `flaws` and `flaw_ranges` of documents: cve, published, cvss, ssvc, cwe and affected."""
    flaws: list[dict[str, Any]] = []
    ranges: set[tuple[Any, ...]] = set()
    for document in documents:
        flaws.append(_flaw(document))
        ranges.update(_ranges(document))
    flaws.sort(key=lambda row: str(row["cve"]))
    rows = sorted(ranges, key=lambda row: tuple(str(cell) for cell in row))
    columns = zip(*rows, strict=True) if rows else [[] for _ in RANGES]
    return {
        "flaws": pa.Table.from_pylist(flaws, schema=FLAWS),
        "flaw_ranges": pa.table(
            [pa.array(cells, kind.type) for cells, kind in zip(columns, RANGES, strict=True)], schema=RANGES
        ),
    }


def _flaw(document: Mapping[str, Any]) -> dict[str, Any]:
    ssvc, cvss = document.get("ssvc") or {}, document.get("cvss") or {}
    answers = {"yes": True, "no": False, "total": True, "partial": False}
    return {
        "cve": document["cve"],
        "published": str(document.get("published") or "")[:10] or None,
        "cvss": cvss.get("base"),
        "exploitation": str(ssvc.get("Exploitation") or "").lower() or None,
        "is_automatable": answers.get(str(ssvc.get("Automatable")).lower()),
        "is_total": answers.get(str(ssvc.get("Technical Impact")).lower()),
        "cwe": " ".join(document.get("cwe") or []) or None,
    }


def _ranges(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    stated = document.get("affected") or []
    limited = {_named(product) for product in stated if any(map(_names_one, product.get("versions") or []))}
    for product in stated:
        vendor, name = str(product.get("vendor") or ""), str(product.get("product") or "")
        if vendor.lower() in _UNSAID or name.lower() in _UNSAID:
            continue
        cpe = _cpe_of(product.get("cpes") or [], name)
        entries = [one for one in product.get("versions") or [] if one.get("status") == "affected"]
        for entry in entries:
            found = bounds(entry)
            is_contradicted = found == Bounds() and _named(product) in limited
            yield (
                document["cve"],
                vendor,
                name,
                cpe,
                *(Bounds(is_known=False) if is_contradicted else found),
            )
        if not entries and product.get("default") != "unaffected":
            yield (document["cve"], vendor, name, cpe, *Bounds(is_known=False))


def _named(product: Mapping[str, Any]) -> tuple[str, str]:
    return str(product.get("vendor") or "").lower(), str(product.get("product") or "").lower()


def _names_one(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry limits which versions are meant; then "all" in another of the same product is no answer."""
    found = bounds(entry)
    return found.is_known and found != Bounds()


def _cpe_of(names: Sequence[str], product: str) -> str | None:
    """Give the CPE name of the product itself among those of an entry, else the first."""
    wanted = plain(product)
    own = [name for name in names if (found := cpe_named(name)) and plain(found[1]) == wanted]
    return next(iter([*own, *names]), None)


def load_flaws(root: Path, ledger: Ledger, match: Match) -> dict[str, pa.Table]:
    """Compile flaws, their ranges and the list of exploited ones, with the companies whose products they are.

    A range of a product whose company is not known has part_vendor and part_name alone; each flaw is a fact.
    """
    flaws, ranges, listed = (_registry(root, name) for name in ("flaws", "flaw_ranges", "kev"))
    words = product_words(root)
    told = [
        ledger.enter(
            "registries/flaws.parquet", row["cve"], {"source": "cve-program", "cve": row["cve"]}, _text(row)
        )
        for row in flaws.to_pylist()
    ]
    return {
        "flaws": flaws.append_column("fact_id", pa.array(told, pa.string())),
        "flaw_ranges": _with_names(ranges, words, match),
        "kev": listed.append_column("company", _mapped(listed["vendor"], match)),
        "product_words": pa.table({"word": pa.array(sorted(words), pa.string())}),
        "remediation": _remediation(root, ledger),
    }


def _registry(root: Path, name: str) -> pa.Table:
    path = root / "registries" / f"{name}.parquet"
    return pq.read_table(path) if path.exists() else _EMPTY[name]


def _mapped(column: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Give a function's answers to the values of a column, each distinct one asked once."""
    coded = column.combine_chunks().dictionary_encode()
    return pa.array([function(value) for value in coded.dictionary.to_pylist()], pa.string()).take(
        coded.indices
    )


def _of_cpe(cpe: str, part: int) -> str | None:
    """Give the vendor (0) or product (1) of a CPE name."""
    found = cpe_named(cpe)
    return found[:2][part] if found else None


def _with_names(ranges: pa.Table, words: frozenset[str], match: Match) -> pa.Table:
    """Say whose product a range is of, by which key models are looked up, and how names of parts have it."""
    pairs = pc.binary_join_element_wise(ranges["vendor"], ranges["product"], "\x1f")
    vendors = _mapped(ranges["vendor"], match)

    def key(pair: str) -> str:
        vendor, _, name = pair.partition("\x1f")
        return product_key(name, words, vendor)

    def of(part: int) -> pa.ChunkedArray:
        named = _mapped(ranges["cpe"].fill_null(""), lambda cpe: _of_cpe(cpe, part))
        return pc.coalesce(named, _mapped(ranges["vendor" if part == 0 else "product"], plain))

    keys = pc.if_else(pc.is_valid(vendors), _mapped(pairs, key), None)
    named = {"company": vendors, "product_key": keys, "part_vendor": of(0), "part_name": of(1)}
    for name, column in named.items():
        ranges = ranges.append_column(name, column)
    return ranges


def _remediation(root: Path, ledger: Ledger) -> pa.Table:
    """Read by when a flaw is to be fixed (CISA BOD 26-04), by four answers."""
    answers = ("is_exploited", "is_exposed", "is_automatable", "is_total")
    rows = []
    for row in read_csv(root, "vocabulary/remediation.csv"):
        text = f"{', '.join(f'{name} {row[name]}' for name in answers)}: {row['due']}"
        rows.append(
            {
                **{name: row[name] == "yes" for name in answers},
                "due": row["due"],
                "fact_id": ledger.add(row, text),
            }
        )
    kinds = [*((name, pa.bool_()) for name in answers), ("due", pa.string()), ("fact_id", pa.string())]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _text(row: Mapping[str, Any]) -> str:
    """Say what is published of a flaw."""
    parts = [
        f"CVSS {row['cvss']:.1f}" if row["cvss"] is not None else "",
        f"exploitation {row['exploitation']}" if row["exploitation"] else "",
    ]
    parts.append({True: "can be automated", False: "cannot be automated"}.get(row["is_automatable"], ""))
    parts.append({True: "gives total control", False: "gives partial control"}.get(row["is_total"], ""))
    return f"{row['cve']}, published {row['published']}: {', '.join(part for part in parts if part) or 'not rated'}"
