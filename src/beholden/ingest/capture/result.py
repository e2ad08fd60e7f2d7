"""What reading a capture gives, put together from conversations in memory and those written away."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.conversations import gather, merge, sides, to_bindings, to_flows
from beholden.ingest.capture.layout import Words
from beholden.ingest.parts import Parts

_MOST_LOOSE = 1 << 16


class Gathered:
    """The bindings so far, from conversations that come part by part."""

    def __init__(self) -> None:
        self._rows: list[Words] = [gather(sides(np.zeros((0, at.F_STORED), np.int64)))]

    def add(self, rows: Words) -> None:
        """Add the sides of conversations; they are added up when they have become twice as many."""
        self._rows.append(gather(sides(rows)))
        if sum(map(len, self._rows[1:])) > max(_MOST_LOOSE, len(self._rows[0])):
            self._rows = [gather(np.concatenate(self._rows))]

    def table(self) -> pa.Table:
        """Make the table of bindings."""
        return to_bindings(gather(np.concatenate(self._rows)))


@dataclass(frozen=True)
class Captured:
    """What a capture holds, apart from the selected packets."""

    kind: str
    n_records: int
    n_rejected: int
    first_us: int | None
    last_us: int | None
    n_bytes: int
    parts: Parts

    def conversations(self) -> Iterator[Words]:
        """Give whole conversations, by rising number, some at a time."""
        return map(merge, self.parts)

    @property
    def flows(self) -> pa.Table:
        """All conversations at once."""
        return pa.concat_tables(map(to_flows, self.conversations()))

    @property
    def bindings(self) -> pa.Table:
        """Which link address used which IP address."""
        gathered = Gathered()
        for rows in self.conversations():
            gathered.add(rows)
        return gathered.table()


def captured(kind: str, state: Words, parts: Parts) -> Captured:
    """Put counts and conversations together."""
    is_timed = state[at.S_FIRST] < at.NEVER
    return Captured(
        kind=kind,
        n_records=int(state[at.S_FRAMES]),
        n_rejected=int(state[at.S_REJECTED]),
        first_us=int(state[at.S_FIRST]) if is_timed else None,
        last_us=int(state[at.S_LAST]) if is_timed else None,
        n_bytes=int(state[at.S_BYTES]),
        parts=parts,
    )
