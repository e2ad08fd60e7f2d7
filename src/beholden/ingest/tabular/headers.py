"""Find the header row and what its columns are called in knowledge/vocabulary/inventory_columns.csv."""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from beholden.ingest.tabular.problems import Problems, quoted
from beholden.knowledge.base import knowledge_root
from beholden.knowledge.files import read_csv
from beholden.model.errors import BeholdenError
from beholden.model.properties import PROPERTIES

SEARCHED = 20
"""Rows in which a header is looked for: title lines may stand above it."""
TIMES = ("first_seen", "last_seen")
_SHOWN = 10


@dataclass(frozen=True)
class Header:
    """Where the header row is (0 is the first row looked at) and the property of each known column."""

    row: int
    names: tuple[str, ...]
    properties: Mapping[int, str]


def fold(name: str) -> str:
    """Reduce a column's name to letters and digits, without case and accents."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in parts if one.isalnum())


@cache
def vocabulary(root: Path) -> Mapping[str, str]:
    """Read the usual names: folded name → property."""
    return {fold(row["name"]): row["property"] for row in read_csv(root, "vocabulary/inventory_columns.csv")}


def known_names() -> Mapping[str, str]:
    """Give the usual names of the knowledge in use."""
    return vocabulary(knowledge_root())


def property_of(text: str) -> str:
    """Give the property that a mapping means: `mac`, `serial`, `inventory.serial`, `last_seen`; raises BeholdenError."""
    for name in (text, f"inventory.{text}"):
        if name in ("mac", "ip", *TIMES) or (name.startswith("inventory.") and name in PROPERTIES):
            return name
    raise BeholdenError(f"mapping: '{text}' is no property of an inventory; see 'Inventories' in the manual")


def read_mapping(path: Path) -> dict[str, str]:
    """Read a mapping file, `[columns]` with "Column in file" = "property"; raises BeholdenError."""
    try:
        columns = tomllib.loads(path.read_text("utf-8"))["columns"]
        return {str(name): property_of(str(text)) for name, text in columns.items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise BeholdenError(f"{path}: not a mapping file with a [columns] table: {error}") from error


def find_header(rows: Sequence[Sequence[str]], mapping: Mapping[str, str] | None) -> Header | None:
    """Find the row with the most known names among the first; the earliest where several have as many."""
    stated = {fold(name): property_of(text) for name, text in (mapping or {}).items()}
    names = {**known_names(), **stated}
    best: Header | None = None
    for place, row in enumerate(rows[:SEARCHED]):
        found = {at: names[folded] for at, cell in enumerate(row) if (folded := fold(cell[:200])) in names}
        if found and (best is None or len(found) > len(best.properties)):
            best = Header(place, tuple(cell.strip() for cell in row), found)
    return best


def tell_columns(header: Header, problems: Problems, place: str) -> None:
    """Name the columns that are not known, and headers that stand twice, in one line each."""
    unknown = [name or "(no name)" for at, name in enumerate(header.names) if at not in header.properties]
    if unknown:
        shown = ", ".join(quoted(name) for name in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        wrong = f"{len(unknown):,} of {len(header.names):,} columns not known: {shown}{more}"
        problems.tell("unknown columns", place, wrong, "left out; a mapping file can name them")
    seen: set[str] = set()
    for at in header.properties:
        folded = fold(header.names[at])
        if folded in seen:
            problems.tell(
                "header twice", place, f"header {quoted(header.names[at])} stands twice", "both kept"
            )
        seen.add(folded)
