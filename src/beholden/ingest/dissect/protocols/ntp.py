"""NTP: who gives time, after whose clock, and with what software. RFC 5905 (7.3), RFC 9327 for control messages."""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_CLIENT, _SERVER, _BROADCAST, _CONTROL = 3, 4, 5, 6
_SIZE = 48
_READ_VARIABLES_ANSWER = 0x82
_MOST_STRATUM = 15
_VARIABLE = re.compile(r'\b(version|processor|system)="([^"]{1,200})"')


def dissect(payload: bytes) -> list[Seen]:
    """Read a packet of a client, a server or a broadcaster, or a server's variables."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    octets = Octets(payload)
    mode, stratum = octets.number(1) & 7, octets.number(1)
    if mode == _CONTROL and stratum == _READ_VARIABLES_ANSWER:
        octets.take(10)
        for name, value in _VARIABLE.findall(text(octets.rest())):
            yield Seen(SENDER, f"ntp.{name}", value)
    elif mode in (_CLIENT, _SERVER, _BROADCAST) and len(payload) >= _SIZE and 1 <= stratum <= _MOST_STRATUM:
        if mode != _CLIENT:
            yield Seen(SENDER, "ntp.stratum", str(stratum))
        reference = payload[12:16]
        yield Seen(SENDER, "ntp.reference", text(reference) if stratum == 1 else ip(reference))
