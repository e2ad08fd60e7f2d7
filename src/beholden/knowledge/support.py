"""Until when systems and devices are supported: by version of a system, or by model; and when firmware was built.

The rows of parts/support.csv, overruled by what the publisher of the same cycles says now (registries/support.parquet).
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger, is_date
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.flaws_names import product_key
from beholden.knowledge.schemas import SCHEMAS

_ENDS = ("released", "support_end", "eol")
_BUILT = re.compile(
    r"(?<!\d)(20\d\d)[-./]?(\d\d)[-./]?(\d\d)(?!\d)|build[\s:._-]*(\d\d)(\d\d)(\d\d)(?!\d)", re.IGNORECASE
)
NAMES_A_DAY = r"20\d\d[-./]?\d\d[-./]?\d\d|[bB][uU][iI][lL][dD][\s:._-]*\d{6}"
"""Versions that may name the day of their build, in a pattern that every engine reads."""
_FIRST = date(2000, 1, 1)
Rows = list[dict[str, object]]


def support_table(path: Path) -> pa.Table:
    """Read all products with their cycles as endoflife.date's API has them (v1, products/full).

    https://endoflife.date/docs/api/v1/
    """
    told = json.loads(path.read_text("utf-8"))["result"]
    rows = sorted(_cycles(told))
    names = SCHEMAS["support_cycles"].names
    made = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(made, schema=SCHEMAS["support_cycles"])


def _cycles(products: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for product in products:
        for one in product["releases"]:
            ends = tuple(one.get(name) or "" for name in ("releaseDate", "eoasFrom", "eolFrom"))
            if not all(is_date(end) for end in ends if end):
                raise ValueError(f"{product['name']} {one['name']} has a date that cannot be read")
            yield (product["name"], one["name"], *ends)


def load_support(root: Path, ledger: Ledger, companies: Companies) -> Rows:
    """Compile name, company, cycle, the three dates, is_firmware, is_upstream and fact_id.

    Raises KnowledgeError for an unknown company or a date that cannot be read.
    """
    known = {row["name"]: row for row in read_csv(root, "vocabulary/supported.csv")}
    now = _now(root)
    rows: Rows = []
    for row in read_csv(root, "parts/support.csv"):
        system = known.get(row["name"])
        if row["company"] and row["company"] not in companies.companies:
            raise KnowledgeError(f"{row.place}: no company {row['company']!r}")
        if not all(is_date(row[name]) for name in _ENDS if row[name]):
            raise KnowledgeError(f"{row.place}: a date cannot be read")
        newer = now.pop((system["product"], row["cycle"]), None) if system else None
        ends = newer or {name: row[name] for name in _ENDS}
        cells = row.cells | ({"source": "endoflife-date", "date": "", **ends} if newer else {})
        fact = ledger.enter(row.pack, row.place, cells, _text(row["name"], row["cycle"], ends, row["note"]))
        rows.append(_row(row["name"], row["company"], row["cycle"], ends, system, fact))
    return rows + _unlisted(now, known, ledger)


def _now(root: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Give what an update fetched: product and cycle of the publisher → dates."""
    path = root / "registries" / "support_cycles.parquet"
    told = pq.read_table(path).to_pylist() if path.exists() else []
    return {(row["product"], row["cycle"]): {name: row[name] for name in _ENDS} for row in told}


def _unlisted(
    now: Mapping[tuple[str, str], Mapping[str, str]], known: Mapping[str, Row], ledger: Ledger
) -> Rows:
    """Give the cycles of known systems that only the publisher has."""
    systems = {system["product"]: system for system in known.values()}
    rows: Rows = []
    for (product, cycle), ends in now.items():
        if product in systems and re.fullmatch(r"\d[\w.]*", cycle):
            name = systems[product]["name"]
            cells = {"source": "endoflife-date", "product": product, "cycle": cycle, **ends}
            fact = ledger.enter(
                "registries/support_cycles.parquet", product, cells, _text(name, cycle, ends, "")
            )
            rows.append(_row(name, systems[product]["company"], cycle, ends, systems[product], fact))
    return rows


def _row(
    name: str,
    company: str,
    cycle: str,
    ends: Mapping[str, str],
    system: Row | None,
    fact: str,
) -> dict[str, object]:
    return {
        "name": name,
        "company": company,
        "cycle": cycle,
        **{each: ends[each] or None for each in _ENDS},
        "is_firmware": bool(system and system["is_firmware"] == "yes"),
        "is_upstream": bool(system and system["is_upstream"] == "yes"),
        "is_system": system is not None,
        "fact_id": fact,
    }


def _text(name: str, cycle: str, ends: Mapping[str, str], note: str) -> str:
    said = [f"released {ends['released']}"] if ends["released"] else []
    said += [f"active support until {ends['support_end']}"] if ends["support_end"] else []
    said += [f"supported until {ends['eol']}" if ends["eol"] else "no end of support stated"]
    return f"{name} {cycle}".strip() + f": {', '.join(said)}" + (f" ({note})" if note else "")


class Supported(NamedTuple):
    """What is known of the support of a product: its row, and the version that the row was found by."""

    row: Mapping[str, Any]
    version: str


class Supports:
    """Finds rows by a system with its version, or by a company's model."""

    def __init__(self, rows: list[dict[str, Any]], words: frozenset[str]) -> None:
        self._words = words
        self._systems: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._models: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            if row["is_system"]:
                self._systems[row["name"].casefold()].append(row)
            else:
                self._models[row["company"], product_key(row["name"], words)] = row
        self._longest = sorted(self._systems, key=len, reverse=True)

    def model(self, company: str, name: str, model: str) -> Supported | None:
        """Find a model of a company; name is the company's, which may lead the model."""
        row = self._models.get((company, product_key(model, self._words, name)))
        return Supported(row, "") if row else None

    def system(self, name: str, firmware: str) -> Supported | None:
        """Find a system by the version behind its name, else by that of the firmware where it is the system itself.

        The longest cycle that the version begins with counts; where none does, nothing is known.
        """
        text = " ".join(name.casefold().split())
        known = next((one for one in self._longest if text == one or text.startswith(f"{one} ")), None)
        if known is None:
            return None
        version = text[len(known) :].strip()
        cycles = self._systems[known]
        if not version and cycles[0]["is_firmware"]:
            version = firmware.casefold()
        parts = _parts(version)
        fitting = [
            one
            for one in cycles
            if one["cycle"] and parts[: len(_parts(one["cycle"]))] == _parts(one["cycle"])
        ]
        best = max(fitting, key=lambda one: len(_parts(one["cycle"])), default=None)
        return Supported(best, version) if best and parts else None


def _parts(version: str) -> list[str]:
    """Take a version apart at points and spaces; a `v` that leads it says nothing."""
    return re.findall(r"[^\s.]+", re.sub(r"^v(?=\d)", "", version.casefold()))


def built_on(version: str, today: date) -> date | None:
    """Give the day that a version of firmware names as that of its build, None where it names none that can be."""
    for found in _BUILT.finditer(version):
        year, month, day = (int(part) for part in found.groups() if part)
        try:
            built = date(year if year > 99 else 2000 + year, month, day)
        except ValueError:
            continue
        if _FIRST <= built <= today:
            return built
    return None
