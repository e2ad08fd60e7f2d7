"""LLMNR: names asked for and answered on the link. RFC 4795."""

from collections.abc import Iterator

from beholden.ingest.dissect.names import AAAA, A, Message, dotted, parse
from beholden.ingest.dissect.seen import SENDER, Seen, collect


def dissect(payload: bytes) -> list[Seen]:
    """Read a query or a response; who answers for a name has it."""
    return collect(_read(parse(payload)))


def _read(message: Message) -> Iterator[Seen]:
    if message.opcode:
        return
    if not message.is_response:
        for question in message.questions:
            yield Seen(SENDER, "llmnr.query", dotted(question.name))
    for record in message.records:
        if message.is_response and record.type in (A, AAAA):
            yield Seen(SENDER, "llmnr.hostname", dotted(record.name))
