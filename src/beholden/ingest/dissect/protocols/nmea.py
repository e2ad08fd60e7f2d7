"""NMEA 0183 over UDP, port 10110: which satellite systems a receiver uses, and what it says of itself.

IEC 61162-1 (sentences), IEC 61162-450 and IANA's nmea-0183; positions are never kept.
"""

import re
from collections.abc import Iterator
from functools import reduce
from operator import xor

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_SENTENCE = re.compile(rb"[$!]([A-Z0-9]{4,8}(?:,[^$!*\r\n]{0,120}))\*([0-9A-Fa-f]{2})")
_MOST_SENTENCES = 64
_PROPRIETARY = 4  # P and three letters that the NMEA gives a maker


def dissect(payload: bytes) -> list[Seen]:
    """Read the sentences of a datagram whose check sums fit."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    for _, found in zip(range(_MOST_SENTENCES), _SENTENCE.finditer(payload), strict=False):
        if reduce(xor, found[1]) != int(found[2], 16):
            continue
        head, *fields = text(found[1]).split(",")
        if head.startswith("P"):
            yield Seen(SENDER, "nmea.maker", head[1:_PROPRIETARY])
        else:
            yield Seen(SENDER, "nmea.talker", head[:2])
        if head.endswith("TXT") and len(fields) == 4:
            yield Seen(SENDER, "nmea.text", fields[3])
