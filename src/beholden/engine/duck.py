"""The embedded engine: DuckDB, spoken to in Narwhals expressions only.

Stages get lazy frames and give lazy frames; nothing outside this package sees
a connection, so the same stages can run on another engine.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import narwhals as nw
import pyarrow as pa

Frame = nw.LazyFrame[duckdb.DuckDBPyRelation]


class Engine:
    """One DuckDB database in memory, with a memory limit and a folder to spill to."""

    name = f"duckdb {duckdb.__version__}"

    def __init__(self, *, spill: Path | None = None, memory_limit: str = "2GB", threads: int = 2) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "preserve_insertion_order": False,
        }
        if spill is not None:
            config["temp_directory"] = str(spill)
        self._connection = duckdb.connect(config=config)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._n_kept = 0

    def __enter__(self) -> Self:
        """Enter the engine's life."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self._connection.close()

    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame, without copying it."""
        self._n_kept += 1
        name = f"bound_{self._n_kept}"
        self._connection.register(name, table)
        return nw.from_native(self._connection.table(name))

    def scan(self, path: Path) -> Frame:
        """Make a Parquet file a frame."""
        return nw.from_native(self._connection.read_parquet(str(path)))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame once, so that several later steps can read it."""
        self._n_kept += 1
        name = f"kept_{self._n_kept}"
        frame.to_native().create(name)
        return nw.from_native(self._connection.table(name))

    def union(self, frames: Sequence[Frame]) -> Frame:
        """Set frames of the same columns below each other; raises ValueError where their columns differ.

        Bound once, as one statement: a chain of unions binds every frame again and again.
        """
        names = frames[0].columns
        if any(frame.columns != names for frame in frames):
            raise ValueError("frames of a union must have the same columns in the same order")
        parts = [f"({frame.to_native().sql_query()})" for frame in frames]
        return nw.from_native(self._connection.sql(" UNION ALL ".join(parts)))

    def collect(self, frame: Frame) -> pa.Table:
        """Compute a frame and give it as an Arrow table."""
        table = frame.to_native().to_arrow_table()
        return table if isinstance(table, pa.Table) else table.read_all()

    def write(self, frame: Frame, path: Path) -> None:
        """Compute a frame into a Parquet file (zstd)."""
        frame.to_native().write_parquet(str(path), compression="zstd")
