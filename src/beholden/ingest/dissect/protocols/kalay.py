"""Kalay: how a client asks a local network for a device that relays else connect, and the answer, UDP 32761.

No specification is public; the forms: https://github.com/AlexxIT/go2rtc/tree/master/pkg/tutk. What is sent is mixed with
a sentence that is the same everywhere, so anybody can read it.
"""

import re
from collections.abc import Iterator
from struct import Struct

from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_SENTENCE = b"Charlie is the designer of P2P!!"[:16]
_ORDER = (11, 9, 8, 15, 13, 10, 12, 14, 2, 1, 5, 0, 6, 4, 7, 3)
"""Where each byte of a block came from."""
_WORDS = Struct("<4I")
_BEGINS, _ASKS, _ANSWERS = b"\x04\x02", b"\x01\x06\x21", b"\x02\x06\x12"
_MOST = 512
_ANSWER = 200
_IDENTIFIER = re.compile("[A-Z0-9]{20}")


def dissect(payload: bytes) -> list[Seen]:
    """Read a search or its answer; nothing else is sent on this port."""
    return collect(_read(payload[:_MOST]))


def _read(payload: bytes) -> Iterator[Seen]:
    plain = b"".join(_block(payload[at : at + 16]) for at in range(0, len(payload) - 15, 16))
    octets = Octets(plain)
    if octets.take(2) != _BEGINS:
        return
    version = octets.number(1)
    octets.take(5)
    kind = octets.take(3)
    octets.take(5)
    if kind == _ASKS:
        identifier = octets.take(20).decode("ascii")
        yield Seen(SENDER, "kalay.asks", identifier if _IDENTIFIER.fullmatch(identifier) else "")
    elif kind == _ANSWERS:
        yield Seen(SENDER, "kalay.version", str(version))
        if len(payload) == _ANSWER:
            kit = plain[_ANSWER - 16 : _ANSWER - 12]
            yield Seen(SENDER, "kalay.software", ".".join(map(str, reversed(kit))))


def _block(raw: bytes) -> bytes:
    """Undo the mixing of sixteen bytes: turn, reorder, exclusive or with the sentence, turn."""
    turned = _turned(raw, 3)
    mixed = bytes(turned[place] ^ letter for place, letter in zip(_ORDER, _SENTENCE, strict=True))
    return _turned(mixed, 1)


def _turned(raw: bytes, least: int) -> bytes:
    """Rotate each word to the left: the first by `least` bits, each further one by four more."""
    turns = range(least, least + 16, 4)
    words = zip(_WORDS.unpack(raw), turns, strict=True)
    return _WORDS.pack(*(((word << by) | (word >> 32 - by)) & 0xFFFFFFFF for word, by in words))
