"""IEEE 802.11 management frames in clear: networks, what devices say of themselves, remote identification of aircraft.

IEEE 802.11-2020, 9.3.3 and 9.4.2; Wi-Fi Simple Configuration 2.0.8, clause 12; Wi-Fi Aware 4.0, 9.5.
"""

from collections.abc import Callable, Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.remote_id import messages, telemetry
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_HEADER = 24
_WITH_CONTROL = 0x80
_ASKS, _ACTION = 4, 13
_FIXED = {0: 4, 2: 10, _ASKS: 0, 5: 12, 8: 12}
"""Bytes before the elements, by the frame's subtype."""
_NAME, _VENDOR = 0, 221
_CONFIGURATION = {
    0x1011: "name",
    0x1021: "manufacturer",
    0x1023: "model",
    0x1024: "model_number",
    0x1042: "serial",
    0x1054: "type",
}
_AWARE = bytes.fromhex("0409506f9a13")
_SERVICE, _AIRCRAFT = 3, bytes.fromhex("8869199d9209")
_FILTERS, _BITMAP, _INFORMATION = (0x04, 0x08), 0x40, 0x10


def dissect(payload: bytes) -> list[Seen]:
    """Read a management frame, header included, check sequence not."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    kind = octets.number(1) >> 4
    has_control = octets.number(1) & _WITH_CONTROL
    octets.take(_HEADER - 2 + (4 if has_control else 0))
    if kind == _ACTION:
        yield from _action(octets)
    elif kind in _FIXED:
        octets.take(_FIXED[kind])
        yield from _elements(octets, is_asking=kind not in (5, 8))


def _elements(octets: Octets, *, is_asking: bool) -> Iterator[Seen]:
    while octets.left:
        element, value = octets.number(1), octets.take(octets.number(1))
        if element == _NAME and any(value):
            yield Seen(SENDER, "wifi.asks" if is_asking else "wifi.network", text(value))
        elif element == _VENDOR and len(value) > 3:
            yield Seen(SENDER, "wifi.element", f"{value[:3].hex(':')} {value[3]:02x}")
            if value[:4] in _ELEMENTS:
                yield from collect(_ELEMENTS[value[:4]](value[4:]))


def _configuration(value: bytes) -> Iterator[Seen]:
    """Read what a device says of itself in Wi-Fi Protected Setup."""
    octets = Octets(value)
    while octets.left:
        attribute, said = octets.number(2), octets.take(octets.number(2))
        if attribute in _CONFIGURATION:
            name = _CONFIGURATION[attribute]
            whole = (
                f"{int.from_bytes(said[:2])}-{int.from_bytes(said[6:8])}" if name == "type" else text(said)
            )
            yield Seen(SENDER, f"wps.{name}", whole)


def _aircraft(value: bytes) -> Iterator[Seen]:
    return messages(value[1:], SENDER)


def _drone(value: bytes) -> Iterator[Seen]:
    return telemetry(value[2:], SENDER)


_ELEMENTS: dict[bytes, Callable[[bytes], Iterator[Seen]]] = {
    bytes.fromhex("0050f204"): _configuration,
    bytes.fromhex("fa0bbc0d"): _aircraft,
    bytes.fromhex("903ae60d"): _aircraft,
    bytes.fromhex("26371258"): _drone,
    bytes.fromhex("60601f58"): _drone,
}
"""Elements of organisations, by OUI and type, and who reads them."""


def _action(octets: Octets) -> Iterator[Seen]:
    """Read remote identification that is published as a service (F3411-22a, 5.4.9)."""
    if octets.take(len(_AWARE)) != _AWARE:
        return
    while octets.left:
        attribute, value = octets.number(1), octets.take(octets.little(2))
        if attribute == _SERVICE and value[:6] == _AIRCRAFT:
            yield from collect(_service(Octets(value, 8)))


def _service(octets: Octets) -> Iterator[Seen]:
    """Read what stands behind the number of a service (Wi-Fi Aware 4.0, 9.5.5)."""
    control = octets.number(1)
    octets.take(2 if control & _BITMAP else 0)
    for one in _FILTERS:
        octets.take(octets.number(1) if control & one else 0)
    if control & _INFORMATION:
        said = octets.take(octets.number(1))
        yield from messages(said[1:], SENDER)
