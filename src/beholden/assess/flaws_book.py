"""What records say of products and parts in their versions; what cannot be compared is possible, never guessed."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beholden.assess.parts import Part, part
from beholden.knowledge.base import Knowledge
from beholden.knowledge.flaws_names import plain, product_key
from beholden.knowledge.versions import is_within

_SHORTEST = 3
"""Characters of the shortest product name that is looked up as a whole."""
_SHORTEST_WORD = 4
"""Characters of the shortest one that is looked for as a word of a longer text."""
_VERSIONED = re.compile(r"(?P<name>.*\S)\s+(?P<version>v?\d+\.\d\S*(?:\s+build\s.*)?)", re.IGNORECASE)
_RATED = ("cvss", "exploitation", "is_automatable", "is_total", "fact_id")
Row = dict[str, Any]


class Product(NamedTuple):
    """What flaws are said of: a company's model or system, or a part (assess.parts); empty where not known."""

    company_id: str
    name: str
    version: str
    part: str = ""


class Book:
    """What records say of some products."""

    def __init__(self, knowledge: Knowledge, products: Sequence[Product], cves: Iterable[str] = ()) -> None:
        """Read what is said of the products, and how the flaws among it and in `cves` are rated."""
        self._words = frozenset(knowledge.table("product_words")["word"].to_pylist())
        self._spellings = knowledge.spellings
        wanted = sorted({one.company_id for one in products})
        self._names = {
            row["company"]: row["name"] for row in _rows(knowledge, "companies", "company", wanted)
        }
        self._ranges: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self._of_parts: dict[str, list[Row]] = defaultdict(list)
        keys = {self.key(one) for one in products if not one.part} - {""}
        for row in _rows(knowledge, "flaw_ranges", "product_key", sorted(keys)):
            self._ranges[row["company"], row["product_key"]].append(row)
        for row in _rows(knowledge, "flaw_ranges", "part_name", sorted(_part_names(products))):
            self._of_parts[row["part_name"]].append(row)
        said = {
            row["cve"] for book in (self._ranges, self._of_parts) for rows in book.values() for row in rows
        }
        rated = sorted({*said, *cves})
        self._flaws = {row["cve"]: row for row in _rows(knowledge, "flaws", "cve", rated)}
        self._chances = {row["cve"]: row["epss"] for row in _rows(knowledge, "epss", "cve", rated)}
        self._exploited = {row["cve"]: row for row in knowledge.rows("kev")} if products else {}
        self._listed: dict[str, list[Row]] = defaultdict(list)
        for row in self._exploited.values():
            self._listed[row["company"] or ""].append(row)
        self._due = {
            (row["is_exploited"], row["is_exposed"], row["is_automatable"], row["is_total"]): row["due"]
            for row in knowledge.rows("remediation")
        }

    def key(self, product: Product) -> str:
        """Give the key that a model or system is looked up by; '' for what is too short to tell."""
        name, _ = _parted(product.name, product.version)
        key = product_key(name, self._words, self._names.get(product.company_id, ""))
        return key if len(key) >= _SHORTEST else ""

    def judge(self, product: Product) -> Iterator[Row]:
        """Give a row for each flaw that records say of a product."""
        if product.part:
            yield from self._of_part(product)
            return
        name, version = _parted(product.name, product.version)
        told = self._ranges.get((product.company_id, self.key(product)), [])
        yield from self._told(product, told, version)
        known = {row["cve"] for row in told}
        for entry in self._listed.get(product.company_id, []):
            if entry["cve"] not in known and _names(entry["product"], name):
                yield self._row(product, entry["cve"], {"product": entry["product"]}, [None])

    def unrecorded(self, product: Product, cve: str) -> Row:
        """Give the row, without a status, of a flaw that no record says of a product."""
        return self._row(product, cve, {"product": product.name}, []) | {"status": None}

    def _told(self, product: Product, ranges: Sequence[Row], version: str) -> Iterator[Row]:
        """Give a row for each flaw in ranges; of versions that are not comparable all flaws are possible."""
        by_cve: dict[str, list[Row]] = defaultdict(list)
        for row in ranges:
            by_cve[row["cve"]].append(row)
        for cve, rows in by_cve.items():
            answers = [_is_affected(version, one) for one in rows]
            strongest = [
                one
                for sought in (True, None)
                for hit, one in zip(answers, rows, strict=True)
                if hit is sought
            ]
            shown = strongest[0] if strongest else rows[0]
            yield self._row(product, cve, shown | {"said": _said(shown) if strongest else None}, answers)

    def _of_part(self, product: Product) -> Iterator[Row]:
        """Judge a part by the vendor and product that it names; by its name alone only where one vendor bears it."""
        told = part(product.part)
        for one in told.makers[:1]:
            rows = self._of_parts.get(plain(one.product), [])
            same = [row for row in rows if row["part_vendor"] == plain(one.vendor)]
            yield from self._told(product, same, one.version)
            return
        rows = self._of_parts.get(plain(told.name), [])
        supplied = [row for row in rows if self._is_of(told, row)]
        version = told.version if all(one.is_own for one in told.identifiers) else ""
        if supplied:
            yield from self._told(product, supplied, version)
        elif len({row["company"] or row["part_vendor"] for row in rows}) == 1:
            for row in self._told(product, rows, version):
                yield row | {
                    "status": "possible" if row["is_affected"] else row["status"],
                    "is_affected": False,
                }

    def _is_of(self, told: Part, row: Row) -> bool:
        """Tell whether a part's supplier is the vendor of a record."""
        company = self._spellings.find(told.supplier) if told.supplier else None
        return bool(told.supplier) and (
            row["part_vendor"] == plain(told.supplier) or (company is not None and company == row["company"])
        )

    def _row(self, product: Product, cve: str, shown: Row, answers: Sequence[bool | None]) -> Row:
        flaw, is_exploited = self._flaws.get(cve, {}), cve in self._exploited
        row = {
            **product._asdict(),
            "cve": cve,
            "product": shown["product"],
            "cpe": shown.get("cpe"),
            "affected": shown.get("said"),
            "status": "affected" if True in answers else "possible" if None in answers else "clear",
            "is_affected": True in answers,
            "is_exploited": is_exploited,
            "epss": self._chances.get(cve),
            **{name: flaw.get(name) for name in _RATED},
        }
        rated = (row["is_automatable"], row["is_total"])
        for place in ("exposed", "internal"):
            row[f"due_if_{place}"] = self._due.get((is_exploited, place == "exposed", *rated))
        return row


def _part_names(products: Iterable[Product]) -> set[str]:
    """Give the names by which parts are looked up."""
    told = [part(one.part) for one in products if one.part]
    return {plain(name) for one in told for name in [one.name, *(each.product for each in one.makers)]} - {""}


def _rows(knowledge: Knowledge, table: str, column: str, values: Sequence[str]) -> list[Row]:
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


def _is_affected(version: str, entry: Mapping[str, Any]) -> bool | None:
    if not entry["is_known"]:
        return None
    if entry["low"] is None and entry["high"] is None:
        return True
    return (
        is_within(version, entry["low"], entry["high"], is_high_in=entry["is_high_in"]) if version else None
    )


def _said(entry: Mapping[str, Any]) -> str | None:
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
