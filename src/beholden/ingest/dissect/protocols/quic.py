"""QUIC: the ClientHello inside Initial packets. RFC 9000, 9001 (version 1, drafts), 9369 (version 2)."""

from collections.abc import Iterator

from beholden.ingest.dissect import clienthello, initials
from beholden.ingest.dissect.octets import Truncated
from beholden.ingest.dissect.pieces import runs
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_MOST_DATAGRAMS = 8
_CLIENT_HELLO = 1


def dissect(payload: bytes) -> list[Seen]:
    """Read one datagram; only packets that open with the keys of their own connection id are believed."""
    return join([payload])


def join(datagrams: list[bytes]) -> list[Seen]:
    """Read the first datagrams of one sender in a connection; a ClientHello may be spread over several."""
    return collect(_read(datagrams[:_MOST_DATAGRAMS]))


def _read(datagrams: list[bytes]) -> Iterator[Seen]:
    pieces: list[tuple[int, bytes]] = []
    for datagram in datagrams:
        try:
            for initial in initials.find(datagram):
                frames = initials.opened(
                    initial, initials.client_keys(initial.version, initial.connection_id)
                )
                if frames:
                    yield Seen(SENDER, "quic.version", initial.version.name)
                pieces.extend(initials.crypto(frames))
        except Truncated:
            continue  # the next datagram may be whole
    joined = runs(sorted(pieces))
    if joined and min(pieces)[0] == 0 and joined[0][:1] == bytes([_CLIENT_HELLO]):
        length = int.from_bytes(joined[0][1:4])
        yield from clienthello.tell(clienthello.parse(joined[0][4 : 4 + length], length), "q")
