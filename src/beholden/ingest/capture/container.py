"""Heads of capture files: pcap's global header, pcapng's sections and interfaces."""

import struct
from dataclasses import dataclass

import numpy as np

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.layout import Words

PCAP_HEAD = 24
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1, 1),
    b"\xa1\xb2\xc3\xd4": (">", 1, 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1, 1000),
}
"""Magic → byte order and what makes microseconds of the second field (draft-ietf-opsawg-pcap)."""
SECTION = b"\x0a\x0d\x0d\x0a"
_MOST_INTERFACES = 1 << 16


class Malformed(ValueError):  # noqa: N818 - it says what a head is
    """A head that cannot be read; its text says why."""


@dataclass(frozen=True)
class Head:
    """A head and its size in bytes."""

    kind: str
    size: int


def is_container(head: bytes) -> bool:
    """Tell whether bytes begin a pcap or pcapng file."""
    return head[:4] in _PCAP or (
        head[:4] == SECTION and head[8:12] in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")
    )


def begin(state: Words, head: bytes) -> Head:
    """Read the start of a file into the kernel's state. Raises Malformed."""
    if head[:4] == SECTION:
        state[at.S_FORMAT] = 1
        return Head("pcapng", 0)
    if head[:4] not in _PCAP:
        raise Malformed("not a pcap or pcapng file")
    if len(head) < PCAP_HEAD:
        raise Malformed("the file ends within its header")
    order, times, over = _PCAP[head[:4]]
    snap, link = struct.unpack(order + "II", head[16:24])
    state[at.S_FORMAT] = 0
    state[at.S_SWAPPED] = order == ">"
    state[at.S_MUL], state[at.S_DIV] = times, over
    state[at.S_SNAP] = snap or -1
    state[at.S_LINK] = link & 0xFFFF  # the upper half tells of check sequences
    return Head("pcap", PCAP_HEAD)


def section(state: Words, block: bytes) -> int:
    """Begin a section; `block` holds at least its first 28 bytes. Returns the size of the block."""
    order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(block[8:12])
    if order is None:
        raise Malformed("a section without its byte-order mark")
    (size,) = struct.unpack(order + "I", block[4:8])
    if size % 4 or not 28 <= size <= 1 << 20:
        raise Malformed(f"a section header of {size} bytes")
    state[at.S_SWAPPED] = order == ">"
    state[at.S_INTERFACES] = 0
    return int(size)


def interface(block: bytes, order: str) -> list[int]:
    """Read an interface description block to a row of `Context.interfaces`. Raises Malformed."""
    if len(block) < 20:
        raise Malformed(f"an interface description of {len(block)} bytes")
    link, snap = struct.unpack(order + "H2xI", block[8:16])
    times, over, shift, add = 1, 1, 0, 0
    for code, value in _options(block[16:-4], order):
        if code == 9 and value:  # if_tsresol
            times, over, shift = _resolution(value[0])
        elif code == 14 and len(value) == 8:  # if_tsoffset, seconds
            add = struct.unpack(order + "q", value)[0] * 1_000_000
    if abs(add) >= 1 << 62:
        raise Malformed("an interface whose clock is beyond all time")
    return [link, times, over, shift, add, snap]


def _resolution(code: int) -> tuple[int, int, int]:
    """Turn if_tsresol into times, over and shift that make microseconds of ticks."""
    if code & 0x80:
        return 1, 1, min(code & 0x7F, 62)
    if code <= 6:
        return int(10 ** (6 - code)), 1, 0
    return 1, int(10 ** (min(code, 24) - 6)), 0


def _options(area: bytes, order: str) -> list[tuple[int, bytes]]:
    """List the options of a block, as far as they are well-formed."""
    found = []
    place = 0
    while place + 4 <= len(area):
        code, length = struct.unpack_from(order + "HH", area, place)
        if code == 0 or place + 4 + length > len(area):
            break
        found.append((code, area[place + 4 : place + 4 + length]))
        place += 4 + (length + 3 & ~3)
    return found


def with_interface(interfaces: Words, n: int, row: list[int]) -> Words:
    """Put an interface into the table, which grows by doubling. Raises Malformed."""
    if n >= _MOST_INTERFACES:
        raise Malformed(f"more than {_MOST_INTERFACES} interfaces")
    if n >= len(interfaces):
        interfaces = np.concatenate((interfaces, np.zeros_like(interfaces)))
    interfaces[n] = row
    return interfaces
