"""IEEE 802.15.4-2020, clause 7: who speaks in a personal area network, and what Zigbee and Thread say in clear.

A station is known by its extended address (EUI-64), else by its short one, which is that of one network at one time.
"""

from collections.abc import Iterator
from typing import NamedTuple

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.zigbee import capability, network, station

_BEACON, _DATA, _COMMAND = 0, 1, 3
_SECURED, _IS_COMPRESSED, _WITHOUT_NUMBER, _WITH_ELEMENTS = 0x0008, 0x0040, 0x0100, 0x0200
_SHORT, _EXTENDED = 2, 3
_ASSOCIATE, _ASSOCIATED = 1, 2
_IS_COORDINATOR = 0x4000
_ZIGBEE, _THREAD = 0, 3
_ANY = 0xFFFF
"""No network in particular."""


class Header(NamedTuple):
    """What of a frame's header is needed: addresses as they were sent, little-endian."""

    kind: int
    is_readable: bool
    pan: int
    to: bytes
    source: bytes


def dissect(payload: bytes) -> list[Seen]:
    """Read a frame without its check sequence."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    header = _header(octets)
    about = station(header.pan, header.source)
    if about:
        yield Seen(about, "wpan.network", f"{header.pan:04x}" if header.pan != _ANY else "")
    if not header.is_readable:
        return
    if header.kind == _BEACON:
        yield from _beacon(octets, about)
    elif header.kind == _COMMAND:
        yield from _command(octets, header, about)
    elif header.kind == _DATA:
        yield from network(octets, header.pan, header.source)


def _header(octets: Octets) -> Header:
    """Read the MAC header (7.2.2)."""
    control = octets.little(2)
    version, to_mode, from_mode = control >> 12 & 3, control >> 10 & 3, control >> 14
    if not (version == 2 and control & _WITHOUT_NUMBER):
        octets.take(1)
    has_to_pan, has_from_pan = _pans(
        version, to_mode, from_mode, is_compressed=bool(control & _IS_COMPRESSED)
    )
    pan = octets.little(2) if has_to_pan else _ANY
    to = _address(octets, to_mode)
    pan = octets.little(2) if has_from_pan else pan
    source = _address(octets, from_mode)
    hidden = _SECURED | (_WITH_ELEMENTS if version == 2 else 0)
    return Header(control & 7, not control & hidden, pan, to, source)


def _pans(version: int, to_mode: int, from_mode: int, *, is_compressed: bool) -> tuple[bool, bool]:
    """Say whether the networks of receiver and sender are named (7.2.2.6, table 7-2)."""
    if version < 2:
        return bool(to_mode), bool(from_mode) and not (is_compressed and to_mode)
    if to_mode == from_mode == _EXTENDED or not from_mode:
        return bool(to_mode) != is_compressed, False
    if not to_mode:
        return False, not is_compressed
    return True, not is_compressed


def _address(octets: Octets, mode: int) -> bytes:
    return octets.take({_SHORT: 2, _EXTENDED: 8}.get(mode, 0))


def _beacon(octets: Octets, about: str) -> Iterator[Seen]:
    """Read a beacon (7.3.1): only routers and coordinators send them."""
    is_coordinator = octets.little(2) & _IS_COORDINATOR
    yield Seen(about, "wpan.role", "PAN coordinator" if is_coordinator else "router")
    slots = octets.number(1) & 7
    octets.take(1 + 3 * slots if slots else 0)
    pending = octets.number(1)
    octets.take(2 * (pending & 7) + 8 * (pending >> 4 & 7))
    protocol = octets.number(1)
    if protocol == _ZIGBEE:
        octets.take(2)
        yield Seen(about, "zigbee.network", octets.take(8)[::-1].hex(":"))
    elif protocol == _THREAD:
        octets.take(1)
        yield Seen(about, "thread.network", text(octets.take(16)))


def _command(octets: Octets, header: Header, about: str) -> Iterator[Seen]:
    """Read who asks to join a network (7.5.2), and who was let in and given a short address (7.5.3)."""
    command = octets.number(1)
    if command == _ASSOCIATE:
        yield Seen(about, "wpan.role", capability(octets.number(1)))
    elif command == _ASSOCIATED and len(header.to) == 8:
        given = octets.take(2)
        if octets.number(1) == 0 and given != b"\xfe\xff":
            yield Seen(
                station(header.pan, header.to), "wpan.address", f"{header.pan:04x}:{given[::-1].hex()}"
            )
