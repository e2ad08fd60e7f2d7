"""Tuya's announcement on the local network, UDP 6666 in clear and 6667 under a published key.

No specification is public; frames and key as the free clients have them:
https://github.com/jasonacox/tinytuya (tinytuya/core, udp_helper.py and message_helper.py)
"""

from collections.abc import Iterator
from hashlib import md5

from beholden.ingest.dissect.ciphers import open_ecb, open_gcm
from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import SENDER, Seen, collect
from beholden.ingest.dissect.stated import member, members, parse
from beholden.model.identifiers import ip

_KEY = md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()
_PLAIN_MAGIC, _SEALED_MAGIC = 0x55AA, 0x6699
_OWN = {"gwId": "tuya.device_id", "productKey": "tuya.product", "version": "tuya.version"}


def dissect(payload: bytes) -> list[Seen]:
    """Read one announcement; an app's question, which names no product, tells nothing."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    magic = octets.number(4)
    if magic == _PLAIN_MAGIC:
        told = parse(_told(octets))
    elif magic == _SEALED_MAGIC:
        told = parse(_without_code(_sealed(octets)))
    else:
        return
    if member(told, "productKey"):
        yield from members(told, _OWN)
        yield Seen(SENDER, "ip", ip(member(told, "ip")) or "")


def _told(octets: Octets) -> bytes:
    """Open a frame of 3.1 to 3.4: number, command, length, body, check sum and end mark."""
    octets.take(8)
    body = _without_code(octets.take(octets.number(4))[:-8])
    return body if body[:1] == b"{" else open_ecb(_KEY, body)


def _sealed(octets: Octets) -> bytes:
    """Open a frame of 3.5: the head, of which all but the magic is authenticated, nonce, body with its tag."""
    head = octets.take(14)
    nonce = octets.take(12)
    return open_gcm(_KEY, nonce, octets.take(int.from_bytes(head[-4:]) - 12), head)


def _without_code(body: bytes) -> bytes:
    """Cut off the return code of four bytes, three of them zero, that devices put first."""
    return body[4:] if body[:3] == b"\0\0\0" else body
