"""Records of flows as routers and probes export them, one direction each, put together into conversations.

Exporters say little of who spoke first. Where they do not say it (RFC 5103, 6.3), it is the earlier side of a TCP
connection whose SYN was seen, else the side whose port is no service's, by its number or by how many it is spoken to
from, else the earlier side.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beholden.ingest.logs import Log
from beholden.ingest.sensors.coded import Coded, Words
from beholden.ingest.sensors.connections import Connections, Side, Stations

MOST_HELD = 1_000_000
"""Records that are held before they are put together; half as many conversations are handed on, and begin anew."""
_PAST = 253_402_300_799_000_000
"""The last second of the year 9999."""
NEVER = np.int64(1 << 62)
_SYN, _ACK = 2, 16
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6"}
_WITH_PORTS = (6, 17, 132)
_KEYS = ["ips", "rest"]
_SUMS = ["low_packets", "low_bytes", "high_packets", "high_bytes"]
_LEAST = ["locator", "low_first", "high_first"]
_MOST = [
    "last",
    "low_syn",
    "high_syn",
    "low_ack",
    "high_ack",
    "low_began",
    "high_began",
    "low_mac",
    "high_mac",
    "vlan",
]
_FOLDS = [
    *((one, "sum") for one in _SUMS),
    *((one, "min") for one in _LEAST),
    *((one, "max") for one in _MOST),
]
Mask = npt.NDArray[np.bool_]


class Exported(NamedTuple):
    """Records in columns; times in microseconds, -1 where a port or VLAN is not told, 0 for TCP flags."""

    locator: Words
    source: Coded
    target: Coded
    source_port: Words
    target_port: Words
    protocol: Words
    first: Words
    last: Words
    packets: Words
    n_bytes: Words
    back_packets: Words
    """Of the answers, in records of both directions; so `back_bytes`."""
    back_bytes: Words
    flags: Words
    source_mac: Coded
    target_mac: Coded
    vlan: Words
    initiator: Words
    """Who spoke first as the exporter says: 1 the source, 2 the target, else not told."""


class Conversations:
    """Puts records together and hands conversations on to a log."""

    def __init__(self, log: Log) -> None:
        self._log, self._stations = log, Stations(log)
        self._begin()

    def _begin(self) -> None:
        self._ips, self._macs = _Book(), _Book()
        self._held: list[pa.Table] = []
        self._n_held = 0

    def add(self, records: Exported) -> int:
        """Take records; gives how many lack an address or a time, and are left out."""
        is_known = records.source.is_known & records.target.is_known
        is_known &= (records.first >= 0) & (records.first < _PAST)
        at = np.flatnonzero(is_known)
        self._held.append(self._sides(records, at))
        self._n_held += len(at)
        if self._n_held > MOST_HELD:
            self._held = [_folded(self._held)]
            self._n_held = self._held[0].num_rows
            if self._n_held > MOST_HELD // 2:
                self._hand_on()
        return len(is_known) - len(at)

    def finish(self) -> None:
        """Hand on what is held."""
        self._hand_on()
        self._stations.finish()

    def _sides(self, records: Exported, at: Words) -> pa.Table:
        """Name the sides of each record low and high by their numbers, so that both directions agree."""
        protocol = records.protocol[at]
        has_ports = np.isin(protocol, _WITH_PORTS)
        sides = [
            (self._ips.numbers(ip)[at], np.where(has_ports, port[at], -1), self._macs.numbers(mac)[at])
            for ip, port, mac in (
                (records.source, records.source_port, records.source_mac),
                (records.target, records.target_port, records.target_mac),
            )
        ]
        (source, source_port, source_mac), (target, target_port, target_mac) = sides
        is_low = (source < target) | ((source == target) & (source_port <= target_port))
        low, high = np.where(is_low, source, target), np.where(is_low, target, source)
        ports = [
            np.where(is_low, one, other) + 1
            for one, other in ((source_port, target_port), (target_port, source_port))
        ]
        columns = {"ips": low << 32 | high, "rest": protocol << 40 | ports[0] << 20 | ports[1]}
        initiator, answers = records.initiator[at], records.back_packets[at] > 0
        syn, ack = (((records.flags[at] & bit) > 0).astype(np.int64) for bit in (_SYN, _ACK))
        shared = {
            "packets": (records.packets[at], records.back_packets[at]),
            "bytes": (records.n_bytes[at], records.back_bytes[at]),
            "first": (records.first[at], np.full(len(at), NEVER)),
            "syn": (syn, syn * answers),
            "ack": (ack, ack * answers),
            "began": ((initiator == 1).astype(np.int64), (initiator == 2).astype(np.int64)),
            "mac": (source_mac, target_mac),
        }
        for name, (of_source, of_target) in shared.items():
            columns[f"low_{name}"] = np.where(is_low, of_source, of_target)
            columns[f"high_{name}"] = np.where(is_low, of_target, of_source)
        columns |= {
            "locator": records.locator[at],
            "last": np.clip(records.last[at], 0, _PAST),
            "vlan": records.vlan[at],
        }
        return pa.table(columns)

    def _hand_on(self) -> None:
        rows = _folded(self._held).sort_by("locator") if self._held else None
        if rows is not None and rows.num_rows:
            found = _connections(rows, self._ips.words(), self._macs.words())
            self._stations.add(found)
            self._log.flow(found.flows())
        self._begin()


class _Book:
    """Numbers for words: the same for the same word."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbers(self, column: Coded) -> Words:
        """Give the number of each row's word, -1 where it has none."""
        own = [
            -1 if word is None else self._numbers.setdefault(word, len(self._numbers))
            for word in column.words.to_pylist()
        ]
        numbers: Words = np.array([*own, -1], np.int64)[column.codes]
        return numbers

    def words(self) -> pa.Array:
        """Give the words in the order of their numbers."""
        return pa.array(self._numbers, pa.string())


def _folded(tables: list[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(tables)
    return (
        rows.group_by(_KEYS, use_threads=False)
        .aggregate(_FOLDS)
        .rename_columns([*_KEYS, *(name for name, _ in _FOLDS)])
    )


def _connections(rows: pa.Table, ips: pa.Array, macs: pa.Array) -> Connections:
    """Make conversations of records put together; the client is the side that spoke first as far as that is told."""
    cell = {name: rows[name].to_numpy() for name in rows.column_names}
    protocol = cell["rest"] >> 40
    ports = cell["rest"] >> 20 & 0xFFFFF, cell["rest"] & 0xFFFFF
    is_low = _is_low_client(cell, *ports)
    client, server = (
        Side(
            Coded(macs, np.where(is_side_low, cell["low_mac"], cell["high_mac"])),
            Coded(ips, np.where(is_side_low, cell["ips"] >> 32, cell["ips"] & 0xFFFFFFFF)),
            pa.array(np.where(is_side_low, *ports) - 1, mask=np.where(is_side_low, *ports) == 0),
            np.where(is_side_low, cell["low_packets"], cell["high_packets"]),
            np.where(is_side_low, cell["low_bytes"], cell["high_bytes"]),
        )
        for is_side_low in (is_low, ~is_low)
    )
    client_syn = np.where(is_low, cell["low_syn"], cell["high_syn"])
    first = np.minimum(cell["low_first"], cell["high_first"])
    vlan = pa.array(cell["vlan"], mask=cell["vlan"] < 0)
    is_established = _is_established(cell, protocol == 6, is_low)
    return Connections(
        cell["locator"],
        _named(protocol),
        client,
        server,
        first,
        np.maximum(cell["last"], first),
        client_syn,
        is_established,
        vlan,
    )


def _is_low_client(cell: dict[str, Words], low_port: Words, high_port: Words) -> Mask:
    """Say where the low side is the client."""
    low_first, high_first = cell["low_first"], cell["high_first"]
    is_ordered = low_first != high_first
    is_begun = (cell["low_syn"] | cell["high_syn"]) > 0
    is_both = (low_first < NEVER) & (high_first < NEVER)
    low, high = (
        np.searchsorted([1025, 32769], port, "right") for port in (low_port, high_port)
    )  # as port + 1
    rules = [
        (cell["low_began"] != cell["high_began"], cell["low_began"] > 0),
        (is_begun & is_both & is_ordered, low_first < high_first),
        (low != high, low > high),
        (is_ordered, low_first < high_first),
    ]
    holds, answers = zip(*rules, strict=True)
    is_low: Mask = np.select(holds, answers, low_port >= high_port)
    return is_low


def _meets(low: Words, low_port: Words, high: Words, high_port: Words) -> tuple[Words, Words]:
    """Count the conversations of each address and port: that of a service has many."""
    ends = np.concatenate([low << 20 | low_port, high << 20 | high_port])
    coded = pa.array(ends).dictionary_encode()
    codes = coded.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(coded.dictionary))[codes]
    return counts[: len(low)], counts[len(low) :]


def _is_established(cell: dict[str, Words], is_tcp: Mask, is_low: Mask) -> Mask:
    """Say where both sides spoke; of TCP whose flags are told also that the handshake was completed."""
    is_both = (cell["low_packets"] > 0) & (cell["high_packets"] > 0)
    client_ack = np.where(is_low, cell["low_ack"], cell["high_ack"])
    server_syn = np.where(is_low, cell["high_syn"], cell["low_syn"])
    is_begun = (cell["low_syn"] | cell["high_syn"]) > 0
    is_told = is_begun | ((cell["low_ack"] | cell["high_ack"]) > 0)
    is_shaken = (client_ack > 0) & ((server_syn > 0) | ~is_begun)
    is_established: Mask = is_both & (~is_tcp | ~is_told | is_shaken)
    return is_established


def _named(protocol: Words) -> pa.Array:
    coded = pa.array(protocol).dictionary_encode()
    names = [str(number) for number in coded.dictionary.to_pylist()]
    return pa.array([_NAMES.get(name, name) for name in names], pa.string()).take(coded.indices)
