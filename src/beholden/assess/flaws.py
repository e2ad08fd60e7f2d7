"""Which published flaws a device has: its model or system and its version, held against what records say of them.

Every distinct (company, product, version) is judged once. A version that is not known, or that cannot be compared,
leaves a flaw possible; it is never guessed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Frame
from beholden.engine.schemas import arrow_schema
from beholden.knowledge.base import Knowledge
from beholden.knowledge.flaws import product_key
from beholden.knowledge.versions import is_within
from beholden.model.tables import DEVICE_FLAWS

if TYPE_CHECKING:
    from beholden.assess.context import Context

_SHORTEST = 3
"""Characters of the shortest product name that is looked up as a whole."""
_SHORTEST_WORD = 4
"""Characters of the shortest one that is looked for as a word of a longer text."""
_PRODUCT = ("company_id", "name", "version")
_KEYS = pa.schema([pa.field(name, pa.string()) for name in _PRODUCT])
_SAID = [field for field in arrow_schema(DEVICE_FLAWS) if field.name not in {*_PRODUCT, "device_id"}]
JUDGED = pa.schema([*_KEYS, *_SAID, pa.field("is_clear", pa.bool_())])
_VERSIONED = re.compile(r"(?P<name>.*\S)\s+(?P<version>v?\d+\.\d\S*(?:\s+build\s.*)?)", re.IGNORECASE)
_RATED = ("cvss", "exploitation", "is_automatable", "is_total", "fact_id")
Row = dict[str, Any]


def products(context: "Context") -> Frame:
    """Give device_id, company_id, name (model or system) and version ('' for unknown) of what advisories may speak of."""
    chosen = context.identifications.filter(nw.col("is_chosen"))
    names = (
        chosen.filter(nw.col("field").is_in(["model", "os"]))
        .select("device_id", name=nw.col("value"))
        .unique()
    )
    versions = (
        chosen.filter(nw.col("field") == "firmware").group_by("device_id").agg(version=nw.col("value").min())
    )
    makers = (
        context.attributions.filter(nw.col("role").is_in(["brand", "maker"]))
        .select("device_id", "company_id")
        .unique()
    )
    known = names.join(makers, on="device_id", how="inner").join(versions, on="device_id", how="left")
    return context.engine.keep(known.with_columns(nw.col("version").fill_null("")))


def device_flaws(told: Frame) -> Frame:
    """Give the table `device_flaws`: what of `judged` is not cleared by a version."""
    said = told.filter(~nw.col("is_clear")).drop("is_clear")
    return said.with_columns(version=nw.when(nw.col("version") != "").then(nw.col("version")))


def judged(context: "Context") -> Frame:
    """Give for every device of `products` the flaws said of it; each product and version is judged once (JUDGED)."""
    known = products(context)
    distinct = context.engine.collect(known.select(*_PRODUCT).unique()).to_pylist()
    book = _Book(context.knowledge, distinct)
    rows = [row for one in distinct for row in book.judge(one)]
    told = context.engine.bind(pa.Table.from_pylist(rows, schema=JUDGED))
    return context.engine.keep(known.join(told, on=list(_PRODUCT), how="inner"))


class _Book:
    """What records say of some products."""

    def __init__(self, knowledge: Knowledge, products: Sequence[Mapping[str, str]]) -> None:
        self._words = frozenset(knowledge.table("product_words")["word"].to_pylist())
        wanted = sorted({one["company_id"] for one in products})
        self._names = {
            row["company"]: row["name"] for row in _rows(knowledge, "companies", "company", wanted)
        }
        keys = sorted({self._key(one) for one in products} - {""})
        self._ranges: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        cves = set()
        for row in _rows(knowledge, "flaw_ranges", "product_key", keys):
            self._ranges[row["company"], row["product_key"]][row["cve"]].append(row)
            cves.add(row["cve"])
        self._flaws = {row["cve"]: row for row in _rows(knowledge, "flaws", "cve", sorted(cves))}
        self._exploited = {row["cve"]: row for row in knowledge.rows("kev")} if products else {}
        self._listed: dict[str, list[Row]] = defaultdict(list)
        for row in self._exploited.values():
            self._listed[knowledge.spellings.find(row["vendor"]) or ""].append(row)
        self._due = {
            (row["is_exploited"], row["is_exposed"], row["is_automatable"], row["is_total"]): row["due"]
            for row in knowledge.rows("remediation")
        }

    def _key(self, product: Mapping[str, str]) -> str:
        """Give the key that a product is looked up by; '' for what is too short to tell."""
        name, _ = _parted(product["name"], product["version"])
        key = product_key(name, self._words, self._names.get(product["company_id"], ""))
        return key if len(key) >= _SHORTEST else ""

    def judge(self, product: Mapping[str, str]) -> Iterable[Row]:
        """Give a row for each flaw of a product: company_id, name, version."""
        company, (name, version) = product["company_id"], _parted(product["name"], product["version"])
        told = self._ranges.get((company, self._key(product)), {})
        for cve, ranges in told.items():
            yield self._row(product, cve, version, ranges)
        for entry in self._listed.get(company, []):
            if entry["cve"] not in told and _names(entry["product"], name):
                yield self._row(product, entry["cve"], version, [])

    def _row(self, product: Mapping[str, str], cve: str, version: str, ranges: Sequence[Row]) -> Row:
        flaw, entry = self._flaws.get(cve, {}), self._exploited.get(cve)
        answers = [_is_affected(version, one) for one in ranges]
        strongest = [
            one for sought in (True, None) for hit, one in zip(answers, ranges, strict=True) if hit is sought
        ]
        shown = strongest[0] if strongest else {"product": entry["product"]} if entry else ranges[0]
        row = {
            **product,
            "cve": cve,
            "product": shown["product"],
            "cpe": shown.get("cpe"),
            "affected": _said(shown) if strongest else None,
            "is_affected": True in answers,
            "is_clear": bool(answers) and not strongest,
            "is_exploited": entry is not None,
            **{name: flaw.get(name) for name in _RATED},
        }
        rated = (row["is_automatable"], row["is_total"])
        for place in ("exposed", "internal"):
            row[f"due_if_{place}"] = self._due.get((row["is_exploited"], place == "exposed", *rated))
        return row


def _rows(knowledge: Knowledge, table: str, column: str, values: list[str]) -> list[Row]:
    """Give the rows of a table that have one of some values in a column."""
    whole = knowledge.table(table)
    rows: list[Row] = (
        whole.filter(pc.is_in(whole[column], pa.array(values, pa.string()))).to_pylist() if values else []
    )
    return rows


def _parted(name: str, version: str) -> tuple[str, str]:
    """Part a system from the version behind its name, where no other version is known."""
    found = None if version else _VERSIONED.fullmatch(name)
    return (found["name"], found["version"]) if found else (name, version)


def _is_affected(version: str, entry: Row) -> bool | None:
    if not entry["is_known"]:
        return None
    if entry["low"] is None and entry["high"] is None:
        return True
    return (
        is_within(version, entry["low"], entry["high"], is_high_in=entry["is_high_in"]) if version else None
    )


def _said(entry: Row) -> str | None:
    """Say which versions an entry means."""
    if not entry["is_known"]:
        return None
    low, high = entry["low"], entry["high"]
    if low == high:
        return low or "all versions"
    below = f"{'up to' if entry['is_high_in'] else 'before'} {high}" if high else "all later ones"
    return f"from {low} {below}" if low else below


def _names(product: str, name: str) -> bool:
    """Tell whether a product's text names a model as a whole word."""
    text = name.strip()
    if len(text) < _SHORTEST_WORD:
        return False
    return re.search(rf"(?<![\w-]){re.escape(text)}(?![\w])", product, re.IGNORECASE) is not None
