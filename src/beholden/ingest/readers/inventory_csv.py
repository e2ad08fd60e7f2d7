"""Read an inventory in delimited text: `,` `;` tab or `|`; UTF-8, UTF-16 or Windows-1252; titles above the header."""

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from beholden.ingest.inventory import Inventory, Sheet, assemble
from beholden.ingest.tabular.headers import SEARCHED, Header, find_header, tell_columns
from beholden.ingest.tabular.lines import DELIMITERS, count_lines, first_rows, rows_from
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.tabular.text import decode, is_binary
from beholden.model.errors import Report

_BATCH = 65_536
_HEAD = 1 << 20
_MOST_FAST_COLUMNS = 500


def read(
    path: Path, evidence_id: str, *, report: Report, mapping: Mapping[str, str] | None = None
) -> Inventory:
    """Read a file of delimited text; a locator is the line a row begins on."""
    problems = Problems(report, str(path))
    return assemble("csv", sheets(path, problems, mapping), evidence_id, problems)


def sheets(path: Path, problems: Problems, mapping: Mapping[str, str] | None = None) -> list[Sheet]:
    """Read the columns of a file of delimited text, as they stand."""
    sheet = _sheet(path.read_bytes(), mapping, problems)
    return [sheet] if sheet else []


def _sheet(data: bytes, mapping: Mapping[str, str] | None, problems: Problems) -> Sheet | None:
    if not data or data.isspace():
        problems.tell("empty", "", "empty file", "nothing read")
        return None
    if is_binary(data[:4096]):
        problems.tell("binary", "", "binary data, not text", "nothing read")
        return None
    decoded = decode(data, problems)
    head = decoded[:_HEAD].decode("utf-8", "ignore") if isinstance(decoded, bytes) else decoded[:_HEAD]
    delimiter, line, header = _header(head, mapping)
    if header is None:
        problems.tell("header", "", f"no known column in the first {SEARCHED} rows", "nothing read")
        return None
    tell_columns(header, problems, f"line {line + 1}")
    sheet = _fast(decoded, header, line, delimiter) if isinstance(decoded, bytes) else None
    sheet = sheet or _careful(decoded, header, line, delimiter, problems)
    if not len(sheet.locators):
        problems.tell("header only", "", "a header and no rows", "nothing read")
    return sheet


def _header(head: str, mapping: Mapping[str, str] | None) -> tuple[str, int, Header | None]:
    """Choose the delimiter and row with the most known names; gives the line of the header."""
    best: tuple[str, int, Header | None] = (",", 0, None)
    for delimiter in DELIMITERS:
        rows = first_rows(head, delimiter, SEARCHED)
        header = find_header([cells for _, cells in rows], mapping)
        if header and (best[2] is None or len(header.properties) > len(best[2].properties)):
            best = (delimiter, rows[header.row][0], header)
    return best


def _fast(data: bytes, header: Header, line: int, delimiter: str) -> Sheet | None:
    """Let Arrow read a file in which each row is one line and has as many cells as the header; None for others."""
    n_lines = count_lines(data)
    if n_lines is None or len(header.names) > _MOST_FAST_COLUMNS:
        return None
    names = [str(at) for at in range(len(header.names))]
    known = [str(at) for at in header.properties]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(data)),
            pacsv.ReadOptions(column_names=names, skip_rows=line + 1, block_size=8 << 20),
            pacsv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=known,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != n_lines - line - 1:
        return None
    locators = pa.array(np.arange(line + 2, n_lines + 1))
    texts = [_whole(table[at]) for at in known]
    return Sheet(list(zip(header.properties.values(), texts, strict=True)), locators, unit="line")


def _whole(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    return column.combine_chunks() if column.num_chunks else pa.array([], pa.string())


def _careful(decoded: str | bytes, header: Header, line: int, delimiter: str, problems: Problems) -> Sheet:
    """Read row by row: quoted line breaks, rows with too many or too few cells, blank lines."""
    text = decoded.decode("utf-8") if isinstance(decoded, bytes) else decoded
    lines = list(io.StringIO(text, newline=""))
    after = next(islice(rows_from(lines, line, delimiter, None), 1, None), (len(lines), []))[0]
    rows = _kept(rows_from(lines, after, delimiter, problems), len(header.names), problems)
    known = list(header.properties)
    parts: list[list[pa.Array]] = []
    numbers: list[int] = []
    while batch := list(islice(rows, _BATCH)):
        numbers.extend(number for number, _ in batch)
        parts.append([pa.array([cells[at] for _, cells in batch], pa.string()) for at in known])
    texts = [pa.chunked_array([part[at] for part in parts], pa.string()) for at in range(len(known))]
    columns = list(zip(header.properties.values(), map(_whole, texts), strict=True))
    return Sheet(columns, pa.array(numbers, pa.int64()), unit="line")


def _kept(
    rows: Iterator[tuple[int, list[str]]], width: int, problems: Problems
) -> Iterator[tuple[int, Sequence[str]]]:
    """Bring rows to the header's width; blank lines are no rows."""
    for at, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        n = len(cells)
        if n < width:
            problems.tell(
                "rows with too few cells",
                f"line {at + 1}",
                f"{n} cells, header has {width}",
                "missing ones empty",
            )
            cells.extend([""] * (width - n))
        elif n > width and any(cell.strip() for cell in cells[width:]):
            problems.tell(
                "rows with too many cells",
                f"line {at + 1}",
                f"{n} cells, header has {width}",
                "further ones dropped",
            )
        yield at + 1, cells
