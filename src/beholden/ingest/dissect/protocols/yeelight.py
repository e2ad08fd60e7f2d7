"""Yeelight's search, UDP 1982, in the form of SSDP. Yeelight WiFi Light Inter-Operation Specification, 3.1."""

from collections.abc import Iterator

from beholden.ingest.dissect.heads import split
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_OWN = {"model": "model", "fw_ver": "firmware", "id": "device_id"}


def dissect(payload: bytes) -> list[Seen]:
    """Read an announcement or an answer to a search."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    head = split(payload)
    if head.first("location").startswith("yeelight://"):
        for name, value in head.fields:
            if name in _OWN:
                yield Seen(SENDER, f"yeelight.{_OWN[name]}", value)
