"""Dissect each distinct payload once: mask transaction ids, find what is distinct, remember what it said."""

from hashlib import blake2b
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from beholden.ingest.dissect import arps
from beholden.ingest.dissect.registry import PROTOCOLS
from beholden.ingest.dissect.seen import RECEIVER, SENDER, Answer, Seen
from beholden.ingest.dissect.streams import JOINED_DATAGRAMS, datagrams
from beholden.model.properties import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NAMED = ("eui64", "ble", "short", "serial")
"""Kinds of subject without link or IP address: which it is, from 1 on, stands above the bits of a link address, and the
number of its text in the stead of an IP address."""
MAC_BITS = 48
FROM_SENDER, FROM_RECEIVER, STATED = 0, 1, 2
"""Whose subject an entry has: the packet's sender, its receiver, or the one stated in the entry."""

PROPERTY_NAMES: tuple[str, ...] = tuple(PROPERTIES)
LOOKUP = len(PROPERTY_NAMES)
"""Stands for a property where an entry is an answered DNS name; its value is name, space, address."""

_MOST_REMEMBERED = 50_000
_LONGEST_KEPT = 256
"""Longer payloads are remembered by their hash, in bytes."""
_ARP = next(at for at, protocol in enumerate(PROTOCOLS) if protocol.name == "arp")
_IP, _ASKS = PROPERTY_NAMES.index("ip"), PROPERTY_NAMES.index("arp.asks")
IPV4 = 1 << 40
"""A value from here on is an IPv4 address, less this; below it counts into the texts."""


class Entries(NamedTuple):
    """What distinct payloads said, flat: payload k has `counts[k]` entries from `starts[k]`."""

    starts: "NDArray[np.int64]"
    counts: "NDArray[np.int64]"
    target: "NDArray[np.uint8]"
    hi: "NDArray[np.uint64]"
    lo: "NDArray[np.uint64]"
    mac: "NDArray[np.uint64]"
    property: "NDArray[np.int32]"
    value: "NDArray[np.int64]"


Entry = tuple[int, int, int, int, int, int]


class Payloads:
    """Turns rows of payloads into codes of distinct payloads and their entries."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._ids: dict[str, int] = {}
        self._property_ids = {name: at for at, name in enumerate(PROPERTY_NAMES)}
        self._remembered: dict[tuple[int, bytes], tuple[Entry, ...]] = {}
        self._dissectors: dict[int, Callable[[bytes], list[Seen | Answer]]] = {}

    def read(
        self, protocol: "NDArray[np.uint8]", payload: pa.LargeBinaryArray
    ) -> "tuple[NDArray[np.int64], Entries]":
        """Return for each row the code of its payload, and what each code said."""
        is_arp = protocol == _ARP
        if not is_arp.any():
            return self._read(protocol, payload)
        others = pa.array(~is_arp)
        code, entries = self._read(protocol[~is_arp], payload.filter(others))
        told = _arp_entries(arps.read(payload.filter(pa.array(is_arp))))
        codes = np.empty(len(protocol), np.int64)
        codes[~is_arp] = code
        codes[is_arp] = len(entries.counts) + np.arange(len(told.counts))
        pairs: list[Any] = [np.concatenate(pair) for pair in zip(entries, told, strict=True)]  # type: ignore[arg-type]
        pairs[0][len(entries.starts) :] += len(entries.target)
        return codes, Entries(*pairs)

    def _read(
        self, protocol: "NDArray[np.uint8]", payload: pa.LargeBinaryArray
    ) -> "tuple[NDArray[np.int64], Entries]":
        encoded = masked(protocol, payload).dictionary_encode()
        width = JOINED_DATAGRAMS + 1
        combined = encoded.indices.to_numpy().astype(np.int64) * width + protocol
        is_there = np.zeros(max(len(encoded.dictionary) * width, 1), dtype=bool)
        is_there[combined] = True
        distinct = np.flatnonzero(is_there)
        place = np.zeros(len(is_there), dtype=np.int64)
        place[distinct] = np.arange(len(distinct))
        texts = encoded.dictionary.take(pa.array(distinct // width)).to_pylist()
        said = [
            self._entries(key, text) for key, text in zip((distinct % width).tolist(), texts, strict=True)
        ]
        return place[combined], _flat(said)

    def _entries(self, protocol: int, payload: bytes) -> tuple[Entry, ...]:
        is_kept = len(payload) <= _LONGEST_KEPT
        key = (protocol, payload if is_kept else blake2b(payload, digest_size=32).digest())
        known = self._remembered.get(key)
        if known is None:
            known = tuple(map(self._entry, self._dissect(protocol, payload)))
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = known
        return known

    def _dissect(self, protocol: int, payload: bytes) -> "list[Seen | Answer]":
        if protocol == JOINED_DATAGRAMS:
            from beholden.ingest.dissect.protocols import quic  # noqa: PLC0415 - loads a cipher library

            return list(quic.join(datagrams(payload)))
        if protocol >= len(PROTOCOLS):
            return []
        if protocol not in self._dissectors:
            self._dissectors[protocol] = PROTOCOLS[protocol].dissect
        return self._dissectors[protocol](payload)

    def _entry(self, said: Seen | Answer) -> Entry:
        if isinstance(said, Answer):
            return FROM_RECEIVER, 0, 0, 0, LOOKUP, self._id(f"{said.name} {said.address}")
        name = self._property_ids[said.property]
        value = (
            _number(said.value) if name in (_IP, _ASKS) and ":" not in said.value else self._id(said.value)
        )
        if said.about == SENDER:
            return FROM_SENDER, 0, 0, 0, name, value
        if said.about == RECEIVER:
            return FROM_RECEIVER, 0, 0, 0, name, value
        kind, _, subject = said.about.partition(" ")
        if kind == "mac":
            return STATED, 0, 0, int(subject.replace(":", ""), 16), name, value
        if kind in NAMED:
            return STATED, 0, self._id(subject), NAMED.index(kind) + 1 << MAC_BITS, name, value
        address = ip_address(subject)
        packed = (b"\0" * 10 + b"\xff\xff" if address.version == 4 else b"") + address.packed
        return STATED, int.from_bytes(packed[:8]), int.from_bytes(packed[8:]), 0, name, value

    def _id(self, value: str) -> int:
        known = self._ids.setdefault(value, len(self.values))
        if known == len(self.values):
            self.values.append(value)
        return known


def _number(address: str) -> int:
    return IPV4 | int(IPv4Address(address))


def _arp_entries(told: arps.Arps) -> Entries:
    """Give each ARP packet one entry for who sent it, and one for whom it asks."""
    counts = told.speaks.astype(np.int64) + told.asks
    row = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    is_second = np.arange(len(row)) != starts[row]
    nothing = np.zeros(len(row), np.uint64)
    return Entries(
        starts,
        counts,
        np.full(len(row), STATED, np.uint8),
        nothing,
        nothing,
        told.mac[row].astype(np.uint64),
        np.where(is_second, _ASKS, _IP).astype(np.int32),
        IPV4 | np.where(is_second, told.asked[row], told.ip[row]),
    )


def masked(protocol: "NDArray[np.uint8]", payload: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Return the payloads with transaction ids zeroed, so that repeated questions become equal."""
    present = [at for at in np.unique(protocol) if at < len(PROTOCOLS) and PROTOCOLS[at].has_transaction]
    if not present:
        return payload
    offsets = np.frombuffer(payload.buffers()[1], dtype=np.int64)[payload.offset :][: len(payload) + 1]
    data = np.frombuffer(payload.buffers()[2] or b"", dtype=np.uint8).copy()
    sizes = np.diff(offsets)
    for at in present:
        first, last = PROTOCOLS[at].changing
        begin = offsets[:-1][(protocol == at) & (sizes >= last)]
        for place in range(first, last):
            data[begin + place] = 0
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(payload), buffers)


def _flat(said: list[tuple[Entry, ...]]) -> Entries:
    counts = np.array([len(entries) for entries in said], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    columns = list(zip(*(entry for entries in said for entry in entries), strict=True)) or [()] * 6
    types = (np.uint8, np.uint64, np.uint64, np.uint64, np.int32, np.int64)
    target, hi, lo, mac, name, value = (
        np.array(column, dtype=t) for column, t in zip(columns, types, strict=True)
    )
    return Entries(starts, counts, target, hi, lo, mac, name, value)
