"""MNDP, MikroTik Neighbor Discovery Protocol: what routers announce, UDP 5678.

https://help.mikrotik.com (Neighbor discovery)
The packet: https://github.com/wireshark/wireshark/blob/master/epan/dissectors/packet-mndp.c
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_MAC = 1
_TEXTS = {5: "identity", 7: "version", 8: "platform", 11: "software_id", 12: "board"}


def dissect(payload: bytes) -> list[Seen]:
    """Read an announcement; a question is four zero bytes."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    octets.take(4)
    while octets.left:
        kind, value = octets.number(2), octets.take(octets.number(2))
        if kind in _TEXTS:
            yield Seen(SENDER, f"mndp.{_TEXTS[kind]}", text(value))
        elif kind == _MAC:
            yield Seen(SENDER, "mac", mac(value))
