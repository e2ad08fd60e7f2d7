"""DNP3: the address of an outstation and the attributes it tells of itself. IEEE 1815-2012 clauses 4, 9, 11, A.1."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_START, _FROM_MASTER = 0x0564, 0x80
_RESPONSE, _TEXT = 0x81, 1
_ATTRIBUTES = {242: "firmware", 248: "serial", 250: "product", 252: "vendor"}
_MOST_FRAMES = 128


def dissect(payload: bytes) -> list[Seen]:
    """Read a datagram, or the prefix of one direction of a connection."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_FRAMES):
        if octets.number(2) != _START:
            return
        size, control = octets.number(1) - 5, octets.number(1)
        octets.take(2)
        source = octets.little(2)
        octets.take(2)
        data = b"".join(_block(octets, min(16, size - start)) for start in range(0, size, 16))
        if not control & _FROM_MASTER:
            yield Seen(SENDER, "dnp3.outstation", str(source))
            yield from _attributes(Octets(data))


def _block(octets: Octets, size: int) -> bytes:
    """Take a block of data, and its check sum off."""
    return octets.take(size + 2)[:-2]


def _attributes(octets: Octets) -> Iterator[Seen]:
    """Read objects of group 0 at the start of a response (clause A.1), each a text with its type and length."""
    if octets.left < 8 or octets.take(3)[2] != _RESPONSE:
        return
    octets.take(2)
    while octets.left > 5 and octets.number(1) == 0:
        variation = octets.number(1)
        octets.take(3)  # how it is numbered, and the numbers of the first and last
        kind, value = octets.number(1), octets.take(octets.number(1))
        if variation in _ATTRIBUTES and kind == _TEXT:
            yield Seen(SENDER, f"dnp3.{_ATTRIBUTES[variation]}", text(value))
