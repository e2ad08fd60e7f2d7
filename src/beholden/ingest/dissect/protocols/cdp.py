"""CDP: what network devices say of themselves. Cisco Discovery Protocol, SNAP 00000c:2000."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ADDRESSES, _CAPABILITIES = 2, 4
_TEXTS = {1: "device_id", 5: "version", 6: "platform"}
_CAPABILITY_NAMES = [
    "router",
    "transparent-bridge",
    "source-route-bridge",
    "switch",
    "host",
    "igmp",
    "repeater",
    "telephone",
    "remotely-managed",
]


def dissect(payload: bytes) -> list[Seen]:
    """Read one CDP message."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    version = octets.number(1)
    octets.take(3)
    while octets.left and version in (1, 2):
        kind, length = octets.number(2), octets.number(2)
        value = octets.take(length - 4)
        if kind in _TEXTS:
            yield Seen(SENDER, f"cdp.{_TEXTS[kind]}", text(value))
        elif kind == _CAPABILITIES:
            bits = int.from_bytes(value)
            names = (name for at, name in enumerate(_CAPABILITY_NAMES) if bits >> at & 1)
            yield Seen(SENDER, "cdp.capabilities", " ".join(names))
        elif kind == _ADDRESSES:
            yield from _addresses(Octets(value))


def _addresses(octets: Octets) -> Iterator[Seen]:
    for _ in range(min(octets.number(4), 16)):
        octets.take(1)
        octets.take(octets.number(1))
        yield Seen(SENDER, "ip", ip(octets.take(octets.number(2))))
