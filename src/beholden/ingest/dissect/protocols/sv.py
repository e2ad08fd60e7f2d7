"""Sampled values: which merging unit publishes. IEC 61850-9-2, 8.5, EtherType 0x88BA."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_UNIT, _LIST, _ONE, _ID = 0x60, 0xA2, 0x30, 0x80


def dissect(payload: bytes) -> list[Seen]:
    """Read one message; the samples are not kept."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    octets.take(8)
    if octets.number(1) != _UNIT:
        return
    octets.length()
    samples = Octets(b"")
    while not samples.left:
        tag, size = octets.number(1), octets.length()
        value = octets.take(min(size, octets.left))
        if tag == _LIST:
            samples = Octets(value)
    while samples.left and samples.number(1) == _ONE:
        sample = Octets(samples.take(samples.length()))
        if sample.number(1) == _ID:
            yield Seen(SENDER, "sv.id", text(sample.take(sample.length())))
