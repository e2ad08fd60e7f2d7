"""DLMS/COSEM, TCP and UDP 4059: the system title of a meter or head end. IEC 62056-47 (wrapper), IEC 62056-5-3 (ACSE)."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_WRAPPER = 1
_ASKED, _ANSWERED = 0x60, 0x61
_TITLES = {_ASKED: 0xA6, _ANSWERED: 0xA4}
_MOST_UNITS, _TITLE_SIZE = 32, 8


def dissect(payload: bytes) -> list[Seen]:
    """Read requests for an association and answers; passwords are never kept."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_UNITS):
        if octets.number(2) != _WRAPPER:
            return
        octets.take(4)
        unit = Octets(octets.take(octets.number(2)))
        kind = unit.number(1)
        if kind not in _TITLES:
            continue
        fields = Octets(unit.take(unit.number(1)))
        while fields.left:
            tag, value = fields.number(1), fields.take(fields.number(1))
            if tag == _TITLES[kind] and value[:2] == bytes([4, _TITLE_SIZE]):
                yield from _title(value[2:])


def _title(title: bytes) -> Iterator[Seen]:
    """Tell a system title: three letters that the DLMS User Association gives a maker, then a number."""
    if len(title) == _TITLE_SIZE and title[:3].isalpha():
        yield Seen(SENDER, "dlms.maker", text(title[:3]))
        yield Seen(SENDER, "dlms.system_title", text(title[:3]) + title[3:].hex())
