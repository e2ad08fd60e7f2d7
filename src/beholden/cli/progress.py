"""A progress bar on standard error for what takes over two seconds, silent where nobody looks."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what draws is loaded once something is drawn
    from rich.progress import Progress, TaskID

_PATIENCE = 2.0
_SHARE_OF_READING = 0.7
_STEPS = ("identify", "attribute", "assess", "score", "store")


class Bar:
    """Reading advances by bytes; each later step by an equal part of the rest."""

    def __init__(self, total_bytes: int, *, is_shown: bool) -> None:
        self._total = max(total_bytes, 1)
        self._read = 0
        self._begun = time.monotonic()
        self._is_shown = is_shown
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def advance(self, n_bytes: int) -> None:
        """Tell that so many more bytes were read."""
        self._read += n_bytes
        self._draw(_SHARE_OF_READING * min(self._read / self._total, 1.0), "read")

    def share_read(self, n_done: int, n_all: int) -> None:
        """Tell how many of all that is read is done."""
        self._draw(_SHARE_OF_READING * n_done / n_all, "read")

    def step(self, name: str) -> None:
        """Tell that a later step begins."""
        done = _STEPS.index(name) / len(_STEPS) if name in _STEPS else 0.0
        self._draw(_SHARE_OF_READING + (1 - _SHARE_OF_READING) * done, name)

    def _draw(self, share: float, name: str) -> None:
        if not self._is_shown or (self._bar is None and time.monotonic() - self._begun < _PATIENCE):
            return
        if self._bar is None:
            from rich.console import Console  # noqa: PLC0415
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

            columns = (TextColumn("{task.description:<10}"), BarColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(name, total=1.0)
        if self._task is not None:
            self._bar.update(self._task, completed=share, description=name)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size if path.exists() else 0


@contextmanager
def progress(paths: Sequence[str]) -> Iterator[Bar]:
    """Give a bar for reading these paths."""
    bar = Bar(sum(_size(Path(text)) for text in paths), is_shown=sys.stderr.isatty())
    try:
        yield bar
    finally:
        bar.close()
