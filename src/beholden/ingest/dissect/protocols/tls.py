"""TLS handshakes: names asked for, JA4, what the server chose, certificates. RFC 8446, 5246, 6066, 7301."""

from collections.abc import Iterator

from beholden.ingest.dissect import certificate, chain, clienthello, serverhello
from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import Seen, collect

_HANDSHAKE = 22
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
_MOST_MESSAGES = 16


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a TLS stream."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    octets = Octets(_handshake(payload))
    is_client = False
    for _ in range(_MOST_MESSAGES):
        kind, length = octets.number(1), octets.number(3)
        if kind == _CLIENT_HELLO:  # the one message that is worth reading in part
            body = octets.take(min(length, octets.left))
            is_client = True
            yield from clienthello.tell(clienthello.parse(body, length), "t")
            continue
        if kind == _CERTIFICATE:  # so is this one: the server's own comes first
            yield from _certificates(octets.take(min(length, octets.left)), length, is_client=is_client)
            return
        body = octets.take(length)
        if kind == _SERVER_HELLO:
            yield from serverhello.tell(body)


def _certificates(body: bytes, length: int, *, is_client: bool) -> Iterator[Seen]:
    """Read a list of certificates, announced with a length, as far as it goes."""
    octets = Octets(body, 3)
    sent: list[bytes] = []
    while octets.left and len(sent) <= chain.MOST:
        sent.append(octets.take(octets.number(3)))
        if len(sent) == 1:
            yield from certificate.tell(sent[0], is_client=is_client)
    if len(body) == length and not is_client:
        yield from chain.tell(tuple(sent))


def _handshake(payload: bytes) -> bytes:
    """Join the fragments of the handshake records at the start (RFC 8446 5.1)."""
    octets, fragments = Octets(payload), []
    while octets.left > 5 and payload[octets.at] == _HANDSHAKE and payload[octets.at + 1] == 3:
        octets.take(3)
        length = octets.number(2)
        fragments.append(octets.take(min(length, octets.left)))
    return b"".join(fragments)
