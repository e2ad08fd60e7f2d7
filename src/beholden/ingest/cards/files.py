"""Open exports: Parquet and delimited text as batches of their known columns."""

from collections.abc import Iterator, Sequence
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
    """Give the rows of a file; what is damaged is told of: text and long row groups end there, others are left out."""
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    names = [column.field for column in header.columns]
    first = 1
    try:
        for batch in _parquet(path, header, problems) if is_parquet else _text(path, header, problems):
            if isinstance(batch, pa.RecordBatch) and batch.num_rows:
                yield Batch(dict(zip(names, batch.columns, strict=True)), first)
            first += batch.num_rows
    except (pa.ArrowException, OSError, EOFError) as error:
        done = "rows before it kept" if first > 1 else "nothing read"
        problems.tell("damaged", f"row {first}", f"damaged: {str(error).splitlines()[0]}", done)
        return
    if first == 1:
        problems.tell("header only", "", "columns and no rows", "nothing read")


@dataclass(frozen=True)
class _Damaged:
    """Rows that cannot be read."""

    num_rows: int


def _parquet(path: Path, header: Header, problems: Problems) -> Iterator[pa.RecordBatch | _Damaged]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        wanted = [names[column.at] for column in header.columns]
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        for groups in _together(sizes):
            if sizes[groups[0]] > ROWS:
                for batch in file.iter_batches(ROWS, groups, columns=wanted):
                    yield batch.select(wanted)
                continue
            try:
                yield from _of_groups(file, groups, wanted)
            except (pa.ArrowException, OSError):
                for at in groups:
                    yield _of_group(file, at, wanted, 1 + sum(sizes[:at]), problems)


def _together(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Give row groups that come to no more rows together than are read at a time, one at least."""
    groups: list[int] = []
    for at, size in enumerate(sizes):
        if groups and sum(sizes[one] for one in groups) + size > ROWS:
            yield groups
            groups = []
        groups.append(at)
    if groups:
        yield groups


def _of_groups(file: pq.ParquetFile, groups: list[int], wanted: list[str]) -> list[pa.RecordBatch]:
    """Give some row groups at once, so that none is given where one is damaged."""
    rows = file.read_row_groups(groups, columns=wanted).select(wanted).combine_chunks()
    return list(rows.to_batches(ROWS))


def _of_group(
    file: pq.ParquetFile, at: int, wanted: list[str], first: int, problems: Problems
) -> pa.RecordBatch | _Damaged:
    """Give a row group, or how many rows it has, where it cannot be read, which is told of."""
    try:
        rows = file.read_row_groups([at], columns=wanted).select(wanted)
    except (pa.ArrowException, OSError) as error:
        n = file.metadata.row_group(at).num_rows
        what = f"rows {first:,} to {first + n - 1:,} damaged: {str(error).splitlines()[0]}"
        problems.tell(f"damaged {at}", f"row {first}", what, "left out")
        return _Damaged(n)
    return rows.combine_chunks().to_batches()[0]


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
