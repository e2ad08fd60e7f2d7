"""The engine for evidence beyond memory: DuckDB, spoken to in Narwhals expressions only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import narwhals as nw
import pyarrow as pa

from beholden.engine.base import ROWS, FleetEngine, Frame, refuse_other_columns


class DuckEngine(FleetEngine):
    """One DuckDB database in memory, with a memory limit and a folder to spill to."""

    name = f"duckdb {duckdb.__version__}"
    unreadable = (duckdb.Error, pa.ArrowException, OSError)
    is_here = True

    def __init__(self, *, spill: Path | None = None, memory_limit: str = "2GB", threads: int = 2) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "preserve_insertion_order": False,
        }
        if spill is not None:
            config["temp_directory"] = str(spill)
        self.at_once = threads
        self._connection = duckdb.connect(config=config)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._n_held = 0
        self._held: dict[str, bool] = {}  # names, and whether they are tables of the database

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame, without copying it."""
        name = self._name(is_table=False)
        self._connection.register(name, table)
        return nw.from_native(self._connection.table(name))

    def scan(self, paths: Sequence[Path]) -> Frame:
        """Make Parquet files of the same columns a frame."""
        return nw.from_native(self._connection.read_parquet([str(path) for path in paths]))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame once, so that several later steps can read it."""
        name = self._name(is_table=True)
        frame.to_native().create(name)
        return nw.from_native(self._connection.table(name))

    def union(self, frames: Sequence[Frame]) -> Frame:
        """Set frames of the same columns below each other; raises ValueError where their columns differ.

        Bound once, as one statement: a chain of unions binds every frame again and again.
        """
        refuse_other_columns(frames)
        parts = [f"({frame.to_native().sql_query()})" for frame in frames]
        return nw.from_native(self._connection.sql(" UNION ALL ".join(parts)))

    def collect(self, frame: Frame) -> pa.Table:
        """Compute a frame and give it as an Arrow table."""
        table = frame.to_native().to_arrow_table()
        return table if isinstance(table, pa.Table) else table.read_all()

    def batches(self, frame: Frame) -> Iterator[pa.Table]:
        """Compute a frame and give its rows bit by bit."""
        for batch in frame.to_native().to_arrow_reader(ROWS):
            yield pa.Table.from_batches([batch])

    def rows(self, path: Path) -> Frame:
        """Make one Parquet file a frame, with `locator`: the number of the row, the first is 1."""
        read = self._connection.read_parquet(str(path), file_row_number=True)
        frame: Frame = nw.from_native(
            read.project("* EXCLUDE file_row_number, file_row_number + 1 AS locator")
        )
        return frame

    def with_digest(self, frame: Frame, column: str, name: str) -> Frame:
        """Add the first 16 hexadecimal digits of the SHA-256 of a text, as `model.ids` takes them."""
        return _with(frame, f'sha256("{column}")[:16]', name)

    def with_number(self, frame: Frame, columns: Sequence[str], name: str) -> Frame:
        """Add an int64 made of the values of some columns: equal for equal rows, whatever file they stand in."""
        values = ", ".join(f'"{column}"' for column in columns)
        return _with(frame, f"(hash({values}) >> 1)::BIGINT", name)

    def write(self, frame: Frame, path: Path) -> None:
        """Compute a frame into one Parquet file."""
        frame.to_native().write_parquet(str(path), compression="snappy")

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let everything go at the end of a block that was bound or kept in it."""
        before = set(self._held)
        yield
        for name in [name for name in self._held if name not in before]:
            if self._held.pop(name):
                self._connection.execute(f"DROP TABLE {name}")
            else:
                self._connection.unregister(name)

    def _name(self, *, is_table: bool) -> str:
        self._n_held += 1
        name = f"held_{self._n_held}"
        self._held[name] = is_table
        return name


def _with(frame: Frame, expression: str, name: str) -> Frame:
    """Add a column that DuckDB computes by an expression of its own."""
    added: Frame = nw.from_native(frame.to_native().project(f'*, {expression} AS "{name}"'))
    return added
