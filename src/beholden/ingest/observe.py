"""Selected packets in, observations out: dissect each distinct payload once, join back to senders in columns.

Memory is bounded: rows wait in a buffer of at most 32 MB; what they said is folded into one row per subject, property
and value, part by part.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from beholden.ingest.dissect import naming, subjects
from beholden.ingest.dissect.payloads import LOOKUP, Entries, Payloads
from beholden.ingest.dissect.streams import QUIC, join
from beholden.ingest.dissect.subjects import expand, fold, grouped, owner, split_addresses, told
from beholden.ingest.parts import N_PARTS, Parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 65_536
_MOST_BYTES = 8 << 20
_MOST_HELD = 8 << 20
_STREAM_IDLE_US = 30_000_000


class Observed(NamedTuple):
    """What packets said, as rows of `dissect.subjects` and `dissect.naming`, and the texts that values count into."""

    told: Parts  # by rising place of first sight
    lookups: Parts  # likewise
    named: "NDArray[np.int64]"
    values: list[str]


class Observer:
    """Takes batches of `ingest.selected.SELECTED` of one evidence and gives its observations."""

    def __init__(self) -> None:
        self._payloads = Payloads()
        self._waiting: list[pa.RecordBatch] = []
        self._streams: pa.Table | None = None
        self._told = Parts(subjects.WIDTH)
        self._named: list[NDArray[np.int64]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Take selected packets; they are dissected when enough have come."""
        self._waiting.append(batch)
        rows = sum(len(waiting) for waiting in self._waiting)
        if rows >= _MOST_ROWS or sum(waiting.nbytes for waiting in self._waiting) >= _MOST_BYTES:
            self._fold_waiting(is_last=False)

    def finish(self, n_frames: int) -> Observed:
        """Dissect what waits and return all that was observed in frames up to a number."""
        self._fold_waiting(is_last=True)
        observed, lookups = Parts(subjects.WIDTH), Parts(subjects.WIDTH)
        for part in self._told:
            rows = fold(part)
            place = rows[:, subjects.FRAME] * N_PARTS // (n_frames + 1)
            is_lookup = rows[:, subjects.PROPERTY] == LOOKUP
            lookups.add(rows[is_lookup], place[is_lookup])
            observed.add(rows[~is_lookup], place[~is_lookup])
        self._told.close()
        named = naming.ordered(self._named)
        return Observed(observed, lookups, named, self._payloads.values)

    def _fold_waiting(self, *, is_last: bool) -> None:
        batches, self._waiting = self._waiting, []
        streams = [self._streams] if self._streams is not None else []
        self._streams = None
        if batches:
            rows = split_addresses(pa.Table.from_batches(batches))
            is_stream = _is_stream(rows)
            self._fold(rows.filter(pa.array(~is_stream)))
            streams.append(rows.filter(pa.array(is_stream)))
        if streams:
            waiting = pa.concat_tables(streams)
            if not is_last:
                waiting, self._streams = _settled(waiting)
            self._fold(join(waiting))
        pa.default_memory_pool().release_unused()  # else the allocator keeps twice of what is in use

    def _fold(self, rows: pa.Table) -> None:
        """Dissect rows that each hold one payload, and fold them into the aggregate."""
        if not rows.num_rows:
            return
        rows = rows.combine_chunks()
        code, entries = self._payloads.read(rows["protocol"].to_numpy(), rows["payload"].chunk(0))
        self._name_flows(rows, code, entries)
        said = told(grouped(rows, code, entries), entries)
        self._told.add(said, subjects.part_of(said))

    def _name_flows(self, rows: pa.Table, code: "NDArray[np.int64]", entries: Entries) -> None:
        """Keep server names, hosts and JA4 by flow."""
        is_name = np.isin(entries.property, naming.NUMBERS)
        per_code = np.bincount(owner(entries)[is_name], minlength=len(entries.counts)) > 0
        flow = rows["flow"].to_numpy()
        at = np.flatnonzero(per_code[code] & (flow >= 0))
        row, entry = expand(code[at], entries)
        kept = is_name[entry]
        row, entry = at[row[kept]], entry[kept]
        if len(row):
            frame = rows["frame"].to_numpy()
            cells = (flow[row], frame[row], entries.property[entry], entries.value[entry])
            self._named.append(np.stack(cells, axis=1))


def _is_stream(rows: pa.Table) -> "NDArray[np.bool_]":
    is_segment = rows["stream_offset"].to_numpy() >= 0
    is_quic = (rows["protocol"].to_numpy() == QUIC) & (rows["flow"].to_numpy() >= 0)
    is_stream: NDArray[np.bool_] = is_segment | is_quic
    return is_stream


def _settled(rows: pa.Table) -> tuple[pa.Table, pa.Table | None]:
    """Split stream rows into those to join now and those whose flow may go on."""
    last = rows["last_us"].to_numpy()
    if not len(last):
        return rows, None
    flow = rows["flow"].to_numpy()
    fresh = np.unique(flow[last > last.max() - _STREAM_IDLE_US])
    is_fresh = np.isin(flow, fresh)
    held = rows.filter(pa.array(is_fresh))
    if held.nbytes > _MOST_HELD:
        return rows, None
    return rows.filter(pa.array(~is_fresh)), held
