"""Read knowledge files; every scalar comes as a string, and is typed afterwards.

Plain YAML would turn the country `NO` into false and a type allocation code into an octal number.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from beholden.model.errors import BeholdenError


class KnowledgeError(BeholdenError):
    """A row of knowledge that cannot be taken; names file and line."""


class _StringLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A safe loader that resolves no scalar, ten times as fast where libyaml is there."""


_StringLoader.yaml_implicit_resolvers = {}


_INDENT = re.compile(r"^(?: |[-?:] )*", re.MULTILINE)
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
_DEEPEST = 200
"""Levels that a document may have: libyaml puts each on the stack, and an interpreter without a stack is gone."""


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - a YAML document has no narrower type
    """Read a YAML file with every scalar a string."""
    try:
        text = path.read_text("utf-8")
        if _may_be_deep(text) and _is_deep(text):
            raise KnowledgeError(f"{path}: more than {_DEEPEST} levels deep")
        return yaml.load(text, Loader=_StringLoader)  # noqa: S506, TID251 - derived from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path}: {str(error).splitlines()[0]}") from error


def _may_be_deep(text: str) -> bool:
    """Tell by indents and brackets, wherever they stand, whether a look at the structure is worth its time."""
    depths = accumulate(_BRACKETS[one] for one in re.findall(r"[\[\]{}]", text))
    return max(depths, default=0) > _DEEPEST // 2 or max(map(len, _INDENT.findall(text))) > _DEEPEST


def _is_deep(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=_StringLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


_KEY = re.compile(r"[A-Za-z_]\w*(?=\s*:)")


def lines_of(text: str) -> dict[str, str]:
    """Give the line on which each key at the beginning of a line stands, as text: a YAML mapping of one level."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if key := _KEY.match(line):
            found.setdefault(key[0], str(number))
    return found


def place_of(document: Mapping[str, Any], path: Path, pack: str, key: str) -> str:
    """Say where a key of a YAML file was written: of a composed pack in the file of the user."""
    written = document.get(PLACE) or {"file": pack, "lines": lines_of(path.read_text("utf-8"))}
    return f"{written['file']}:{written['lines'].get(key, '1')}"


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
