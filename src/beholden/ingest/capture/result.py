"""What reading a capture gives, put together from conversations in memory and those written away."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.conversations import FLOWS, gather, merge, sides, to_bindings, to_flows
from beholden.ingest.capture.layout import Words
from beholden.ingest.capture.spill import Spill


@dataclass(frozen=True)
class Captured:
    """What a capture holds, apart from the selected packets."""

    kind: str
    n_records: int
    n_rejected: int
    first_us: int | None
    last_us: int | None
    n_bytes: int
    flows: pa.Table
    bindings: pa.Table


class Gathered:
    """The bindings so far, from conversations that come part by part."""

    def __init__(self) -> None:
        self._rows: Words = gather(sides(np.zeros((0, at.F_STORED), np.int64)))

    def add(self, rows: Words) -> None:
        """Add the sides of conversations."""
        self._rows = gather(np.concatenate((self._rows, gather(sides(rows)))))

    def table(self) -> pa.Table:
        """Make the table of bindings."""
        return to_bindings(self._rows)


def in_memory(rows: Words) -> tuple[pa.Table, pa.Table]:
    """Make flows and bindings of conversations that all fitted into the table."""
    gathered = Gathered()
    gathered.add(rows)
    return to_flows(rows), gathered.table()


def from_disk(spill: Spill) -> tuple[pa.Table, pa.Table]:
    """Merge conversations that were written away; the flows stay on disk, mapped, until they are dropped."""
    gathered = Gathered()
    with tempfile.NamedTemporaryFile(prefix="beholden-", suffix=".arrow") as file:
        with pa.OSFile(file.name, "wb") as sink, pa.ipc.new_file(sink, FLOWS) as writer:
            for rows in _merged(spill):
                gathered.add(rows)
                writer.write_table(to_flows(rows))
        flows = pa.ipc.open_file(pa.memory_map(str(Path(file.name)))).read_all()
    return flows, gathered.table()


def _merged(spill: Spill) -> Iterator[Words]:
    for number in range(spill.N_PARTS):
        yield merge(spill.part(number))


def captured(kind: str, state: Words, tables: tuple[pa.Table, pa.Table]) -> Captured:
    """Put counts and tables together."""
    is_timed = state[at.S_FIRST] < at.NEVER
    return Captured(
        kind=kind,
        n_records=int(state[at.S_FRAMES]),
        n_rejected=int(state[at.S_REJECTED]),
        first_us=int(state[at.S_FIRST]) if is_timed else None,
        last_us=int(state[at.S_LAST]) if is_timed else None,
        n_bytes=int(state[at.S_BYTES]),
        flows=tables[0],
        bindings=tables[1],
    )
