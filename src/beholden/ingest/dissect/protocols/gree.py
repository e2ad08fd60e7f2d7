"""Gree's search for air conditioners, UDP 7000: JSON, of which one member is under a key that all devices share.

No specification is public; form and key: https://github.com/tomikaa87/gree-remote
"""

from base64 import b64decode
from collections.abc import Iterator

from beholden.ingest.dissect.ciphers import open_ecb
from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_KEY = b"a3K8Bx%2r8Y7#xDh"
_OWN = {
    "brand": "gree.brand",
    "model": "gree.model",
    "mid": "gree.model_id",
    "ver": "gree.firmware",
    "name": "gree.name",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to a search; what is under a device's own key stays hidden."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    outer = parse(payload)
    if member(outer, "t") == "pack":
        told = parse(open_ecb(_KEY, b64decode(member(outer, "pack"))))
        if member(told, "t") == "dev":
            yield from members(told, _OWN)
            yield from station(member(told, "mac"))
