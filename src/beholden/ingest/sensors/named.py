"""Names of connections that stand in other records: by the connection's id, or by who had looked the address up."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from beholden.ingest.dissect.naming import LookedUp
from beholden.ingest.parts import mixed
from beholden.ingest.sensors.coded import Coded, Words, hashed

NAMES = ("sni", "http_host", "ja4")


class Names:
    """Names by connection and by look-up, at most so many of each kind; of more, the latest."""

    def __init__(self, most: int) -> None:
        self._by_id = {name: _ById(most) for name in NAMES}
        self._looked_up = _ByAddress(most)

    @property
    def are_by_id(self) -> bool:
        """Say whether there are names by the id of a connection."""
        return any(held.is_any for held in self._by_id.values())

    def add(self, ids: Words, columns: Mapping[str, Coded]) -> None:
        """Take names of connections: columns among `NAMES`."""
        for name, column in columns.items():
            self._by_id[name].add(ids, column)

    def look_up(self, found: pa.Table) -> None:
        """Take look-ups: client_ip, name, address, first_seen_at."""
        self._looked_up.add(found)

    def of(self, ids: Words, flows: pa.Table, *, is_last: bool = False) -> pa.Table:
        """Give flows their names; ids that come no more are forgotten."""
        for name, held in self._by_id.items():
            flows = flows.append_column(name, held.of(ids, is_last=is_last))
        return flows.append_column("server_name", self._looked_up.of(flows))


class _ById:
    """The first text of each id."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number: dict[str, int] = {}
        self._parts: list[Words] = []
        self._is_ordered = True

    @property
    def is_any(self) -> bool:
        return bool(self._parts)

    def add(self, ids: Words, column: Coded) -> None:
        if not column.is_known.any():
            return
        if len(self._number) > self._most:
            self._number, self._parts = {}, []
        of_words = [self._number.setdefault(each, len(self._number)) for each in column.words.to_pylist()]
        at = np.flatnonzero(column.is_known)
        self._parts.append(np.stack((ids[at], column.numbers(np.array(of_words, np.int64))[at]), axis=1))
        self._is_ordered = False
        while sum(map(len, self._parts[1:])) > self._most:
            self._parts.pop(0)

    def of(self, ids: Words, *, is_last: bool) -> pa.Array:
        rows = self._ordered()
        if not len(rows):
            return pa.nulls(len(ids), pa.string())
        at = np.minimum(np.searchsorted(rows[:, 0], ids), len(rows) - 1)
        is_found = rows[at, 0] == ids
        if is_last:
            is_kept = np.ones(len(rows), bool)
            is_kept[at[is_found]] = False
            self._parts = [rows[is_kept]]
        words = pa.array(list(self._number), pa.string())
        return words.take(pa.array(rows[at, 1], mask=~is_found))

    def _ordered(self) -> Words:
        if not self._is_ordered:
            rows = np.concatenate(self._parts)
            rows = rows[np.argsort(rows[:, 0], kind="stable")]
            self._parts = [rows[np.append(True, rows[1:, 0] != rows[:-1, 0])]]
            self._is_ordered = True
        return self._parts[0] if self._parts else np.empty((0, 2), np.int64)


class _ByAddress:
    """Which name each client was first given for each address, and when."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number: dict[str, int] = {}
        self._held = np.empty((0, 4), np.int64)  # client, address, name, time
        self._ready: LookedUp | None = None

    def add(self, found: pa.Table) -> None:
        if not found.num_rows:
            return
        name = Coded.of(found["name"])
        of_words = [self._number.setdefault(each, len(self._number)) for each in name.words.to_pylist()]
        cells = (
            hashed(found["client_ip"]),
            hashed(found["address"]),
            name.numbers(np.array(of_words, np.int64)),
            found["first_seen_at"].cast(pa.int64()).to_numpy(),
        )
        rows = np.concatenate((self._held, np.stack(cells, axis=1)))
        key = mixed(rows[:, :3])
        order = np.lexsort((rows[:, 3], key))
        is_first = np.append(True, np.diff(key[order]) != 0)
        rows = rows[order[is_first]]
        if len(rows) > self._most:
            rows = rows[np.argsort(rows[:, 3])[-self._most // 2 :]]
        self._held, self._ready = rows, None

    def of(self, flows: pa.Table) -> pa.Array:
        if not len(self._held):
            return pa.nulls(flows.num_rows, pa.string())
        if self._ready is None:
            self._ready = self._ordered()
        parties = np.stack((hashed(flows["client_ip"]), hashed(flows["server_ip"])), axis=1)
        first = flows["first_seen_at"].cast(pa.int64()).to_numpy()
        found = self._ready.nearest(parties, first)
        return pa.array(self._ready.names, pa.string()).take(pa.array(found, mask=found < 0))

    def _ordered(self) -> LookedUp:
        parties = np.ascontiguousarray(self._held[:, :2])
        key = mixed(parties)
        order = np.argsort(key, kind="stable")
        rows = self._held[order]
        names = sorted(self._number)
        rank = {name: place for place, name in enumerate(names)}
        ranked = np.array([rank[name] for name in self._number], np.int64)
        return LookedUp(key[order], parties[order], ranked[rows[:, 2]], rows[:, 3], names)
