"""Sectors of devices: by the words of their owner's unit, else of their function, else by their kind."""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge

_WORD = re.compile(r"\w+")


class Sectors:
    """What words and kinds say of the sector that a device serves."""

    def __init__(self, knowledge: Knowledge) -> None:
        rows = knowledge.rows("sectors")
        self._of_word = {row["value"]: row["sector"] for row in rows if row["reads"] == "unit"}
        self._of_kind = {row["value"]: row["sector"] for row in rows if row["reads"] == "kind"}
        self._parents = {row["kind"]: row["parent"] for row in knowledge.rows("kinds")}

    def of(
        self, units: pa.ChunkedArray, functions: pa.ChunkedArray, kinds: pa.ChunkedArray
    ) -> pa.ChunkedArray:
        """Give the sector of each device, null where nothing tells it; each distinct text is read once."""
        told = [_mapped(units, self.of_text), _mapped(functions, self.of_text), _mapped(kinds, self.of_kind)]
        return pc.coalesce(*told)

    def of_text(self, text: str | None) -> str | None:
        """Give the sector of the first word of a name that has one."""
        words = _WORD.findall((text or "").casefold())
        return next((self._of_word[word] for word in words if word in self._of_word), None)

    def of_kind(self, kind: str | None) -> str | None:
        """Give the sector of a kind, or of the nearest kind above it that has one."""
        while kind and kind not in self._of_kind:
            kind = self._parents.get(kind)
        return self._of_kind.get(kind or "")


def _mapped(column: pa.ChunkedArray, read: Callable[[str | None], str | None]) -> pa.ChunkedArray:
    distinct = pc.unique(column)
    found = pa.array([read(text) for text in distinct.to_pylist()], pa.string())
    return found.take(pc.index_in(column, distinct))
