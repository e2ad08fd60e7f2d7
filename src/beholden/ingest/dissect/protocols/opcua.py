"""OPC UA: what a server calls itself, how a channel is protected, and who is called. OPC 10000-6 (6.7, 7.1), 10000-4."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import RECEIVER, SENDER, Seen, collect

_GET_ENDPOINTS = 431
_NO_TEXT = 0xFFFFFFFF
_MOST_MESSAGES = 32


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a connection; what is encrypted stays so."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_MESSAGES):
        kind = octets.take(4)[:3]
        message = Octets(octets.take(min(octets.little(4) - 8, octets.left)))
        if kind == b"HEL":
            message.take(20)
            yield Seen(RECEIVER, "opcua.endpoint", _text(message))
        elif kind == b"OPN":
            message.take(4)
            yield Seen(SENDER, "opcua.security_policy", _text(message).rpartition("#")[2])
        elif kind == b"MSG":
            yield from _answer(message)
        elif kind not in (b"ACK", b"CLO", b"ERR"):
            return


def _answer(message: Octets) -> Iterator[Seen]:
    """Read the server of the first endpoint that it lists (OPC 10000-4, 5.5.4): itself."""
    message.take(16)  # channel, token, sequence, request
    if message.take(2) != b"\1\0":  # not a number of two bytes in namespace 0
        return
    if message.little(2) != _GET_ENDPOINTS:
        return
    message.take(16 + 1)  # time, handle, result; no diagnostics
    if message.little(4) not in (0, _NO_TEXT):  # table of texts, which only diagnostics use
        return
    message.take(3)
    if message.little(4) in (0, _NO_TEXT):
        return
    _text(message)
    yield from _application(message)


def _application(message: Octets) -> Iterator[Seen]:
    """Read an ApplicationDescription (OPC 10000-4, 7.2) up to its name."""
    yield Seen(SENDER, "opcua.application_uri", _text(message))
    yield Seen(SENDER, "opcua.product_uri", _text(message))
    mask = message.number(1)
    if mask & 1:
        _text(message)
    if mask & 2:
        yield Seen(SENDER, "opcua.application_name", _text(message))


def _text(message: Octets) -> str:
    size = message.little(4)
    return "" if size == _NO_TEXT else text(message.take(size))
