"""WiZ lamps, UDP 38899 and 38900: JSON in clear.

No specification is public; the messages: https://github.com/sbidy/pywizlight
"""

from collections.abc import Iterator

from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_OWN = {
    "result.moduleName": "wiz.module",
    "result.fwVersion": "wiz.firmware",
    "params.fwVersion": "wiz.firmware",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer or the first beat after a start; homes and rooms are not kept."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    told = parse(payload)
    yield from members(told, _OWN)
    if member(told, "method") in ("firstBeat", "syncPilot"):
        yield from station(member(told, "params.mac"))
    yield from station(member(told, "result.mac"))
