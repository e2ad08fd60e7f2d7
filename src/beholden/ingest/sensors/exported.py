"""Records of flows as routers and probes export them, one direction each, put together into conversations.

Exporters say little of who spoke first. Where they do not say it (RFC 5103, 6.3), it is the earlier side of a TCP
connection whose SYN was seen, else the side whose port is no service's by its number, else the earlier side, else the
one that has fewer conversations by its port.
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
_BEGAN, _SYN, _ACK = 1, 2, 16
_ECHO_REQUESTS = (1 << 16 | 8 << 8, 58 << 16 | 128 << 8)
"""Protocol, type and code of ICMP, which exporters write where others have the port of the target."""
_SERVED = (1024, 32_768)
"""Ports from here on are less a service's: below are the system's (RFC 6335), and those that clients seldom take."""
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6"}
_WITH_PORTS = (6, 17, 132)
_KEYS = ("ips", "rest")
_FOLDS: dict[str, np.ufunc] = {
    **dict.fromkeys(("low_packets", "low_bytes", "high_packets", "high_bytes"), np.add),
    **dict.fromkeys(("locator", "low_first", "high_first"), np.minimum),
    **dict.fromkeys(("last", "low_mac", "high_mac", "vlan"), np.maximum),
    **dict.fromkeys(("low_told", "high_told"), np.bitwise_or),
}
"""How the columns of records of one conversation become one; the keys say which these are."""
Columns = dict[str, Words]
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
        self._held: list[Columns] = []
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
            self._n_held = len(self._held[0][_KEYS[0]])
            if self._n_held > MOST_HELD // 2:
                self._hand_on()
        return len(is_known) - len(at)

    def finish(self) -> None:
        """Hand on what is held."""
        self._hand_on()
        self._stations.finish()

    def _sides(self, records: Exported, at: Words) -> Columns:
        """Name the sides of each record low and high by their numbers, so that both directions agree."""
        protocol = records.protocol[at]
        has_ports = np.isin(protocol, _WITH_PORTS)
        sides = [
            (self._ips.numbers(ip)[at], np.where(has_ports, _port(port[at]), -1), self._macs.numbers(mac)[at])
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
        flags, initiator = records.flags[at] & (_SYN | _ACK), records.initiator[at]
        asks = np.isin(protocol << 16 | records.target_port[at], _ECHO_REQUESTS)
        initiator = np.where(asks, 1, initiator)
        answers = np.where(records.back_packets[at] > 0, flags, 0)
        shared = {
            "packets": (records.packets[at], records.back_packets[at]),
            "bytes": (records.n_bytes[at], records.back_bytes[at]),
            "first": (records.first[at], np.full(len(at), NEVER)),
            "told": (flags | _BEGAN * (initiator == 1), answers | _BEGAN * (initiator == 2)),
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
        return columns

    def _hand_on(self) -> None:
        if self._n_held:
            rows = _folded(self._held)
            order = np.argsort(rows["locator"], kind="stable")
            cell = {name: column[order] for name, column in rows.items()}
            found = _connections(cell, self._ips.words(), self._macs.words())
            self._stations.add(found)
            self._log.flow(found.flows())
        self._begin()


def _port(told: Words) -> Words:
    return np.where((told >= 0) & (told < 1 << 16), told, -1)


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


def _folded(held: list[Columns]) -> Columns:
    """Put the records of each conversation together."""
    rows = {name: np.concatenate([columns[name] for columns in held]) for name in (*_KEYS, *_FOLDS)}
    order = np.lexsort([rows[name] for name in reversed(_KEYS)])
    keys = [rows[name][order] for name in _KEYS]
    is_new = np.ones(len(order), bool)
    is_new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    at = np.flatnonzero(is_new)
    folded = (
        {name: fold.reduceat(rows[name][order], at) for name, fold in _FOLDS.items()} if len(at) else rows
    )
    return folded | {name: key[at] for name, key in zip(_KEYS, keys, strict=True)}


def _connections(cell: Columns, ips: pa.Array, macs: pa.Array) -> Connections:
    """Make conversations of records put together; the client is the side that spoke first as far as that is told."""
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
    client_told = np.where(is_low, cell["low_told"], cell["high_told"])
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
        np.where(protocol == 6, client_told & _SYN, 0) // _SYN,
        is_established,
        vlan,
    )


def _is_low_client(cell: Columns, low_port: Words, high_port: Words) -> Mask:
    """Say where the low side is the client."""
    low_first, high_first = cell["low_first"], cell["high_first"]
    is_ordered = low_first != high_first
    told = cell["low_told"] | cell["high_told"]
    is_begun = (told & _SYN) > 0
    is_both = (low_first < NEVER) & (high_first < NEVER)
    low, high = (np.searchsorted(_SERVED, port - 1, "right") for port in (low_port, high_port))
    low_meets, high_meets = _meets(cell["ips"] >> 32, low_port, cell["ips"] & 0xFFFFFFFF, high_port)
    rules = [
        ((told & _BEGAN) > 0, (cell["low_told"] & _BEGAN) > 0),
        (is_begun & is_both & is_ordered, low_first < high_first),
        (low != high, low > high),
        (is_ordered, low_first < high_first),
        ((low_meets != high_meets) & (low_port != high_port), low_meets < high_meets),
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


def _is_established(cell: Columns, is_tcp: Mask, is_low: Mask) -> Mask:
    """Say where both sides spoke; of TCP whose flags are told also that the handshake was completed."""
    is_both = (cell["low_packets"] > 0) & (cell["high_packets"] > 0)
    client, server = (np.where(one, cell["low_told"], cell["high_told"]) for one in (is_low, ~is_low))
    is_told, is_begun = (client | server) & (_SYN | _ACK) > 0, (client | server) & _SYN > 0
    is_shaken = (client & _ACK > 0) & ((server & _SYN > 0) | ~is_begun)
    is_established: Mask = is_both & (~is_tcp | ~is_told | is_shaken)
    return is_established


def _named(protocol: Words) -> pa.Array:
    coded = pa.array(protocol).dictionary_encode()
    names = [str(number) for number in coded.dictionary.to_pylist()]
    return pa.array([_NAMES.get(name, name) for name in names], pa.string()).take(coded.indices)
