"""Exporters of flows, by NetFlow 5, 9 or IPFIX: that they export is all that is told here. RFC 3954, 7011.

What they export is read from a file of their messages.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_VERSIONS = {5: "NetFlow 5", 9: "NetFlow 9", 10: "IPFIX"}
_SINCE = 946_684_800  # 2000: the only word of a head that cannot be anything


def dissect(payload: bytes) -> list[Seen]:
    """Read the head of one message."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    octets = Octets(payload)
    version, second = octets.number(2), octets.number(2)
    if version != 10:
        octets.take(4)
    exported = octets.number(4)
    octets.take(8)
    fits = second == len(payload) if version == 10 else 0 < second <= len(payload)
    if version in _VERSIONS and fits and exported >= _SINCE:
        yield Seen(SENDER, "netflow.exporter", _VERSIONS[version])
