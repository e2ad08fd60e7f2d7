"""What readers and knowledge make of distinct values, put back into columns by the engine."""

from typing import Any, Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame

_FEW: Final = 12
"""Values that are told apart one by one; for more of them a table is joined."""
_KEY, _VALUE, _BECOMES, _IS_TOLD = "key of value", ".value", ".becomes", ".is_told"


def distinct(engine: Engine, records: Frame, column: nw.Expr) -> pa.Array:
    """Give the distinct values of a column in order, without null."""
    grouped = records.select(column.alias(_VALUE)).group_by(_VALUE).agg(n=nw.len())
    return pc.drop_null(engine.collect(grouped)[_VALUE].combine_chunks()).sort()


def put(engine: Engine, records: Frame, name: str, words: pa.Array, becomes: pa.Array) -> Frame:
    """Put what the words of a column become in their stead; most words stay as they are."""
    is_changed = pc.fill_null(pc.not_equal(words, becomes), fill_value=True)
    words, becomes = words.filter(is_changed), becomes.filter(is_changed)
    return _told(engine, records, nw.col(name), name, words, becomes, nw.col(name)) if len(words) else records


def told(engine: Engine, records: Frame, column: nw.Expr, name: str, words: pa.Array, said: Any) -> Frame:  # noqa: ANN401
    """Add what is said of the values of a column, null where nothing is."""
    is_told = pc.is_valid(said)
    words, said = words.filter(is_told), said.filter(is_told)
    return _told(engine, records, column, name, words, said, nw.lit(None))


def _told(
    engine: Engine,
    records: Frame,
    column: nw.Expr,
    name: str,
    words: pa.Array,
    said: Any,  # noqa: ANN401
    otherwise: nw.Expr,
) -> Frame:
    if len(words) <= _FEW and (not len(words) or pa.types.is_string(said.type)):
        value = otherwise
        for word, one in zip(words.to_pylist(), said.to_pylist(), strict=True):
            value = nw.when(column == word).then(nw.lit(one, dtype=nw.String)).otherwise(value)
        return records.with_columns(value.cast(nw.String).alias(name))
    is_told = pa.repeat(pa.scalar(value=True), len(words))
    table = engine.bind(pa.table({_VALUE: words, _BECOMES: said, _IS_TOLD: is_told}))
    joined = records.with_columns(column.alias(_KEY)).join(table, left_on=_KEY, right_on=_VALUE, how="left")
    value = nw.when(nw.col(_IS_TOLD)).then(nw.col(_BECOMES)).otherwise(otherwise)
    return joined.with_columns(value.alias(name)).drop(_KEY, _BECOMES, _IS_TOLD)
