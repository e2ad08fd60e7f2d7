"""The tables of a scan on their way into its folder: batch by batch, so that none is ever whole in memory."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.engine.members import OWN
from beholden.engine.places import PLACE, shown
from beholden.engine.schemas import coded, coded_schema
from beholden.model.tables import TABLES

_BY_NAME = {table.name: table for table in TABLES}
_MOST_WAITING: Final = 4
"""Batches that may wait to be written: memory holds them all."""
_NUMBER: Final = PLACE[-1]
"""Of rows in the order of their evidence, numbers that rise: kept as differences."""


class Writing:
    """Parquet files (zstd) of the model's tables; those to which nothing was added are there, without rows.

    A thread beside writes in the order of adding; an error of it shows at a later adding, or at the end.
    """

    def __init__(self, folder: Path, sources: pa.Table) -> None:
        """Write into a folder; sources: the numbers that places speak of."""
        self._folder = folder
        self._sources = sources
        self._open: dict[str, pq.ParquetWriter] = {}
        self._beside = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files, once all is written."""
        self._beside.shutdown(cancel_futures=kind is not None)
        for table in TABLES:
            self._file(table.name)
        for file in self._open.values():
            file.close()
        if kind is None:
            self._wait(0)

    def add(self, name: str, batches: Iterable[pa.Table]) -> None:
        """Add rows to a table, with places written out; a nullable column that is not there is null."""
        for batch in batches:
            self._wait(_MOST_WAITING)
            self._waiting.append(self._beside.submit(self._write, name, batch))

    def _wait(self, most: int) -> None:
        """Wait until no more than so many batches wait, and raise what was wrong with those written."""
        while len(self._waiting) > most:
            self._waiting.popleft().result()

    def _write(self, name: str, batch: pa.Table) -> None:
        rows = shown(batch, self._sources) if "place" in batch.column_names else batch
        self._file(name).write_table(coded(_BY_NAME[name.removesuffix(OWN)], rows))

    def _file(self, name: str) -> pq.ParquetWriter:
        if name not in self._open:
            schema = coded_schema(_BY_NAME[name.removesuffix(OWN)])
            self._open[name] = pq.ParquetWriter(
                self._folder / f"{name}.parquet",
                schema,
                compression="zstd",
                use_dictionary=[one for one in schema.names if one != _NUMBER],
                column_encoding={_NUMBER: "DELTA_BINARY_PACKED"} if _NUMBER in schema.names else None,
                write_statistics=False,  # rows are in no order that they could tell of
                store_schema=False,  # codes are read as the words they stand for
            )
        return self._open[name]


def batches(pieces: Sequence[pa.Table | Path]) -> Iterator[pa.Table]:
    """Give tables and the row groups of Parquet files one after the other."""
    for piece in pieces:
        if isinstance(piece, pa.Table):
            yield piece
        else:
            with pq.ParquetFile(piece) as file:
                for at in range(file.num_row_groups):
                    yield file.read_row_group(at)
