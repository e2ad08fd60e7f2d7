"""What exports call their columns: knowledge/vocabulary/card_columns.csv."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from beholden.ingest.tabular.headers import SEARCHED, fold
from beholden.ingest.tabular.lines import DELIMITERS, first_rows
from beholden.knowledge.base import knowledge_root
from beholden.knowledge.files import read_csv

_OF_A_LIST = frozenset({"imei", "apn", "country", "cell", "kind", "group", "state"})


@dataclass(frozen=True)
class Column:
    """One known column of a file: where it stands, what it means, and what its numbers are multiplied by."""

    at: int
    field: str
    factor: int


@dataclass(frozen=True)
class Header:
    """The known columns of a file, and the line of delimited text that names them (0 is the first)."""

    columns: tuple[Column, ...]
    n_columns: int
    line: int = 0
    delimiter: str = ","

    @property
    def fields(self) -> frozenset[str]:
        """Give what the columns mean."""
        return frozenset(column.field for column in self.columns)

    @property
    def names_cards(self) -> bool:
        """Tell whether there is a number of a card or of a subscriber."""
        return not self.fields.isdisjoint({"iccid", "imsi"})

    @property
    def is_usage(self) -> bool:
        """Tell whether rows say what was used on a day."""
        return self.names_cards and "day" in self.fields

    @property
    def is_list(self) -> bool:
        """Tell whether rows say what cards are meant for."""
        return self.names_cards and "day" not in self.fields and not self.fields.isdisjoint(_OF_A_LIST)


@cache
def _vocabulary(root: Path) -> Mapping[str, tuple[str, int]]:
    rows = read_csv(root, "vocabulary/card_columns.csv")
    return {fold(row["name"]): (row["column"], int(row["factor"])) for row in rows}


def header_of(names: Sequence[str]) -> Header:
    """Give the known columns among names; of two that mean the same the first counts."""
    known = _vocabulary(knowledge_root())
    columns: dict[str, Column] = {}
    for at, name in enumerate(names):
        field, factor = known.get(fold(name[:200]), ("", 1))
        if field:
            columns.setdefault(field, Column(at, field, factor))
    return Header(tuple(columns.values()), len(names))


def find_header(text: str) -> Header:
    """Find delimiter and line of the header in the beginning of delimited text: where most names are known."""
    best = Header((), 0)
    for delimiter in DELIMITERS:
        for line, cells in first_rows(text, delimiter, SEARCHED):
            found = header_of(cells)
            if len(found.columns) > len(best.columns):
                best = Header(found.columns, found.n_columns, line, delimiter)
    return best
