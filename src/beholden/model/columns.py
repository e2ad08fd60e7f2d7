"""What tables of the model are made of: columns with their types, units and one-line meanings."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "int64", "float64", "bool", "timestamp"]


@dataclass(frozen=True)
class Column:
    """One column: its name, type, meaning, unit and whether it may be null."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: plural noun, what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)


def always(name: str, kind: Type, meaning: str, unit: str = "") -> Column:
    """Give a column that is never null."""
    return Column(name, kind, meaning, unit)


def maybe(name: str, kind: Type, meaning: str, unit: str = "") -> Column:
    """Give a column that may be null."""
    return Column(name, kind, meaning, unit, nullable=True)
