"""Bluetooth LE: what devices advertise, legacy or extended. Bluetooth Core 5.4, volume 6 B, 2.3.

A random address is no identity of a device: what is said under one is of that address alone.
MiBeacon: https://github.com/emericg/WatchFlower/blob/master/docs/mibeacon-ble-api.md
"""

from collections.abc import Callable, Iterator
from uuid import UUID

from beholden.ingest.dissect.octets import Octets, mac, text
from beholden.ingest.dissect.remote_id import messages
from beholden.ingest.dissect.seen import Seen, collect

_LEGACY, _EXTENDED = (0, 2, 4, 6), 7
_RANDOM = 0x40
_SORTS = ("non-resolvable", "resolvable", "", "static")
_BASE = "-0000-1000-8000-00805f9b34fb"
_SCHEMES = ("http://www.", "https://www.", "http://", "https://")
_ENDINGS = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
_HAS_MAC = 0x10
_REMOTE_ID = 0x0D


def dissect(payload: bytes) -> list[Seen]:
    """Read an advertising PDU, header included."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    head = octets.number(1)
    body = Octets(octets.take(octets.number(1)))
    raw = _extended(body) if head & 15 == _EXTENDED else body.take(6) if head & 15 in _LEGACY else b""
    if not any(raw):
        return
    about, sort = _named(raw[::-1], is_random=bool(head & _RANDOM))
    yield Seen(about, "ble.address", sort)
    while body.left:
        size = body.number(1)
        if not size:
            break
        kind, value = body.number(1), Octets(body.take(size - 1))
        if kind in _STRUCTURES:
            yield from _STRUCTURES[kind](value, about)


def _extended(body: Octets) -> bytes:
    """Step over the extended header (2.3.4); returns the address of the advertiser, which may be missing."""
    head = Octets(body.take(body.number(1) & 0x3F))
    return head.take(6) if head.left and head.number(1) & 1 else b""


def _named(raw: bytes, *, is_random: bool) -> tuple[str, str]:
    """Name who advertises, and what sort of address that is (volume 6 B, 1.3)."""
    if is_random:
        return f"ble {raw.hex(':')}", _SORTS[raw[0] >> 6]
    return f"mac {mac(raw)}" if mac(raw) else f"ble {raw.hex(':')}", "public"


def _name(value: Octets, about: str) -> Iterator[Seen]:
    yield Seen(about, "ble.name", text(value.rest()))


def _appearance(value: Octets, about: str) -> Iterator[Seen]:
    number = value.little(2)
    yield Seen(about, "ble.appearance", f"{number >> 6}.{number & 0x3F}")


def _uuid(value: Octets, width: int) -> str:
    number = value.little(width)
    if width == 16:
        whole = str(UUID(int=number))
        return whole[4:8] if whole[:4] == "0000" and whole.endswith(_BASE) else whole
    return f"{number:0{2 * width}x}"


def _services(width: int) -> Callable[[Octets, str], Iterator[Seen]]:
    def read(value: Octets, about: str) -> Iterator[Seen]:
        while value.left:
            yield Seen(about, "ble.service", _uuid(value, width))

    return read


def _data(width: int) -> Callable[[Octets, str], Iterator[Seen]]:
    def read(value: Octets, about: str) -> Iterator[Seen]:
        service = _uuid(value, width)
        yield Seen(about, "ble.service", service)
        if service in _SERVICES and value.left:
            yield from collect(_SERVICES[service](value, about))

    return read


def _mi_beacon(value: Octets, about: str) -> Iterator[Seen]:
    control, product = value.little(2), value.little(2)
    value.take(1)
    stated = mac(value.take(6)[::-1]) if control & _HAS_MAC else ""
    yield Seen(f"mac {stated}" if stated else about, "mibeacon.product", f"{product:04x}")


def _eddystone(value: Octets, about: str) -> Iterator[Seen]:
    kind = value.number(1)
    value.take(1)
    if kind == 0x00:
        yield Seen(about, "ble.beacon", f"Eddystone-UID {value.take(10).hex()} {value.take(6).hex()}")
    elif kind == 0x10:
        scheme, rest = _SCHEMES[value.number(1)], value.rest()
        yield Seen(about, "ble.beacon", f"Eddystone-URL {scheme}{''.join(map(_expanded, rest))}")


def _expanded(code: int) -> str:
    """Expand a byte of an Eddystone URL."""
    ending = code % 7
    return _ENDINGS[ending] + "/" * (code < 7) if code < 14 else chr(code)


def _remote_id(value: Octets, about: str) -> Iterator[Seen]:
    if value.number(1) == _REMOTE_ID:
        value.take(1)
        yield from messages(value.rest(), about)


def _matter(value: Octets, about: str) -> Iterator[Seen]:
    """Read a device that waits to be commissioned (Matter Core 1.3, 5.4.2.5.6)."""
    if value.number(1) == 0:
        value.take(2)
        yield Seen(about, "matter.device", f"{value.little(2):04x}:{value.little(2):04x}")


_SERVICES = {"fe95": _mi_beacon, "feaa": _eddystone, "fffa": _remote_id, "fff6": _matter}


def _manufacturer(value: Octets, about: str) -> Iterator[Seen]:
    yield Seen(about, "ble.company", f"{value.little(2):04x}")
    rest = Octets(value.rest())
    if rest.data[:2] == b"\x02\x15" or rest.data[:2] == b"\xbe\xac":
        form = "iBeacon" if rest.number(2) == 0x0215 else "AltBeacon"
        whose = UUID(bytes=rest.take(16))
        yield Seen(about, "ble.beacon", f"{form} {whose} {rest.number(2)} {rest.number(2)}")


_STRUCTURES = (
    dict.fromkeys((0x02, 0x03), _services(2))
    | dict.fromkeys((0x04, 0x05), _services(4))
    | dict.fromkeys((0x06, 0x07), _services(16))
    | dict.fromkeys((0x08, 0x09), _name)
    | {0x16: _data(2), 0x20: _data(4), 0x21: _data(16), 0x19: _appearance, 0xFF: _manufacturer}
)
"""Types of advertising data (Assigned Numbers, 2.3) and who reads them."""
