"""What knowledge and readers make of distinct values, put back into columns by the engine."""

from collections.abc import Callable
from typing import Any, Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame

_FEW: Final = 48
"""Values that are put in the stead of others one by one; for more of them a table is joined."""
_VALUE, _READ, _IS_READ = ".value", ".read", ".is_read"


def distinct(engine: Engine, records: Frame, column: nw.Expr) -> pa.Array:
    """Give the distinct values of a column in order, without null."""
    grouped = records.select(column.alias(_VALUE)).group_by(_VALUE).agg(n=nw.len())
    return pc.drop_null(engine.collect(grouped)[_VALUE].combine_chunks()).sort()


def mapped(engine: Engine, records: Frame, name: str, read: Callable[[pa.Array], pa.Array]) -> Frame:
    """Put what each word of a column is read as in its stead; most words are read as they stand."""
    words = distinct(engine, records, nw.col(name))
    becomes = read(words)
    changed = pc.fill_null(pc.not_equal(words, becomes), fill_value=True)
    words, becomes = words.filter(changed), becomes.filter(changed)
    if len(words) > _FEW:
        joined = _joined(engine, records, nw.col(name), words, becomes)
        value = nw.when(nw.col(_IS_READ)).then(nw.col(_READ)).otherwise(nw.col(name))
        return joined.with_columns(value.alias(name)).drop(_READ, _IS_READ)
    value = nw.col(name)
    for word, one in zip(words.to_pylist(), becomes.to_pylist(), strict=True):
        value = nw.when(nw.col(name) == word).then(nw.lit(one, dtype=nw.String)).otherwise(value)
    return records.with_columns(value.alias(name)) if len(words) else records


def told(
    engine: Engine, records: Frame, column: nw.Expr, name: str, tell: Callable[[pa.Array], Any]
) -> Frame:
    """Add what is told of each distinct value of a column, null where nothing is."""
    values = distinct(engine, records, column)
    said = tell(values)
    is_told = pc.is_valid(said)
    joined = _joined(engine, records, column, values.filter(is_told), said.filter(is_told))
    return joined.with_columns(nw.col(_READ).alias(name)).drop(_READ, _IS_READ)


def _joined(engine: Engine, records: Frame, column: nw.Expr, values: pa.Array, read: Any) -> Frame:  # noqa: ANN401
    table = pa.table({_VALUE: values, _READ: read, _IS_READ: pa.repeat(pa.scalar(value=True), len(values))})
    keyed = records.with_columns(column.alias(".key"))
    return keyed.join(engine.bind(table), left_on=".key", right_on=_VALUE, how="left").drop(".key")
