"""Zigbee above IEEE 802.15.4, as far as it is in clear: network header, device profile, the Basic cluster.

Zigbee Specification 05-3474-23, chapters 2 and 3; Zigbee Cluster Library 07-5123-08, chapters 2 and 3.2.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import Seen

_PROFESSIONAL = 2
_DATA, _INTER_PAN = 0, 3
_MULTICAST, _SECURED, _ROUTE, _TO, _FROM = 0x0100, 0x0200, 0x0400, 0x0800, 0x1000
_NO_STATION = b"\xf8\xff"
_DEVICE_PROFILE = 0
_ADDRESSES, _DESCRIBES, _ANNOUNCES = (0x8000, 0x8001), 0x8002, 0x0013
_BASIC = 0x0000
_READ_ANSWER, _REPORT = 0x01, 0x0A
_BASIC_ATTRIBUTES = {0x0004: "manufacturer", 0x0005: "model", 0x0006: "date", 0x4000: "firmware"}
_TEXT, _LONG_TEXT = 0x42, 0x44
_SIZES = {0x10: 1, 0x18: 1, 0x19: 2, 0x20: 1, 0x21: 2, 0x22: 3, 0x23: 4, 0x28: 1, 0x29: 2, 0x30: 1, 0x31: 2}


def station(pan: int, raw: bytes) -> str:
    """Name a station by its address, little-endian as it is sent; empty where it is none of one station."""
    if len(raw) == 8 and any(raw) and raw != b"\xff" * 8:
        return f"eui64 {raw[::-1].hex(':')}"
    is_one = len(raw) == 2 and raw[::-1] < _NO_STATION[::-1] and pan != 0xFFFF
    return f"short {pan:04x}:{raw[::-1].hex()}" if is_one else ""


def capability(bits: int) -> str:
    """Put capability information (IEEE 802.15.4-2020, 7.5.2.3) into words."""
    return ("router" if bits & 2 else "end device") + (", mains" if bits & 4 else ", battery")


def _tied(extended: bytes, pan: int, short: bytes) -> Iterator[Seen]:
    """Say that a station with an extended address goes by a short one."""
    about, named = station(pan, extended), station(pan, short)
    if about.startswith("eui64") and named.startswith("short"):
        yield Seen(about, "wpan.address", named.removeprefix("short "))


def network(octets: Octets, pan: int, hop: bytes) -> Iterator[Seen]:
    """Read a network frame (3.3.1) that the station `hop` sent on; other payloads tell nothing."""
    control = octets.little(2)
    if control >> 2 & 15 != _PROFESSIONAL or control & 3 == _INTER_PAN:
        return
    to, source = octets.take(2), octets.take(2)
    octets.take(2)
    yield from _tied(octets.take(8) if control & _TO else b"", pan, to)
    extended = octets.take(8) if control & _FROM else b""
    yield from _tied(extended, pan, source)
    octets.take(1 if control & _MULTICAST else 0)
    octets.take(1 + 2 * octets.number(1) if control & _ROUTE else 0)
    if control & _SECURED:
        is_named = octets.number(1) & 0x20
        octets.take(4)
        yield from _tied(octets.take(8) if is_named else b"", pan, hop)
    elif control & 3 == _DATA:
        yield from _application(octets, pan, station(pan, extended) or station(pan, source))


def _application(octets: Octets, pan: int, about: str) -> Iterator[Seen]:
    """Read an application frame (2.2.5): the device profile's answers, and the Basic cluster."""
    control = octets.number(1)
    if control & 0xA3:  # no data, encrypted, or in fragments
        return
    octets.take(2 if control >> 2 & 3 == 3 else 1)
    cluster, profile = octets.little(2), octets.little(2)
    octets.take(2)
    if profile == _DEVICE_PROFILE:
        octets.take(1)
        yield from _device(octets, cluster, pan)
    elif cluster == _BASIC and about:
        yield from _basic(octets, about)


def _device(octets: Octets, cluster: int, pan: int) -> Iterator[Seen]:
    if cluster == _ANNOUNCES:
        short, extended = octets.take(2), octets.take(8)
        yield from _tied(extended, pan, short)
        yield Seen(station(pan, extended), "wpan.role", capability(octets.number(1)))
    elif cluster in _ADDRESSES and octets.number(1) == 0:
        extended = octets.take(8)
        yield from _tied(extended, pan, octets.take(2))
    elif cluster == _DESCRIBES and octets.number(1) == 0:
        about = station(pan, octets.take(2))
        octets.take(3)
        yield Seen(about, "zigbee.maker_code", f"{octets.little(2):04x}")


def _basic(octets: Octets, about: str) -> Iterator[Seen]:
    """Read attributes of the Basic cluster that a device was asked for or reports (library, 2.5.2 and 2.5.11)."""
    control = octets.number(1)
    octets.take(3 if control & 4 else 1)
    command = octets.number(1)
    if control & 3 or command not in (_READ_ANSWER, _REPORT):
        return
    while octets.left:
        attribute = octets.little(2)
        if command == _READ_ANSWER and octets.number(1):
            continue
        value = _value(octets)
        if attribute in _BASIC_ATTRIBUTES and not control & 4:
            yield Seen(about, f"zigbee.{_BASIC_ATTRIBUTES[attribute]}", value)


def _value(octets: Octets) -> str:
    """Read a value; only texts are needed. Raises ValueError for one whose size is not known."""
    kind = octets.number(1)
    if kind in (_TEXT, _LONG_TEXT):
        return text(octets.take(octets.little(1 if kind == _TEXT else 2)))
    if kind not in _SIZES:
        raise ValueError
    octets.take(_SIZES[kind])
    return ""
