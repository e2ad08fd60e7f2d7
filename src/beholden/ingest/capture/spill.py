"""Settled conversations on their way out of memory: raw rows in a temporary file."""

import tempfile
from types import TracebackType
from typing import Self

import numpy as np

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.layout import Words


class Spill:
    """Rows written away, by parts of the range of their hash, each part small enough to be merged in memory."""

    N_PARTS = 16

    def __init__(self) -> None:
        self._files = [tempfile.TemporaryFile() for _ in range(self.N_PARTS)]  # noqa: SIM115 - closed by `__exit__`
        self.n = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the temporary files."""
        for each in self._files:
            each.close()

    def write(self, rows: Words) -> None:
        """Write rows of the table of flows away."""
        kept = rows[:, : at.F_STORED]
        part = kept[:, at.F_HASH] >> 59
        for number in np.unique(part).tolist():
            self._files[number].write(np.ascontiguousarray(kept[part == number]).tobytes())
        self.n += len(rows)

    def part(self, number: int) -> Words:
        """Give back one part; conversations of one hash stand in one part."""
        file = self._files[number]
        file.seek(0)
        return np.frombuffer(file.read(), np.int64).reshape(-1, at.F_STORED)
