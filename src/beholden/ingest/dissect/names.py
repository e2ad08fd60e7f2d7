"""The wire format of DNS, which mDNS, LLMNR and NBNS share (RFC 1035, 1002)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from beholden.ingest.dissect.octets import Octets, Truncated, text

A, NS, CNAME, PTR, TXT, AAAA, SRV = 1, 2, 5, 12, 16, 28, 33
MOST_RECORDS = 256

Labels = tuple[bytes, ...]


@dataclass(frozen=True)
class Question:
    """One entry of the question section."""

    name: Labels
    type: int


@dataclass(frozen=True)
class Record:
    """One resource record; `section` is 1 answer, 2 authority, 3 additional."""

    section: int
    name: Labels
    type: int
    data: bytes
    at: int


@dataclass
class Message:
    """A message as far as it could be read."""

    wire: bytes
    flags: int = 0
    questions: list[Question] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def is_response(self) -> bool:
        """The QR bit."""
        return bool(self.flags & 0x8000)

    @property
    def opcode(self) -> int:
        """The four opcode bits."""
        return self.flags >> 11 & 15

    def target(self, record: Record, skip: int = 0) -> Labels:
        """Return the name inside a record's data, after `skip` bytes."""
        return read_name(self.wire, record.at + skip)[0]


def read_name(wire: bytes, at: int) -> tuple[Labels, int]:
    """Read a possibly compressed name; return its labels and where the reading goes on.

    A pointer must point before every place read so far, which rules out loops
    (RFC 1035 4.1.4), and a name has at most 255 octets (2.3.4).
    """
    labels: list[bytes] = []
    size, lowest, after = 0, at, 0
    while True:
        length = wire[at] if at < len(wire) else -1
        if length == 0:
            return tuple(labels), after or at + 1
        if length >= 0xC0:
            after = after or at + 2
            at = Octets(wire, at).number(2) & 0x3FFF
            if at >= lowest:
                raise Truncated
            lowest = at
            continue
        size += length + 1
        if not 0 < length < 0x40 or size > 255:
            raise Truncated
        labels.append(Octets(wire, at + 1).take(length))
        at += length + 1


def parse(wire: bytes) -> Message:
    """Read a message as far as it goes; what follows a malformed record is left out."""
    message = Message(wire)
    octets = Octets(wire, 2)
    try:
        message.flags = octets.number(2)
        counts = [octets.number(2) for _ in range(4)]
        for _ in range(min(counts[0], MOST_RECORDS)):
            name, octets.at = read_name(wire, octets.at)
            message.questions.append(Question(name, octets.number(2)))
            octets.take(2)
        message.records.extend(_records(octets, counts[1:]))
    except Truncated:
        pass
    return message


def _records(octets: Octets, counts: list[int]) -> Iterator[Record]:
    left = MOST_RECORDS
    for section, count in enumerate(counts, start=1):
        for _ in range(min(count, left)):
            left -= 1
            name, octets.at = read_name(octets.data, octets.at)
            kind = octets.number(2)
            octets.take(6)
            length = octets.number(2)
            at = octets.at
            yield Record(section, name, kind, octets.take(length), at)


def dotted(labels: Labels) -> str:
    r"""Join labels by dots as seen; a dot or backslash inside a label is escaped (RFC 4343)."""
    return ".".join(text(label).replace("\\", "\\\\").replace(".", "\\.") for label in labels)


def domain(labels: Labels) -> str:
    """Join labels by dots in lower case: how names compare (RFC 4343)."""
    return dotted(labels).lower()
