"""Multicast DNS and DNS-SD: services a device announces as its own, and those it asks for. RFC 6762, 6763."""

from collections.abc import Iterator

from beholden.ingest.dissect.names import (
    AAAA,
    PTR,
    SRV,
    TXT,
    A,
    Labels,
    Message,
    Record,
    domain,
    dotted,
    parse,
)
from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ENUMERATION = "_services._dns-sd._udp.local"
_AUTHORITY = 2


def dissect(payload: bytes) -> list[Seen]:
    """Read a query or a response. Known answers in a query are of others; what it probes for is its own."""
    return collect(_read(parse(payload)))


def _read(message: Message) -> Iterator[Seen]:
    if not message.is_response:
        for question in message.questions:
            yield Seen(SENDER, "mdns.asks", _service(question.name))
    for record in message.records:
        if message.is_response or record.section == _AUTHORITY:
            yield from _own(message, record)


def _own(message: Message, record: Record) -> Iterator[Seen]:
    if record.type in (A, AAAA):
        yield Seen(SENDER, "mdns.hostname", _hostname(record.name))
    elif record.type == PTR:
        target = message.target(record)
        if domain(record.name) == _ENUMERATION:
            yield Seen(SENDER, "mdns.service", _service(target))
        else:
            yield from _instance(target, _service(record.name))
    elif record.type == SRV:
        yield from _instance(record.name, _service(record.name))
        yield Seen(SENDER, "mdns.hostname", _hostname(message.target(record, skip=6)))
    elif record.type == TXT:
        service = _service(record.name)
        for pair in _pairs(record.data):
            yield Seen(SENDER, "mdns.txt", f"{service} {pair}" if service and pair else "")


def _instance(name: Labels, service: str) -> Iterator[Seen]:
    if service:
        yield Seen(SENDER, "mdns.service", service)
        yield Seen(SENDER, "mdns.instance", dotted(_local(name)))


def _local(name: Labels) -> Labels:
    return name[:-1] if name and name[-1].lower() == b"local" else name


def _hostname(name: Labels) -> str:
    return dotted(name) if len(name) > 1 and name[-1].lower() == b"local" else ""


def _service(name: Labels) -> str:
    """Return `_type._protocol` of a service, subtype or instance name (RFC 6763 4.1, 7)."""
    labels = _local(name)
    if len(labels) < 2 or not labels[-2].startswith(b"_") or labels[-1].lower() not in (b"_tcp", b"_udp"):
        return ""
    return domain(labels[-2:])


def _pairs(data: bytes) -> Iterator[str]:
    octets = Octets(data)
    while octets.left:
        yield text(octets.take(octets.number(1)))
