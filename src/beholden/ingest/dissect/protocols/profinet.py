"""PROFINET DCP: what a station answers when it is asked who it is. IEC 61158-6-10, 4.3 (DCP), EtherType 0x8892."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_HELLO, _ANSWER = 0xFEFC, 0xFEFF
_STATION_TYPE, _NAME, _DEVICE_ID, _ADDRESS = (2, 1), (2, 2), (2, 3), (1, 2)


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to Identify, or a Hello; cyclic data of the same EtherType tells nothing."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.number(2) not in (_HELLO, _ANSWER):
        return
    octets.take(8)
    blocks = Octets(octets.take(octets.number(2)))
    while blocks.left:
        kind = (blocks.number(1), blocks.number(1))
        size = blocks.number(2)
        yield from _block(kind, blocks.take(size)[2:])
        blocks.take(min(size & 1, blocks.left))


def _block(kind: tuple[int, int], value: bytes) -> Iterator[Seen]:
    if kind == _STATION_TYPE:
        yield Seen(SENDER, "profinet.station_type", text(value))
    elif kind == _NAME:
        yield Seen(SENDER, "profinet.name", text(value))
    elif kind == _DEVICE_ID:
        yield Seen(SENDER, "profinet.device_id", value[:2].hex() + ":" + value[2:4].hex())
    elif kind == _ADDRESS:
        yield Seen(SENDER, "ip", ip(value[:4]))
