"""DVRIP: the older private protocol of cameras and recorders, TCP 37777: a head of 32 bytes, then text.

No specification is public; the challenge of a login, which names the device, and answers to what it is asked:
https://github.com/mcw0/DahuaConsole
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_HEAD, _MOST_MESSAGES = 32, 64
_CHALLENGE, _ANSWER = 0xB0, 0xB4
_ASKED = {0x07: "serial", 0x08: "firmware", 0x0B: "model"}


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a connection."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_MESSAGES):
        head = octets.take(_HEAD)
        size = int.from_bytes(head[4:8], "little")
        body = text(octets.take(min(size, octets.left)))
        if head[0] == _CHALLENGE and body.startswith("Realm:"):
            realm = body.partition("\r")[0].removeprefix("Realm:")
            yield Seen(SENDER, "dvrip.realm", realm)
        elif head[0] == _ANSWER and head[8] in _ASKED:
            yield Seen(SENDER, f"dvrip.{_ASKED[head[8]]}", body)
        elif head[0] not in (_CHALLENGE, _ANSWER):
            return
