"""Ubiquiti's discovery, UDP 10001: what access points, bridges and switches announce.

No specification is public; its fields: https://github.com/nmap/nmap/blob/master/scripts/ubiquiti-discovery.nse
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect
from beholden.ingest.dissect.stated import station

_VERSIONS = (1, 2)
_TEXTS = {0x03: "firmware", 0x0B: "name", 0x0C: "platform", 0x14: "model", 0x15: "platform", 0x16: "version"}
_ADDRESSES = 0x02


def dissect(payload: bytes) -> list[Seen]:
    """Read an announcement or an answer; a question is empty."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    version = octets.number(1)
    octets.take(1)
    fields = Octets(octets.take(octets.number(2)))
    while version in _VERSIONS and fields.left:
        kind, value = fields.number(1), fields.take(fields.number(2))
        if kind in _TEXTS:
            yield Seen(SENDER, f"ubnt.{_TEXTS[kind]}", text(value))
        elif kind == _ADDRESSES:
            yield from station(value[:6].hex(":"), ip(value[6:10]))
