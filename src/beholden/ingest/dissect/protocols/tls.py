"""TLS handshakes: names asked for, JA4, version chosen, certificate. RFC 8446, 5246, 6066, 7301."""

from collections.abc import Iterator

from beholden.ingest.dissect import certificate, clienthello
from beholden.ingest.dissect.octets import Octets, Truncated
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_HANDSHAKE = 22
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
_SUPPORTED_VERSIONS = 43
_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_MOST_MESSAGES = 16


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a TLS stream."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    octets = Octets(_handshake(payload))
    for _ in range(_MOST_MESSAGES):
        kind, length = octets.number(1), octets.number(3)
        if kind == _CLIENT_HELLO:  # the one message that is worth reading in part
            body = octets.take(min(length, octets.left))
            yield from clienthello.tell(clienthello.parse(body, length), "t")
            return
        body = octets.take(length)
        if kind == _SERVER_HELLO:
            yield Seen(SENDER, "tls.version", _version(Octets(body)))
        elif kind == _CERTIFICATE:
            chain = Octets(body, 3)
            yield from certificate.tell(chain.take(chain.number(3)))
            return


def _handshake(payload: bytes) -> bytes:
    """Join the fragments of the handshake records at the start (RFC 8446 5.1)."""
    octets, fragments = Octets(payload), []
    while octets.left > 5 and payload[octets.at] == _HANDSHAKE and payload[octets.at + 1] == 3:
        octets.take(3)
        length = octets.number(2)
        fragments.append(octets.take(min(length, octets.left)))
    return b"".join(fragments)


def _version(octets: Octets) -> str:
    legacy = octets.number(2)
    octets.take(32)
    octets.take(octets.number(1))
    octets.take(3)
    version = legacy
    try:
        octets.take(2)
        while octets.left:
            kind = octets.number(2)
            data = octets.take(octets.number(2))
            if kind == _SUPPORTED_VERSIONS:
                version = int.from_bytes(data)
    except Truncated:
        pass  # extensions are optional before TLS 1.3
    return _VERSIONS.get(version, "")
