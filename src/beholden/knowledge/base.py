"""The compiled knowledge as the stages read it: tables by name, opened lazily."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.names import Spellings
from beholden.knowledge.schemas import SCHEMAS
from beholden.model.errors import BeholdenError
from beholden.model.ids import content_id

_SHIPPED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parents[3] / "knowledge"


def knowledge_root() -> Path:
    """Give the folder of knowledge in force: `shipped_root` with the last update and $BEHOLDEN_PACKS laid over it.

    Raises KnowledgeError for a pack that cannot be laid.
    """
    root, update = shipped_root(), update_folder()
    packs = [Path(one) for one in os.environ.get("BEHOLDEN_PACKS", "").split(os.pathsep) if one]
    if update is None and not packs:
        return root
    from beholden.knowledge.packs import compose  # noqa: PLC0415 - most have neither

    return compose(root, update, packs, cache_folder())


def update_folder() -> Path | None:
    """Give the folder of the registries that `knowledge update` fetched last, None where it never did."""
    updates = cache_folder() / "updates"
    current = updates / "current"
    state = updates / current.read_text("utf-8").strip() if current.exists() else None
    return state if state and state.is_dir() else None


def shipped_root() -> Path:
    """Give the folder of knowledge as it came: $BEHOLDEN_KNOWLEDGE, else the shipped one, else the checkout's."""
    stated = os.environ.get("BEHOLDEN_KNOWLEDGE")
    if stated:
        return Path(stated)
    root = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
    if not root.is_dir():
        raise BeholdenError(f"no knowledge at {root}; set BEHOLDEN_KNOWLEDGE to its folder")
    return root


def cache_folder() -> Path:
    """Give the folder for what can be made again: $BEHOLDEN_CACHE, else the user's cache folder."""
    stated = os.environ.get("BEHOLDEN_CACHE")
    if stated:
        return Path(stated)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "beholden"


def _without_rows(name: str) -> pa.Table:
    return SCHEMAS.get(name, pa.schema([])).empty_table()


class Knowledge:
    """One compiled state of knowledge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, pa.Table] = {}

    @classmethod
    def open(cls, root: Path | None = None, on_compile: Callable[[], None] | None = None) -> "Knowledge":
        """Open the compiled knowledge, compiling it first where it is new or has changed."""
        from beholden.knowledge import build  # noqa: PLC0415 - compiling is rare, its imports are not cheap

        root = root or knowledge_root()
        folder = cache_folder() / f"knowledge-{build.quick_key(root)}"
        if not (folder / build.MANIFEST).exists():
            build.build(root, folder, on_compile)
        return cls(folder)

    @classmethod
    def holding(cls, tables: Mapping[str, pa.Table]) -> "Knowledge":
        """Give a state of tables that lie nowhere."""
        made = cls(Path())
        made._tables = dict(tables)
        return made

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Give the manifest: knowledge_id, and rows per table."""
        manifest: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text("utf-8"))
        return manifest

    def beside(self, tables: Mapping[str, pa.Table], ids: Sequence[str]) -> "Knowledge":
        """Give this state with rows of tables set below its own; ids, of what these were made from, change its id."""
        whole = Knowledge(self.folder)
        whole._tables = {**self._tables, **{name: self._with(name, rows) for name, rows in tables.items()}}
        whole.manifest = self.manifest | {"knowledge_id": content_id("knowledge", self.knowledge_id, *ids)}
        return whole

    def _with(self, name: str, rows: pa.Table) -> pa.Table:
        own = self.table(name)
        return pa.concat_tables([own, rows.cast(own.schema)]) if own.num_rows else rows

    @property
    def knowledge_id(self) -> str:
        """Give the content hash of this state of knowledge."""
        return str(self.manifest["knowledge_id"])

    def table(self, name: str) -> pa.Table:
        """Read a compiled table once; one without rows where it is not there."""
        if name not in self._tables:
            path = self.folder / f"{name}.parquet"
            is_there = path.exists()
            self._tables[name] = pq.read_table(path, memory_map=True) if is_there else _without_rows(name)
        return self._tables[name]

    def text(self, name: str) -> str:
        """Read a file that is kept as it was written, such as a profile; raises BeholdenError where it is not there."""
        path = self.folder / name
        if not path.exists():
            raise BeholdenError(f"knowledge has no {name}")
        return path.read_text("utf-8")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Give a small table as rows."""
        rows: list[dict[str, Any]] = self.table(name).to_pylist()
        return rows

    @cached_property
    def spellings(self) -> Spellings:
        """Give the spellings of companies, to find companies by name."""
        book = Spellings(frozenset(self.table("legal_forms")["form"].to_pylist()))
        for row in self.rows("aliases"):
            if row["is_whole"]:
                book.whole[row["spelling"]] = row["company"]
            else:
                book.bare.setdefault(row["spelling"], set()).add(row["company"])
        return book
