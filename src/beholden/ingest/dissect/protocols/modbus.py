"""Modbus: the identification a server gives of itself. Modbus Application Protocol 1.1b3, 6.21; Modbus TCP 1.0b."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ENCAPSULATED, _IDENTIFICATION, _QUESTION = 0x2B, 0x0E, 5
_OBJECTS = {
    0: "vendor",
    1: "product_code",
    2: "revision",
    3: "url",
    4: "product",
    5: "model",
    6: "application",
}
_MOST_UNITS = 512


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a Modbus TCP connection."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_UNITS):
        octets.take(2)
        if octets.number(2) != 0:
            return
        unit = Octets(octets.take(octets.number(2)), 1)
        if (
            unit.number(1) == _ENCAPSULATED
            and len(unit.data) > _QUESTION
            and unit.number(1) == _IDENTIFICATION
        ):
            yield from _identification(unit)


def _identification(unit: Octets) -> Iterator[Seen]:
    unit.take(4)
    for _ in range(unit.number(1)):
        number, value = unit.number(1), unit.take(unit.number(1))
        if number in _OBJECTS:
            yield Seen(SENDER, f"modbus.{_OBJECTS[number]}", text(value))
