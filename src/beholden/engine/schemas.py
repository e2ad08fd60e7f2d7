"""The model's tables as Arrow schemas."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from beholden.model.columns import Table, Type

_ARROW: Mapping[Type, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(table: Table) -> pa.Schema:
    """Give the Arrow schema of a table of the model."""
    return pa.schema(
        [pa.field(column.name, _ARROW[column.type], nullable=column.nullable) for column in table.columns]
    )


def empty(table: Table) -> pa.Table:
    """Give the table without rows."""
    return arrow_schema(table).empty_table()


def conform(table: Table, data: pa.Table, schema: pa.Schema | None = None) -> pa.Table:
    """Order and cast the columns as the model says, or a schema of its names; a missing nullable column becomes null.

    Raises KeyError where a column that must not be null is missing.
    """
    schema = schema or arrow_schema(table)
    arrays = []
    for field in schema:
        if field.name in data.column_names:
            arrays.append(_cast(data[field.name], field.type))
        elif field.nullable:
            arrays.append(pa.nulls(data.num_rows, field.type))
        else:
            raise KeyError(f"{table.name} lacks {field.name}")
    return pa.table(arrays, schema=schema)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type).dictionary_encode()
    return column.cast(kind)


def coded_schema(table: Table) -> pa.Schema:
    """Give the schema of a table with words that repeat as codes: a tenth of the memory where rows are many."""
    return pa.schema(
        [field.with_type(_WORDS) if field.name in _CODED else field for field in arrow_schema(table)]
    )


def coded(table: Table, data: pa.Table) -> pa.Table:
    """Conform, but with words that repeat as codes."""
    return conform(table, data, coded_schema(table))


_WORDS = pa.dictionary(pa.int32(), pa.string())
_CODED = ("evidence_id", "locator_kind", "subject_kind", "property")
"""Columns whose words repeat."""


def put(rows: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    """Put a column of the same type in the stead of one."""
    place = rows.column_names.index(name)
    return rows.set_column(place, rows.schema.field(name), column)


def from_rows(table: Table, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Make a table of the model from a few rows."""
    schema = arrow_schema(table)
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in schema.names} for row in rows], schema=schema
    )
