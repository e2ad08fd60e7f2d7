"""Plain tables that fit the width of the terminal, at least 80 columns."""

import shutil
import sys
import unicodedata
from collections.abc import Sequence

_GAP = 2
_LEAST = 6


def print_line(text: str) -> None:
    """Print one line on standard output, cut to the width where a person looks."""
    sys.stdout.write(cut(clean(text), _width() if sys.stdout.isatty() else len(text) + 1) + "\n")


def clean(text: str) -> str:
    """Drop control characters: what devices say of themselves must not steer a terminal."""
    return "".join(one if unicodedata.category(one)[0] != "C" else "·" for one in text)


def cut(text: str, width: int) -> str:
    """Cut a text to a width, showing that it was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _width() -> int:
    return max(shutil.get_terminal_size((80, 24)).columns, 80)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[str] = ()) -> None:
    """Print rows under a header; the widest columns give way until all fit, but those named whole."""
    lines = [[clean(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    room = _width() - _GAP * (len(widths) - 1)
    giving = [place for place, name in enumerate(header) if name not in whole]
    while sum(widths) > room and max(widths[place] for place in giving) > _LEAST:
        widths[max(giving, key=lambda place: widths[place])] -= 1
    for line in lines:
        cells = [cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)]
        sys.stdout.write((" " * _GAP).join(cells).rstrip() + "\n")
