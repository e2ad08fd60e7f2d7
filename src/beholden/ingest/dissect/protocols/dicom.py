"""DICOM: names and software of the two sides of an association. PS3.8 section 9.3, PS3.7 annex D.3.3."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import RECEIVER, SENDER, Seen, collect

_REQUEST, _ACCEPT = 1, 2
_USER, _CLASS, _VERSION = 0x50, 0x52, 0x55


def dissect(payload: bytes) -> list[Seen]:
    """Read a request for an association or its acceptance; patients and pictures are never looked at."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    kind = octets.take(2)[0]
    unit = Octets(octets.take(octets.number(4)))
    if kind not in (_REQUEST, _ACCEPT) or unit.number(2) & 1 == 0:
        return
    unit.take(2)
    called, calling = text(unit.take(16)), text(unit.take(16))
    if kind == _REQUEST:  # an acceptance only repeats both
        yield Seen(SENDER, "dicom.title", calling)
        yield Seen(RECEIVER, "dicom.title", called)
    unit.take(32)
    while unit.left:
        item, value = unit.take(2)[0], unit.take(unit.number(2))
        if item == _USER:
            yield from _user(Octets(value))


def _user(information: Octets) -> Iterator[Seen]:
    while information.left:
        item, value = information.take(2)[0], information.take(information.number(2))
        if item == _CLASS:
            yield Seen(SENDER, "dicom.implementation", text(value))
        elif item == _VERSION:
            yield Seen(SENDER, "dicom.version", text(value))
