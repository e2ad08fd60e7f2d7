"""Smart Home Protocol of plugs and lamps, UDP and TCP 9999: JSON, each byte under the one before it, hidden.

No specification is public; the cipher and an answer: https://github.com/softScheck/tplink-smartplug
"""

from collections.abc import Iterator

from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_FIRST_KEY = 171
_MOST = 16_384
_INFO = "system.get_sysinfo."
_OWN = {
    "model": "shp.model",
    "type": "shp.type",
    "mic_type": "shp.type",
    "sw_ver": "shp.firmware",
    "hw_ver": "shp.hardware",
    "deviceId": "shp.device_id",
    "alias": "shp.alias",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to `get_sysinfo`, of a stream after its four bytes of length."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    size = int.from_bytes(payload[:4])
    hidden = payload[4 : 4 + size] if size < _MOST else payload
    told = parse(_opened(hidden[:_MOST]))
    yield from members(told, {f"{_INFO}{name}": wanted for name, wanted in _OWN.items()})
    yield from station(member(told, f"{_INFO}mac") or member(told, f"{_INFO}mic_mac"))


def _opened(hidden: bytes) -> bytes:
    return bytes(one ^ key for one, key in zip(hidden, bytes([_FIRST_KEY]) + hidden, strict=False))
