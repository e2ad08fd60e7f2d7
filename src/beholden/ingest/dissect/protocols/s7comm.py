"""S7 communication: order number, names, serial number and firmware of a controller, from its system state lists.

TPKT RFC 1006, COTP ISO 8073; no specification of the rest is public, lists 0x0011 and 0x001C stand in the manual
"System Software for S7-300/400, System and Standard Functions", and https://wiki.wireshark.org/S7comm has the form.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_DATA, _USER_DATA, _ANSWER = b"\xf0", b"\x32\x07", b"\x12\x84\x01"
_MODULE, _COMPONENT = 0x11, 0x1C
_FIRMWARE = 7
_COMPONENTS = {1: "name", 2: "module", 3: "plant", 5: "serial", 7: "type", 8: "card_serial"}
_MOST_UNITS = 128


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a connection."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_UNITS):
        if octets.number(2) != 0x0300:
            return
        unit = Octets(octets.take(octets.number(2) - 4))
        is_data = unit.take(unit.number(1))[:1] == _DATA
        if is_data and unit.left and unit.take(2) == _USER_DATA:
            for name, value in _list(unit):
                yield Seen(SENDER, f"s7.{name}", value)


def _list(unit: Octets) -> Iterator[tuple[str, str]]:
    unit.take(4)
    parameters = unit.number(2)
    unit.take(2)
    if unit.take(parameters)[4:7] != _ANSWER:
        return
    unit.take(4)
    number, _, size, count = (unit.number(2) for _ in range(4))
    for _ in range(min(count, 64)):
        record = Octets(unit.take(size))
        if number & 0xFF == _MODULE:
            yield from _module(record)
        elif number & 0xFF == _COMPONENT and (index := record.number(2)) in _COMPONENTS:
            yield _COMPONENTS[index], text(record.take(24))


def _module(record: Octets) -> Iterator[tuple[str, str]]:
    index, order_number = record.number(2), text(record.take(20))
    if index == 1:
        yield "order_number", order_number
    elif index == _FIRMWARE:
        record.take(2)
        yield "firmware", ".".join(map(str, record.take(4)[1:]))
