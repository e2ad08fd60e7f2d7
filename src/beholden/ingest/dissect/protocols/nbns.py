"""NetBIOS name service: own names and names asked for. RFC 1001, 1002 section 4.2."""

from collections.abc import Iterator

from beholden.ingest.dissect.names import Labels, Message, Record, dotted, parse
from beholden.ingest.dissect.octets import Octets, ip, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_NB, _NBSTAT = 32, 33
_QUERY = 0
_CLAIMS = {
    5,
    8,
    9,
    15,
}  # registration, refresh (as the RFC gives it and as it is sent), multi-homed registration
_GROUP = 0x8000


def dissect(payload: bytes) -> list[Seen]:
    """Read a query, a registration or a response; names of groups are nobody's own."""
    return collect(_read(parse(payload)))


def _read(message: Message) -> Iterator[Seen]:
    if message.opcode == _QUERY and not message.is_response:
        for question in message.questions:
            name = _name(question.name)
            yield Seen(SENDER, "nbns.query", "" if name.startswith("*") else name)
    for record in message.records:
        if record.type == _NBSTAT and message.is_response:
            yield from _status(Octets(record.data))
        elif record.type == _NB:
            yield from _holder(message, record)


def _holder(message: Message, record: Record) -> Iterator[Seen]:
    """Tell who has a name: the one that claims it, or in an answer the address given for it."""
    octets = Octets(record.data)
    flags, address = octets.number(2), ip(octets.take(4))
    if flags & _GROUP or not address:
        return
    if message.opcode in _CLAIMS and not message.is_response:
        yield Seen(SENDER, "nbns.name", _name(record.name))
    elif message.opcode == _QUERY and message.is_response:
        yield Seen(f"ip {address}", "nbns.name", _name(record.name))


def _status(octets: Octets) -> Iterator[Seen]:
    """Read the table of own names, then the link address that ends it (RFC 1002 4.2.18)."""
    for _ in range(octets.number(1)):
        name, flags = octets.take(16), octets.number(2)
        yield Seen(SENDER, "nbns.name", "" if flags & _GROUP else _shown(name))
    yield Seen(SENDER, "mac", mac(octets.take(6)))


def _name(labels: Labels) -> str:
    """Decode the first-level encoding: two letters A to P for each byte (RFC 1001 14.1)."""
    first = labels[0] if labels else b""
    if len(first) != 32 or not all(0x41 <= letter <= 0x50 for letter in first):
        return dotted(labels)
    return _shown(bytes((first[at] - 0x41) << 4 | first[at + 1] - 0x41 for at in range(0, 32, 2)))


def _shown(name: bytes) -> str:
    shown = text(name[:15]).strip()
    return f"{shown}<{name[15]:02X}>" if shown else ""
