"""DNS: names asked for, and addresses given for them. RFC 1035, 3596."""

from collections.abc import Iterator

from beholden.ingest.dissect.names import AAAA, CNAME, A, Message, domain, parse
from beholden.ingest.dissect.octets import ip
from beholden.ingest.dissect.seen import SENDER, Answer, Seen, collect

_QUERY = 0


def dissect(payload: bytes) -> list[Seen | Answer]:
    """Read a query or an answer; an address is told under the name that was asked, CNAMEs followed."""
    return collect(_read(parse(payload)))


def _read(message: Message) -> Iterator[Seen | Answer]:
    if message.opcode != _QUERY or not message.questions:
        return
    if message.is_response:
        yield Seen(SENDER, "dns.server", "true")
        yield from _answers(message)
        return
    for question in message.questions:
        yield Seen(SENDER, "dns.query", domain(question.name))


def _answers(message: Message) -> Iterator[Answer]:
    asked = domain(message.questions[0].name)
    answers = [record for record in message.records if record.section == 1]
    aliases = [
        (domain(record.name), domain(message.target(record))) for record in answers if record.type == CNAME
    ]
    reached = {asked}
    for _ in aliases:  # records may come in any order
        more = {target for name, target in aliases if name in reached} - reached
        if not more:
            break
        reached |= more
    for record in answers:
        if record.type in (A, AAAA) and domain(record.name) in reached:
            yield Answer(asked, ip(record.data))
