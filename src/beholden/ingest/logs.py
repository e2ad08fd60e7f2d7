"""What every reader is and gives; rows of logs on their way to the model's tables, folded, in bounded memory.

A reader is one module of `ingest.readers` with `READER`, `recognise(head, path)` and `read(path, evidence_id, *, report,
options)`, which gives a `ReadLog`, or an `Inventory` where rows are stated and not seen.
"""

import tempfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.places import counts
from beholden.engine.schemas import arrow_schema, coded, conform, empty
from beholden.ingest.sink import Piece, Sink, Spill
from beholden.model.columns import Table
from beholden.model.tables import FLOWS, LOOKUPS, OBSERVATIONS

MOST_HELD = 250_000
"""Rows of one table that are held in memory before they are parted and written away."""
_N_PARTS = 32
_KEYS = {
    "observations": ["subject_kind", "subject", "mac", "property", "value"],
    "lookups": ["client_ip", "mac", "name", "address"],
}
_FOLDS = [("n", "sum"), ("locator", "min"), ("first_seen_at", "min"), ("last_seen_at", "max")]


class Reader(NamedTuple):
    """One kind of evidence: what it is, what it can tell, and what it cannot or where its reading ends."""

    name: str
    kind: str
    reads: str
    yields: str
    limits: str


@dataclass(frozen=True)
class ReadLog:
    """What one log says; `n_rejected` are records that could not be read."""

    kind: str
    n_records: int
    n_rejected: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    observations: Piece
    flows: Piece
    lookups: Piece


class Log:
    """Takes what one log says, block by block, in columns named as in the model.

    Of observations and look-ups `n` is 1, `mac` null and `last_seen_at` as `first_seen_at` where they are left out; what
    is said again is folded into one row. What locators of the kind count, `engine.places` knows. `n_records` and
    `n_rejected` are for the reader to count.
    """

    def __init__(self, kind: str, evidence_id: str, spill: Spill | None) -> None:
        self._kind, self._evidence_id = kind, evidence_id
        self._said = {table.name: _Folded(table) for table in (OBSERVATIONS, LOOKUPS)}
        self._sinks = {
            table.name: Sink(f"{evidence_id}-{table.name}", _shaped(table, empty(table)).schema, spill)
            for table in (OBSERVATIONS, FLOWS, LOOKUPS)
        }
        self._times: list[datetime] = []
        self.n_records = self.n_rejected = 0

    def observe(self, rows: pa.Table) -> None:
        """Take observations: locator, subject_kind, subject, property, value, first_seen_at."""
        self._said["observations"].add(self._timed(rows))

    def look_up(self, rows: pa.Table) -> None:
        """Take look-ups: locator, client_ip, name, address, first_seen_at."""
        self._said["lookups"].add(self._timed(rows))

    def flow(self, rows: pa.Table) -> None:
        """Take flows; their columns as the model has them."""
        rows = self._timed(rows).append_column("evidence_id", pa.repeat(self._evidence_id, rows.num_rows))
        self._sinks["flows"].add(conform(FLOWS, rows))

    def seen(self, instants: pa.Array | pa.ChunkedArray) -> None:
        """Take instants of records that say nothing else."""
        bounds = pc.min_max(instants).as_py()
        self._times += [each for each in bounds.values() if each is not None]
        self._times[:] = [min(self._times), max(self._times)] if self._times else []

    def finish(self) -> ReadLog:
        """Give all that came, conformed to the model, and written to files where it is much."""
        for name, folded in self._said.items():
            for rows in folded.parts():
                self._sinks[name].add(self._placed(name, rows))
        pieces = {name: sink.finish() for name, sink in self._sinks.items()}
        first, last = (self._times[0], self._times[-1]) if self._times else (None, None)
        return ReadLog(self._kind, self.n_records, self.n_rejected, first, last, **pieces)

    def _timed(self, rows: pa.Table) -> pa.Table:
        if "last_seen_at" not in rows.column_names:
            rows = rows.append_column("last_seen_at", rows["first_seen_at"])
        self.seen(rows["first_seen_at"])
        self.seen(rows["last_seen_at"])
        return rows

    def _placed(self, name: str, rows: pa.Table) -> pa.Table:
        rows = rows.append_column("evidence_id", pa.repeat(self._evidence_id, rows.num_rows))
        if name == "lookups":
            return conform(LOOKUPS, rows)
        unit = pa.repeat(counts(self._kind), rows.num_rows)
        return coded(OBSERVATIONS, rows.append_column("locator_kind", unit))


class _Folded:
    """Rows of one table; what agrees in its keys is one row. Much is parted by subject and waits in temporary files."""

    def __init__(self, table: Table) -> None:
        names = [*_KEYS[table.name], *(name for name, _ in _FOLDS)]
        self._schema = pa.schema([arrow_schema(table).field(name).with_nullable(True) for name in names])
        self._keys = _KEYS[table.name]
        self._part_by = "subject" if table is OBSERVATIONS else "client_ip"
        self._held: list[pa.Table] = []
        self._n_held = 0
        self._files: list[pa.RecordBatchStreamWriter] = []
        self._raw: list[BinaryIO] = []

    def add(self, rows: pa.Table) -> None:
        """Take rows; they are folded when many are held, and written away when many are different."""
        filled = {"n": pa.repeat(1, rows.num_rows), "mac": pa.nulls(rows.num_rows, pa.string())}
        for name, column in filled.items():
            if name not in rows.column_names:
                rows = rows.append_column(name, column)
        self._held.append(rows.select(self._schema.names).cast(self._schema))
        self._n_held += self._held[-1].num_rows
        if self._n_held > MOST_HELD:
            self._held = [self._fold(self._held)]
            self._n_held = self._held[0].num_rows
            if self._n_held > MOST_HELD // 2:
                self._write()

    def parts(self) -> "list[pa.Table] | map[pa.Table]":
        """Give the rows, folded, each part in the order of first sight; the part of a subject depends on it alone."""
        if not self._files:
            return [self._ordered(self._fold(self._held))]
        self._write()
        for writer in self._files:
            writer.close()
        return map(self._part, self._raw)

    def _part(self, file: BinaryIO) -> pa.Table:
        with file:
            file.seek(0)
            return self._ordered(self._fold([pa.ipc.open_stream(file).read_all()]))

    def _fold(self, tables: list[pa.Table]) -> pa.Table:
        rows = pa.concat_tables([self._schema.empty_table(), *tables])
        folded = rows.group_by(self._keys, use_threads=False).aggregate(_FOLDS)
        return folded.rename_columns(self._schema.names)

    def _ordered(self, rows: pa.Table) -> pa.Table:
        return rows.sort_by([(name, "ascending") for name in ("locator", *self._keys)])

    def _write(self) -> None:
        if not self._files:
            self._raw = [tempfile.TemporaryFile() for _ in range(_N_PARTS)]  # noqa: SIM115 - `_part` closes them
            self._files = [pa.ipc.new_stream(file, self._schema) for file in self._raw]
        for rows in self._held:
            subjects = rows[self._part_by].combine_chunks().dictionary_encode()
            number = [
                zlib.crc32((each or "").encode()) % _N_PARTS for each in subjects.dictionary.to_pylist()
            ]
            part = pa.array(number, pa.int8()).take(subjects.indices)
            for at in np.unique(part.to_numpy()).tolist():
                self._files[at].write_table(rows.filter(pc.equal(part, at)))
        self._held, self._n_held = [], 0


def _shaped(table: Table, rows: pa.Table) -> pa.Table:
    return (coded if table is OBSERVATIONS else conform)(table, rows)
