"""GOOSE: which control block of a substation device publishes. IEC 61850-8-1, 18 and annex A, EtherType 0x88B8."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_UNIT = 0x61
_OWN = {0x80: "control_block", 0x82: "data_set", 0x83: "id"}


def dissect(payload: bytes) -> list[Seen]:
    """Read one message; the values it carries are not kept."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    octets.take(8)
    if octets.number(1) != _UNIT:
        return
    octets.length()
    for _ in range(5):
        tag, value = octets.number(1), octets.take(octets.length())
        if tag in _OWN:
            yield Seen(SENDER, f"goose.{_OWN[tag]}", text(value))
