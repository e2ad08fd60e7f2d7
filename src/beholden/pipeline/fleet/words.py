"""What readers and knowledge make of distinct values, put back into columns by the engine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame

_FEW: Final = 12
"""Values that are told apart one by one; for more of them a table is joined."""
_KEY, _VALUE, _SAID = "key of ", "value of ", "said of "
"""Beginnings of names of columns; Spark takes a dot in a name for a step into a field."""


def distinct(engine: Engine, records: Frame, column: nw.Expr) -> pa.Array:
    """Give the distinct values of a column in order, without null."""
    grouped = records.select(column.alias(_VALUE)).group_by(_VALUE).agg(n=nw.len())
    return pc.drop_null(engine.collect(grouped)[_VALUE].combine_chunks()).sort()


@dataclass(frozen=True)
class _Told:
    name: str
    column: nw.Expr
    words: pa.Array
    said: Any
    otherwise: nw.Expr

    @property
    def is_joined(self) -> bool:
        return len(self.words) > _FEW or not pa.types.is_string(self.said.type)

    def chain(self) -> nw.Expr:
        """Give what is said of few words, one by one."""
        value = self.otherwise
        for word, one in zip(self.words.to_pylist(), self.said.to_pylist(), strict=True):
            value = nw.when(self.column == word).then(nw.lit(one, dtype=nw.String)).otherwise(value)
        return value.cast(nw.String)


@dataclass
class Telling:
    """Columns that are told by others' distinct values, all at once: every step makes the engine plan again."""

    engine: Engine
    _told: list[_Told] = field(default_factory=list)

    def put(self, name: str, words: pa.Array, becomes: pa.Array) -> None:
        """Put what the words of a column become in their stead; most words stay as they are."""
        is_changed = pc.fill_null(pc.not_equal(words, becomes), fill_value=True)
        if pc.any(is_changed).as_py():
            changed = words.filter(is_changed), becomes.filter(is_changed)
            self._told.append(_Told(name, nw.col(name), *changed, nw.col(name)))

    def tell(self, name: str, column: nw.Expr, words: pa.Array, said: Any) -> None:  # noqa: ANN401
        """Add what is said of the values of a column, null where nothing is."""
        is_told = pc.is_valid(said)
        self._told.append(_Told(name, column, words.filter(is_told), said.filter(is_told), nw.lit(None)))

    def over(self, records: Frame) -> Frame:
        """Give records with what they are told."""
        joined = [one for one in self._told if one.is_joined]
        if joined:
            records = records.with_columns(*(one.column.alias(_KEY + one.name) for one in joined))
        for one in joined:
            table = pa.table({_VALUE: one.words, _SAID + one.name: one.said})
            is_told = pa.repeat(pa.scalar(value=True), len(one.words))
            table = table.append_column(_VALUE + one.name, is_told)
            keys = {"left_on": _KEY + one.name, "right_on": _VALUE}
            records = records.join(self.engine.bind(table), how="left", **keys)
        return records.with_columns(**dict(self._values())) if self._told else records

    def _values(self) -> Iterator[tuple[str, nw.Expr]]:
        for one in self._told:
            if one.is_joined:
                is_told = nw.when(nw.col(_VALUE + one.name))
                yield one.name, is_told.then(nw.col(_SAID + one.name)).otherwise(one.otherwise)
            else:
                yield one.name, one.chain()
