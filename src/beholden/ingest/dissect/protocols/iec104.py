"""IEC 60870-5-104: the common address of a station that reports. IEC 60870-5-101, -104."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_START = 0x68
_REPORTS = range(1, 45)
"""Types of process information in monitor direction: only a controlled station sends them."""
_MOST_UNITS = 512


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a connection."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_UNITS):
        if octets.number(1) != _START:
            return
        unit = Octets(octets.take(octets.number(1)))
        is_information = unit.take(4)[0] & 1 == 0
        if is_information and unit.number(1) in _REPORTS:
            unit.take(3)
            yield Seen(SENDER, "iec104.station", str(unit.little(2)))
