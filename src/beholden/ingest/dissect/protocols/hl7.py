"""HL7 version 2 over MLLP, TCP 2575 and 6661: which application sends. HL7 2.9 chapter 2.14.9 (MSH); MLLP release 1."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_START, _MOST_MESSAGES = b"\x0bMSH", 16
_FIELDS = {2: "application", 3: "facility", 11: "version"}


def dissect(payload: bytes) -> list[Seen]:
    """Read the heads of messages; segments about patients are never looked at."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    at = payload.find(_START)
    for _ in range(_MOST_MESSAGES):
        if at < 0:
            return
        head = payload[at + 4 : at + 1024].partition(b"\r")[0]
        fields = text(head).split(head[:1].decode("latin-1"))
        for number, name in _FIELDS.items():
            if number < len(fields):
                yield Seen(SENDER, f"hl7.{name}", fields[number].partition("^")[0])
        at = payload.find(_START, at + 4)
