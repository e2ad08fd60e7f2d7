"""Read an inventory in Apache Parquet: columns by name, lists of text as several values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.ingest.inventory import Inventory, Sheet, assemble
from beholden.ingest.tabular.headers import find_header, tell_columns
from beholden.ingest.tabular.problems import Problems
from beholden.model.errors import Report


def read(
    path: Path, evidence_id: str, *, report: Report, mapping: Mapping[str, str] | None = None
) -> Inventory:
    """Read a Parquet file; a locator is the number of the row, the first is 1."""
    problems = Problems(report, str(path))
    return assemble("parquet", sheets(path, problems, mapping), evidence_id, problems)


def sheets(path: Path, problems: Problems, mapping: Mapping[str, str] | None = None) -> list[Sheet]:
    """Read the columns of a Parquet file, as they stand."""
    try:
        sheet = _sheet(path, mapping, problems)
    except (pa.ArrowException, OSError, ValueError) as error:
        problems.tell("parquet", "", f"not readable as Parquet: {str(error).splitlines()[0]}", "nothing read")
        sheet = None
    return [sheet] if sheet else []


def _sheet(path: Path, mapping: Mapping[str, str] | None, problems: Problems) -> Sheet | None:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        header = find_header([names], mapping)
        if header is None:
            problems.tell("header", "", "no known column", "nothing read")
            return None
        tell_columns(header, problems, "")
        table = file.read(columns=sorted({names[at] for at in header.properties}))
    if not table.num_rows:
        problems.tell("header only", "", "columns and no rows", "nothing read")
    columns = []
    for at, told in header.properties.items():
        for place in table.schema.get_all_field_indices(names[at]):
            column = table.column(place)
            if not _is_whole(column):
                problems.tell("damaged", "", f"column '{names[at]}' holds bytes that are no text", "left out")
                continue
            text = text_of(column)
            if text is None:
                wrong = f"column '{names[at]}' holds {column.type}"
                problems.tell(
                    "nested", "", wrong, "left out; text, numbers, times and lists of them are read"
                )
            else:
                columns.append((told, text))
    return Sheet(columns, pa.array(np.arange(1, table.num_rows + 1)))


def _is_whole(column: Any) -> bool:  # noqa: ANN401
    """Tell whether a column is what its type says; Parquet's text is not looked at when it is read."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def text_of(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Give a column as text, None where its type is nested deeper than a list."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return text_of(column.cast(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _listed(column)
    if pa.types.is_nested(kind):
        return None
    return _plain(column if isinstance(column, pa.Array) else column.combine_chunks())


def _listed(column: Any) -> Any:  # noqa: ANN401
    whole = column if isinstance(column, pa.Array) else column.combine_chunks()
    inner = text_of(whole.flatten())
    if inner is None:
        return None
    lengths = pc.fill_null(pc.list_value_length(whole), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pc.fill_null(inner, "")), " ")


def _plain(column: Any) -> Any:  # noqa: ANN401
    kind = column.type
    if pa.types.is_timestamp(kind):
        zone = "UTC" if kind.tz else None
        return column.cast(pa.timestamp("us", zone), safe=False).cast(pa.string())
    if pa.types.is_floating(kind) and pc.all(pc.equal(pc.floor(column), column)).as_py():
        try:
            return column.cast(pa.int64()).cast(pa.string())
        except pa.ArrowInvalid:
            return column.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([_decoded(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
