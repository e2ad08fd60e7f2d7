"""What an engine does: stages get lazy frames and give lazy frames, and never see what runs them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import narwhals as nw
import pyarrow as pa

Frame = nw.LazyFrame[Any]
ROWS = 1 << 17
"""Rows that are given at a time."""


class Engine(ABC):
    """A place where frames are computed; used as a context, at whose end everything kept is let go."""

    name: str

    def __enter__(self) -> Self:
        """Enter the engine's life."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let everything go."""
        self.close()

    def close(self) -> None:  # noqa: B027 - some hold nothing
        """Let everything go."""

    @abstractmethod
    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame."""

    @abstractmethod
    def scan(self, paths: Sequence[Path]) -> Frame:
        """Make Parquet files of the same columns a frame."""

    @abstractmethod
    def keep(self, frame: Frame) -> Frame:
        """Compute a frame once, so that several later steps can read it."""

    @abstractmethod
    def union(self, frames: Sequence[Frame]) -> Frame:
        """Set frames of the same columns below each other; raises ValueError where their columns differ."""

    @abstractmethod
    def collect(self, frame: Frame) -> pa.Table:
        """Compute a frame and give it as an Arrow table."""

    @abstractmethod
    def batches(self, frame: Frame) -> Iterator[pa.Table]:
        """Compute a frame and give its rows bit by bit."""

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let everything go at the end of a block that was bound or kept in it."""
        yield


class FleetEngine(Engine):
    """An engine for devices by the million: what it adds is missing from the expressions that engines share."""

    unreadable: tuple[type[Exception], ...]
    """What it raises where a file is damaged, or gone."""

    at_once: int
    """How many partitions to distil at once."""
    is_here: bool
    """Whether it is this machine alone that computes, so that kernels may distil in its stead."""

    @abstractmethod
    def rows(self, path: Path) -> Frame:
        """Make one Parquet file a frame, with `locator`: the number of the row, the first is 1."""

    @abstractmethod
    def with_digest(self, frame: Frame, column: str, name: str) -> Frame:
        """Add the first 16 hexadecimal digits of the SHA-256 of a text, as `model.ids` takes them."""

    @abstractmethod
    def with_number(self, frame: Frame, columns: Sequence[str], name: str) -> Frame:
        """Add an int64 made of the values of some columns: equal for equal rows, whatever file they stand in."""

    @abstractmethod
    def write(self, frame: Frame, path: Path) -> None:
        """Compute a frame into one Parquet file."""


def refuse_other_columns(frames: Sequence[Frame]) -> None:
    """Raise ValueError where frames of a union differ in their columns or the order of these."""
    names = frames[0].collect_schema().names()
    if any(frame.collect_schema().names() != names for frame in frames):
        raise ValueError("frames of a union must have the same columns in the same order")
