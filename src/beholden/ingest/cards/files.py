"""Open exports: Parquet and delimited text as batches of their known columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from beholden.ingest.cards.columns import Header, find_header, header_of
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.tabular.text import encoding_of, is_binary
from beholden.ingest.unpack import GZIP, ZSTD, unpacked

ROWS = 1 << 20
"""Rows of Parquet that are read at a time."""
_BLOCK = 64 << 20
_HEAD = 1 << 16


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: a column for each field of its header, and the number of the first row (from 1)."""

    columns: dict[str, pa.Array]
    first: int

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))


def head_of(path: Path, problems: Problems) -> Header | None:
    """Give the known columns of a file, None for one that is neither Parquet nor delimited text."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.strip():
        problems.tell("empty", "", "empty file", "nothing read")
        return None
    if head.startswith(b"PAR1"):
        return _of_parquet(path, problems)
    plain = unpacked(head, _HEAD)
    if is_binary(plain[:4096]):
        problems.tell("binary", "", "binary data, neither Parquet nor text", "nothing read")
        return None
    name, skipped = _encoding(plain)
    return find_header(plain[skipped:].decode(name, "replace"))


def _of_parquet(path: Path, problems: Problems) -> Header | None:
    try:
        return header_of(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        problems.tell("parquet", "", f"not readable as Parquet: {str(error).splitlines()[0]}", "nothing read")
        return None


def _encoding(plain: bytes) -> tuple[str, int]:
    name, skipped = encoding_of(plain)
    try:
        plain[skipped:-8].decode(name)
    except UnicodeDecodeError:
        return "cp1252", 0
    return name, skipped


def batches(path: Path, header: Header, problems: Problems) -> Iterator[Batch]:
    """Give the rows of a file; what is damaged ends it, and is told of."""
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    first = 1
    try:
        for batch in _parquet(path, header) if is_parquet else _text(path, header, problems):
            if batch.num_rows:
                names = [column.field for column in header.columns]
                yield Batch(dict(zip(names, batch.columns, strict=True)), first)
            first += batch.num_rows
    except (pa.ArrowException, OSError, EOFError) as error:
        problems.tell(
            "damaged", f"row {first}", f"damaged: {str(error).splitlines()[0]}", "rows before it kept"
        )
        return
    if first == 1:
        problems.tell("header only", "", "columns and no rows", "nothing read")


def _parquet(path: Path, header: Header) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        wanted = [names[column.at] for column in header.columns]
        for batch in file.iter_batches(ROWS, columns=wanted):
            yield batch.select(wanted)


def _text(path: Path, header: Header, problems: Problems) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    name, _ = _encoding(unpacked(head, _HEAD))
    packed = "gzip" if head.startswith(GZIP) else "zstd" if head.startswith(ZSTD) else None
    names = [str(at) for at in range(header.n_columns)]
    wanted = [str(column.at) for column in header.columns]

    def tell(row: pacsv.InvalidRow) -> str:
        place = f"row {row.number - header.line - 1}" if row.number else ""
        wrong = f"{row.actual_columns} cells, header has {row.expected_columns}"
        problems.tell("rows of another width", place, wrong, "left out")
        return "skip"

    with pa.input_stream(str(path), compression=packed) as opened:
        yield from pacsv.open_csv(
            opened,
            pacsv.ReadOptions(
                column_names=names,
                skip_rows=header.line + 1,
                block_size=_BLOCK,
                encoding=name,
                use_threads=False,
            ),
            pacsv.ParseOptions(delimiter=header.delimiter, invalid_row_handler=tell),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=wanted,
                strings_can_be_null=True,
            ),
        )
