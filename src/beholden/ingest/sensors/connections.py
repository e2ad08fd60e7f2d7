"""Connections as sensors log them: flows, and which link address used which IP address."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.logs import Log
from beholden.ingest.sensors.coded import Coded, Words
from beholden.model.addresses import LOCAL_IP

UTC = pa.timestamp("us", tz="UTC")
_FOLDS = [("locator", "min"), ("n", "sum"), ("first", "min"), ("last", "max")]
NO_HOST = r"^(?:0\.0\.0\.0|255\.255\.255\.255|(?:22[4-9]|23[0-9])\..*|::|ff..:.*)$"
_LINK_LOCAL = ("169.254.", "f")
_MOST_RELAYED = 1 << 12
"""Public addresses of one link address that are counted; more say no more."""


@dataclass
class Side:
    """One side of connections: link and IP address, port, and what it sent."""

    mac: Coded
    ip: Coded
    port: pa.Array
    packets: Words
    n_bytes: Words


@dataclass
class Connections:
    """Connections in columns; times in microseconds, addresses canonical, both sides known."""

    locator: Words
    protocol: pa.Array
    client: Side
    server: Side
    first: Words
    last: Words
    n_syn: Words
    is_established: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    vlan: pa.Array | None = None

    def flows(self) -> pa.Table:
        """Give the table of flows, without names."""
        columns = {
            "locator": self.locator,
            "protocol": self.protocol,
            "first_seen_at": pa.array(self.first).cast(UTC),
            "last_seen_at": pa.array(self.last).cast(UTC),
            "n_syn": self.n_syn,
            "is_established": self.is_established,
        }
        if self.vlan is not None:
            columns["vlan"] = self.vlan
        for name, side in (("client", self.client), ("server", self.server)):
            columns[f"{name}_mac"], columns[f"{name}_ip"] = side.mac.text(), side.ip.text()
            columns[f"{name}_port"] = side.port
            columns[f"{name}_packets"], columns[f"{name}_bytes"] = side.packets, side.n_bytes
        return pa.table(columns)


class Stations:
    """Which link address sent from which IP address, gathered from connections and told to a log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._relayed: dict[str, set[str]] = {}
        self._relays: dict[tuple[str, ...], list[int]] = {}
        self._linked: dict[tuple[str, ...], list[int]] = {}

    def add(self, rows: Connections) -> None:
        """Take connections."""
        is_linked = _on_one_link(rows)
        for side in (rows.client, rows.server):
            pairs = _pairs(rows, side, side.packets > 0)
            is_local = pc.match_substring_regex(pairs["ip"], LOCAL_IP)
            self._tell(pairs.filter(is_local), "frame.ip")
            self._relay(pairs.filter(pc.and_(pc.invert(is_local), pc.is_valid(pairs["mac"]))))
            if is_linked.any():
                _gather(self._linked, _pairs(rows, side, is_linked & (side.packets > 0)), ("mac", "ip"))

    def finish(self) -> None:
        """Tell how many public addresses each link address relays, and which local one is its own.

        Two hosts of one network speak without a router between them: a link address that sent from a single
        local IPv4 address of such a network, alone, is that host's.
        """
        relays = [
            (mac, str(len(self._relayed[mac])), *cells) for (mac,), cells in sorted(self._relays.items())
        ]
        self._tell(_table(relays), "frame.relays")
        if self._linked:
            macs, ips = (Counter(each) for each in zip(*self._linked, strict=True))
            own = [
                (mac, ip, *cells)
                for (mac, ip), cells in sorted(self._linked.items())
                if macs[mac] == ips[ip] == 1
            ]
            self._tell(_table(own), "ip")

    def _relay(self, pairs: pa.Table) -> None:
        _gather(self._relays, pairs.group_by("mac", use_threads=False).aggregate(_FOLDS), ("mac",))
        for mac in pairs["mac"].unique().to_pylist():
            seen = self._relayed.setdefault(mac, set())
            if len(seen) < _MOST_RELAYED:
                seen.update(pairs["ip"].filter(pc.equal(pairs["mac"], mac)).to_pylist())

    def _tell(self, pairs: pa.Table, name: str) -> None:
        has_mac = pc.is_valid(pairs["mac"])
        self._log.observe(
            pa.table(
                {
                    "locator": pairs["locator"],
                    "subject_kind": pc.if_else(has_mac, "mac", "ip"),
                    "subject": pc.coalesce(pairs["mac"], pairs["ip"]),
                    "property": pa.repeat(name, pairs.num_rows),
                    "value": pairs["ip"],
                    "n": pairs["n"],
                    "first_seen_at": pairs["first"].cast(UTC),
                    "last_seen_at": pairs["last"].cast(UTC),
                }
            )
        )


_PAIRS = pa.schema([("mac", pa.string()), ("ip", pa.string()), *((name, pa.int64()) for name, _ in _FOLDS)])


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(_PAIRS.names, row, strict=True)) for row in rows], _PAIRS)


def _pairs(
    rows: Connections, side: Side, is_counted: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> pa.Table:
    """Give each pair of link and IP address that sent, with the first line, packets and times."""
    at = np.flatnonzero(is_counted & ~side.ip.matches(NO_HOST))
    n_ips = max(len(side.ip.words), 1)
    key = (side.mac.codes[at] + 1) * n_ips + side.ip.codes[at]
    cells = {"locator": rows.locator, "n": side.packets, "first": rows.first, "last": rows.last}
    table = pa.table({"key": key, **{name: cell[at] for name, cell in cells.items()}})
    folded = table.group_by("key", use_threads=False).aggregate(_FOLDS)
    keys = folded["key"].to_numpy()
    mac = Coded(side.mac.words, keys // n_ips - 1).text()
    columns = [mac, side.ip.words.take(pa.array(keys % n_ips)), *folded.columns[1:]]
    return pa.table(columns, names=["mac", "ip", *(name for name, _ in _FOLDS)]).cast(_PAIRS)


def _on_one_link(rows: Connections) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Say which connections are between two local IPv4 hosts of one network (/24) whose link addresses are known."""
    names: dict[str, int] = {}
    is_linked = rows.client.mac.is_known & rows.server.mac.is_known
    before = None
    for side in (rows.server, rows.client):
        net = side.ip.numbers(_nets(side.ip.words, names), -1)
        is_linked &= (net >= 0) if before is None else (net == before)
        before = net
        if not is_linked.any():
            break
    return is_linked


def _nets(words: pa.Array, names: dict[str, int]) -> Words:
    """Give the networks of local IPv4 addresses numbers, -1 for others."""
    of_words = np.full(len(words), -1)
    is_local = pc.fill_null(pc.match_substring_regex(words, LOCAL_IP), False)
    local = np.flatnonzero(is_local.to_numpy(zero_copy_only=False))
    for at, ip in zip(local.tolist(), words.take(pa.array(local)).to_pylist(), strict=True):
        if not ip.startswith(_LINK_LOCAL):
            of_words[at] = names.setdefault(ip.rpartition(".")[0], len(names))
    return of_words


def _gather(held: dict[tuple[str, ...], list[int]], pairs: pa.Table, keys: tuple[str, ...]) -> None:
    """Add pairs up: least line, packets, first and last."""
    names = zip(*(pairs[name].to_pylist() for name in keys), strict=True)
    cells = zip(*(column.to_pylist() for column in pairs.columns[-len(_FOLDS) :]), strict=True)
    for key, (locator, n, first, last) in zip(names, cells, strict=True):
        own = held.setdefault(key, [locator, 0, first, last])
        own[:] = [min(own[0], locator), own[1] + n, min(own[2], first), max(own[3], last)]
