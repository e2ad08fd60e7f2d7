"""Discovery of the newer plugs, lamps and cameras, UDP 20002: a head of 16 bytes, then JSON.

No specification is public; head and answer as the free client has them:
https://github.com/python-kasa/python-kasa (kasa/discover.py)
"""

from collections.abc import Iterator

from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_HEAD = 16
_VERSIONS = (1, 2)
_OWN = {
    "result.device_model": "tdp.model",
    "result.device_type": "tdp.type",
    "result.device_id": "tdp.device_id",
    "result.mgt_encrypt_schm.encrypt_type": "tdp.encryption",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer; the owner's number in it is never kept."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if payload[0] not in _VERSIONS or payload[_HEAD : _HEAD + 1] != b"{":
        return
    told = parse(payload[_HEAD:])
    yield from members(told, _OWN)
    yield from station(member(told, "result.mac"), member(told, "result.ip"))
