"""PPPP: how cameras register with the relays of their maker, UDP 32100, and answer a search, UDP 32108.

No specification is public; messages and the identifier of a device: https://github.com/pmarrapese/iot
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_MAGIC = 0xF1
_MESSAGES = {
    0x00: "hello",
    0x10: "device login",
    0x12: "device login, encrypted",
    0x14: "device login, signed",
    0x20: "request of a device",
    0x30: "search",
    0x41: "answer to a search",
}
_IDENTIFIED = (0x10, 0x14, 0x41)
_REQUEST = 0x20


def dissect(payload: bytes) -> list[Seen]:
    """Read one message; a client names the device it looks for, which is not itself."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    magic, kind = octets.number(1), octets.number(1)
    if magic != _MAGIC or kind not in _MESSAGES:
        return
    body = Octets(octets.take(octets.number(2)))
    yield Seen(SENDER, "pppp.message", _MESSAGES[kind])
    if kind in _IDENTIFIED:
        yield Seen(SENDER, "pppp.device_id", _identifier(body))
    elif kind == _REQUEST:
        yield Seen(SENDER, "pppp.asks", _identifier(body))


def _identifier(body: Octets) -> str:
    prefix, number, check = body.take(8), body.number(4), body.take(8)
    return f"{text(prefix)}-{number:06}-{text(check)}"
