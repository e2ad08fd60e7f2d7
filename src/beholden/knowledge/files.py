"""Read knowledge files; every scalar comes as a string, and is typed afterwards.

Plain YAML would turn the country `NO` into false and a type allocation code into an octal number.
"""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from beholden.model.errors import BeholdenError


class KnowledgeError(BeholdenError):
    """A row of knowledge that cannot be taken; names file and line."""


class _StringLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A safe loader that resolves no scalar, ten times as fast where libyaml is there."""


_StringLoader.yaml_implicit_resolvers = {}


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - a YAML document has no narrower type
    """Read a YAML file with every scalar a string."""
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_StringLoader)  # noqa: S506, TID251 - derived from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path}: {str(error).splitlines()[0]}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path}: {error}") from error


PLACE = "_place"
"""A column of composed packs that says where a row was written; it is no part of the row."""


@dataclass(frozen=True)
class Row:
    """One row of a CSV file: its pack, its line, and its cells; `written` where that is in another file."""

    pack: str
    line: int
    cells: dict[str, str]
    written: str = ""

    def __getitem__(self, name: str) -> str:
        """Give a cell, empty where the column is missing."""
        return self.cells.get(name) or ""

    @property
    def place(self) -> str:
        """File and line for messages."""
        return self.written or f"{self.pack}:{self.line}"


def read_csv(root: Path, pack: str) -> Iterator[Row]:
    """Read the rows of a CSV pack; a pack that is not there has no rows. Raises KnowledgeError for what is no CSV."""
    path = root / pack
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for cells in reader:
                yield _row(pack, reader.line_num, cells)
        except (csv.Error, UnicodeDecodeError) as error:
            raise KnowledgeError(f"{pack}:{reader.line_num + 1}: {error}") from error


def read_header(root: Path, pack: str) -> list[str]:
    """Read the columns of a CSV pack, none where it is not there."""
    path = root / pack
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            return [name for name in next(csv.reader(stream, strict=True), []) if name != PLACE]
        except (csv.Error, UnicodeDecodeError) as error:
            raise KnowledgeError(f"{pack}:1: {error}") from error


def _row(pack: str, line: int, cells: dict[str | Any, str | Any]) -> Row:
    if None in cells:
        raise KnowledgeError(f"{pack}:{line}: more cells than columns")
    written = cells.pop(PLACE, "")
    return Row(pack, line, {key: (cell or "").strip() for key, cell in cells.items()}, written)
