"""BACnet/IP: I-Am, and names that a device is asked for. ISO 16484-5 (ANSI/ASHRAE 135) clauses 6, 20, annex J."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_BVLC, _FORWARDED, _CARRIES = 0x81, 0x04, (0x04, 0x09, 0x0A, 0x0B)
_NETWORK_MESSAGE, _HAS_DESTINATION, _HAS_SOURCE = 0x80, 0x20, 0x08
_UNCONFIRMED, _COMPLEX_ACK, _I_AM, _READ_PROPERTY = 1, 3, 0, 12
_DEVICE, _NUMBER = 8, 0x3FFFFF
_CHARACTERS, _UTF_8 = 7, 0
_PROPERTIES = {
    12: "application",
    28: "description",
    44: "firmware",
    58: "location",
    70: "model",
    77: "name",
    121: "vendor",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read one message; those of devices behind a router of BACnet tell nothing of its sender."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    kind, function = octets.number(1), octets.number(1)
    if kind != _BVLC or function not in _CARRIES:
        return
    octets.take(2)
    about = SENDER
    if function == _FORWARDED:
        about = f"ip {ip(octets.take(4))}"
        octets.take(2)
    if _is_of_sender(octets) and about != "ip ":
        for name, value in _service(octets):
            yield Seen(about, f"bacnet.{name}", value)


def _is_of_sender(octets: Octets) -> bool:
    """Step over the network layer (clause 6.2); tell whether a message of the application follows, and unrouted."""
    version, control = octets.number(1), octets.number(1)
    if version != 1 or control & (_NETWORK_MESSAGE | _HAS_SOURCE):
        return False
    if control & _HAS_DESTINATION:
        octets.take(2)
        octets.take(octets.number(1) + 1)
    return True


def _service(octets: Octets) -> Iterator[tuple[str, str]]:
    head = octets.number(1)
    if head >> 4 == _UNCONFIRMED and octets.number(1) == _I_AM:
        device = int.from_bytes(_value(octets)[1])
        if device >> 22 == _DEVICE and device & _NUMBER != _NUMBER:  # which is no device's
            yield "device", str(device & _NUMBER)
        _value(octets)
        _value(octets)
        yield "vendor_id", str(int.from_bytes(_value(octets)[1]))
    elif head >> 4 == _COMPLEX_ACK and not head & 0x08:
        octets.take(1)
        if octets.number(1) == _READ_PROPERTY:
            yield from _property(octets)


def _property(octets: Octets) -> Iterator[tuple[str, str]]:
    """Read a property of the device object (clause 15.5): object, number, index, value between tags."""
    device = int.from_bytes(_value(octets)[1])
    number = int.from_bytes(_value(octets)[1])
    if device >> 22 != _DEVICE or number not in _PROPERTIES or octets.number(1) != 0x3E:
        return
    tag, value = _value(octets)
    if tag == _CHARACTERS and value[:1] == bytes([_UTF_8]):
        yield _PROPERTIES[number], text(value[1:])


def _value(octets: Octets) -> tuple[int, bytes]:
    """Read one tagged value of at most 65,535 octets (clause 20.2.1): its number and octets."""
    head = octets.number(1)
    size = head & 7
    if size == 5:
        size = octets.number(1)
        if size == 254:
            size = octets.number(2)
    return head >> 4, octets.take(size)
