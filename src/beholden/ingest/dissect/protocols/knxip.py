"""KNXnet/IP: the description of an interface or router. ISO 22510, KNX standard 3/8/2, 7.5.4 and 7.6."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_HEAD = 0x0610
_SEARCH, _DESCRIPTION, _EXTENDED_SEARCH = 0x0202, 0x0204, 0x020C
_DEVICE = 1


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to a search, or a description."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.number(2) != _HEAD:
        return
    kind = octets.number(2)
    if kind not in (_SEARCH, _DESCRIPTION, _EXTENDED_SEARCH):
        return
    octets.take(2 if kind == _DESCRIPTION else 10)  # length, and where to call
    while octets.left:
        block = Octets(octets.take(octets.number(1) - 1))
        if block.number(1) == _DEVICE:
            yield from _device(block)


def _device(block: Octets) -> Iterator[Seen]:
    block.take(2)
    address = block.number(2)
    block.take(2)
    yield Seen(SENDER, "knx.address", f"{address >> 12}.{address >> 8 & 15}.{address & 0xFF}")
    yield Seen(SENDER, "knx.serial", block.take(6).hex())
    block.take(4)
    yield Seen(SENDER, "mac", mac(block.take(6)))
    yield Seen(SENDER, "knx.name", text(block.take(30).partition(b"\0")[0]))
