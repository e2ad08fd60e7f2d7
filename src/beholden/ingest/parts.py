"""Rows of numbers spread over parts by a key: in memory while they are few, in temporary files when they are many."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.int64]
BITS = 5
N_PARTS = 1 << BITS
MOST_HELD = 16 << 20
"""Bytes that are held in memory before they are written away."""


_ODD = np.int64(-7046029254386353131)


def mixed(rows: Words) -> Words:
    """Give for each row a number made of all its cells; equal rows have equal ones."""
    seen = np.zeros(len(rows), np.int64)
    for cell in range(rows.shape[1]):
        seen = (seen ^ rows[:, cell]) * _ODD
        seen ^= seen >> 29 & 0x7FFFFFFFF
    return seen


class Parts:
    """Rows of one width. Rows of one part come back together; few rows come back as one part."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._held: list[tuple[Words, npt.NDArray[np.uint8]]] = []
        self._n_held = 0
        self._files: list[BinaryIO] = []
        self._open = ExitStack()

    def add(self, rows: Words, part: "npt.NDArray[np.int64]") -> None:
        """Take rows, each with the number of its part, below `N_PARTS`; what is kept of them is copied."""
        self._n_held += len(rows)
        if self._n_held * self._width * 8 <= MOST_HELD:
            self._held.append((rows.copy(), part.astype(np.uint8)))
            return
        self._write(rows, part.astype(np.uint8))
        self._write_held()

    def _write_held(self) -> None:
        held, self._held, self._n_held = self._held, [], 0
        for rows, part in held:
            self._write(rows, part)

    def _write(self, rows: Words, part: "npt.NDArray[np.uint8]") -> None:
        if not self._files:
            made = (tempfile.TemporaryFile() for _ in range(N_PARTS))  # noqa: SIM115 - closed by `close`
            self._files = [self._open.enter_context(file) for file in made]
        order = np.argsort(part, kind="stable")
        ends = np.cumsum(np.bincount(part, minlength=N_PARTS)).tolist()
        for file, start, end in zip(self._files, [0, *ends], ends, strict=False):
            file.write(np.ascontiguousarray(rows[order[start:end]]).data)

    def __iter__(self) -> Iterator[Words]:
        """Give the rows part by part, in rising order of the parts."""
        if not self._files:
            rows = [rows for rows, _ in self._held]
            yield np.concatenate(rows) if rows else np.empty((0, self._width), np.int64)
            return
        self._write_held()
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), np.int64).reshape(-1, self._width)
            file.seek(0, 2)

    def close(self) -> None:
        """Drop the temporary files."""
        self._open.close()

    __del__ = close
