"""Split delimited text into rows with their line numbers, whatever its quotes and cells are like (RFC 4180 and less)."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from beholden.ingest.tabular.problems import Problems

DELIMITERS = ",;\t|"
_LONGEST_QUOTE = 200
"""Lines a quoted cell may span before its quote is taken for a stray one."""
_FIELD_LIMIT = 1 << 30


def first_rows(text: str, delimiter: str, n: int) -> list[tuple[int, list[str]]]:
    """Give the first rows and the line each begins on (0 is the first)."""
    lines = list(islice(io.StringIO(text, newline=""), n * 5))
    return list(islice(rows_from(lines, 0, delimiter, None), n))


def rows_from(
    lines: Sequence[str], start: int, delimiter: str, problems: Problems | None
) -> Iterator[tuple[int, list[str]]]:
    """Give rows and the line each begins on; a quote that is never closed is read as a character."""
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        while start < len(lines):
            restart = len(lines)
            for at, end, cells in _parse(lines, start, delimiter):
                if end - at > _LONGEST_QUOTE or cells is None:
                    yield at, next(csv.reader([lines[at]], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
                    if problems:
                        problems.tell(
                            "stray quote", f"line {at + 1}", "a quote that is not closed", "read as text"
                        )
                    restart = at + 1
                    break
                yield at, cells
            start = restart
    finally:
        csv.field_size_limit(before)


def _parse(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
    """Give begin, end and cells of each row; None for cells where the text ends inside quotes."""
    reader = csv.reader(islice(lines, start, None), delimiter=delimiter, strict=False)
    at = start
    for cells in reader:
        end = start + reader.line_num
        is_open = end == len(lines) and end - at > 1 and _is_open("".join(lines[at:end]))
        yield at, end, None if is_open else cells
        at = end


def _is_open(text: str) -> bool:
    return text.count('"') % 2 == 1


def count_lines(data: bytes) -> int | None:
    """Count lines by LF or CRLF; None where a lone CR ends lines too."""
    if data.count(b"\r") != data.count(b"\r\n"):
        return None
    return data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1)
