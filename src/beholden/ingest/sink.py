"""A table on its way out of ingest: in memory while it is small, a Parquet file when it is not."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

Piece: TypeAlias = "pa.Table | Path"
"""A table in memory, or the Parquet file that holds it."""


@dataclass(frozen=True)
class Spill:
    """Where tables go that have more than so many rows."""

    folder: Path
    most_rows: int = 1 << 16


@dataclass
class Sink:
    """Takes one table bit by bit. Nothing is written where no place to spill to was given."""

    name: str
    schema: pa.Schema
    spill: Spill | None
    _held: list[pa.Table] = field(default_factory=list)
    _n_held: int = 0
    _writer: pq.ParquetWriter | None = None

    def add(self, data: pa.Table) -> None:
        """Take some rows."""
        self._held.append(data)
        self._n_held += data.num_rows
        if self.spill and self._n_held > self.spill.most_rows:
            self._write(self.spill.folder)

    def finish(self) -> Piece:
        """Give what came: once something was written, the file with all of it."""
        if self.spill and self._writer:
            self._write(self.spill.folder)
            self._writer.close()
            return self._path(self.spill.folder)
        return pa.concat_tables([self.schema.empty_table(), *self._held])

    def _write(self, folder: Path) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path(folder), self.schema, compression="none")
        for data in self._held:
            self._writer.write_table(data)
        self._held, self._n_held = [], 0

    def _path(self, folder: Path) -> Path:
        return folder / f"{self.name}.parquet"
