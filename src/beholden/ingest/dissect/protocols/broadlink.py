"""Broadlink's search, UDP 80: the answer names type, link address and name.

No specification is public; the packets: https://github.com/mjg59/python-broadlink (protocol.md)
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ANSWER, _CHECK_AT, _COMMAND_AT = 7, 0x20, 0x26


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to a search, if its check sum fits."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    check = int.from_bytes(payload[_CHECK_AT : _CHECK_AT + 2], "little")
    counted = 0xBEAF + sum(payload) - sum(payload[_CHECK_AT : _CHECK_AT + 2])
    if len(payload) < 0x40 or payload[_COMMAND_AT] != _ANSWER or counted & 0xFFFF != check:
        return
    octets = Octets(payload, 0x34)
    yield Seen(SENDER, "broadlink.type", f"{octets.little(2):04x}")
    octets.take(4)
    yield Seen(SENDER, "mac", mac(octets.take(6)[::-1]))
    yield Seen(SENDER, "broadlink.name", text(octets.rest()[:62].partition(b"\0")[0]))
