"""Midea's search for appliances, UDP 6445: an answer under a key that all devices share.

No specification is public; form and key: https://github.com/mac-zhou/midea-msmart
"""

from collections.abc import Iterator
from hashlib import md5

from beholden.ingest.dissect.ciphers import open_ecb
from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_KEY = md5(b"xhdiwjnchekd4d512chdjx5d8e4c394D2D7S", usedforsecurity=False).digest()
_MAGIC, _WRAPPED_MAGIC = b"\x5a\x5a", b"\x83\x70"
_LEAST = 104


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer of version 2, or of version 3, which wraps it."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if payload[:2] == _WRAPPED_MAGIC:
        payload = payload[8:-16]
    if payload[:2] != _MAGIC or len(payload) < _LEAST:
        return
    told = Octets(open_ecb(_KEY, payload[40:-16]), 8)  # address and port stand before
    yield Seen(SENDER, "midea.serial", text(told.take(32)))
    yield Seen(SENDER, "midea.network", text(told.take(told.number(1))))
