"""Published flaws of connected devices (CVE Program with CISA's additions): what they are, and of which versions."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import read_csv

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
    flaws: list[dict[str, Any]] = []
    ranges: set[tuple[Any, ...]] = set()
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            document = json.loads(line)
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
        "exploitation": ssvc.get("Exploitation"),
        "is_automatable": answers.get(ssvc.get("Automatable", "")),
        "is_total": answers.get(ssvc.get("Technical Impact", "")),
        "cwe": " ".join(document.get("cwe") or []) or None,
    }


def _ranges(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for product in document.get("affected") or []:
        vendor, name = str(product.get("vendor") or ""), str(product.get("product") or "")
        if vendor.lower() in _UNSAID or name.lower() in _UNSAID:
            continue
        cpe = next(iter(product.get("cpes") or []), None)
        entries = [one for one in product.get("versions") or [] if one.get("status") == "affected"]
        for entry in entries:
            yield (document["cve"], vendor, name, cpe, *bounds(entry))
        if not entries and product.get("default") != "unaffected":
            yield (document["cve"], vendor, name, cpe, *Bounds(is_known=False))


def product_key(text: str, words: frozenset[str], vendor: str = "") -> str:
    """Give what two spellings of a product share: letters and digits, without the vendor's name and common words."""
    parts = re.findall(r"[^\W_]+", text.casefold())
    own = re.findall(r"[^\W_]+", vendor.casefold())
    if own and parts[: len(own)] == own:
        parts = parts[len(own) :]
    return "".join(part for part in parts if part not in words)


def product_words(root: Path) -> frozenset[str]:
    """Read the words that tell no product from another (vocabulary/product_words.csv)."""
    return frozenset(row["word"] for row in read_csv(root, "vocabulary/product_words.csv"))


def load_flaws(root: Path, ledger: Ledger, companies: Companies) -> dict[str, pa.Table]:
    """Compile flaws and their ranges of products whose company is known; each flaw is a fact."""
    path = root / "registries" / "flaws.parquet"
    flaws = pq.read_table(path) if path.exists() else FLAWS.empty_table()
    ranges = pq.read_table(path.with_name("flaw_ranges.parquet")) if path.exists() else RANGES.empty_table()
    words = product_words(root)
    makers = {vendor: companies.find(vendor) for vendor in ranges["vendor"].unique().to_pylist()}
    kept = ranges.filter(
        pa.array([makers[vendor] is not None for vendor in ranges["vendor"].to_pylist()], pa.bool_())
    )
    pairs = list(zip(kept["vendor"].to_pylist(), kept["product"].to_pylist(), strict=True))
    kept = kept.append_column("company", pa.array([makers[vendor] for vendor, _ in pairs], pa.string()))
    kept = kept.append_column(
        "product_key",
        pa.array([product_key(product, words, vendor) for vendor, product in pairs], pa.string()),
    )
    named = frozenset(kept["cve"].to_pylist())
    told = flaws.filter(pa.array([cve in named for cve in flaws["cve"].to_pylist()], pa.bool_()))
    facts = [
        ledger.enter(
            "registries/flaws.parquet", row["cve"], {"source": "cve-program", "cve": row["cve"]}, _text(row)
        )
        for row in told.to_pylist()
    ]
    return {
        "flaws": told.append_column("fact_id", pa.array(facts, pa.string())),
        "flaw_ranges": kept,
        "product_words": pa.table({"word": pa.array(sorted(words), pa.string())}),
        "remediation": _remediation(root, ledger),
    }


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
