"""LIFX LAN protocol, UDP 56700: product, firmware and label of a lamp. https://lan.developer.lifx.com/docs."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_PROTOCOL = 1024
_SERVICE, _FIRMWARE, _LABEL, _VERSION = 3, 15, 25, 33


def dissect(payload: bytes) -> list[Seen]:
    """Read a state that a lamp tells; its target is the lamp itself."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.little(2) != len(octets.data) or octets.little(2) & 0xFFF != _PROTOCOL:
        return
    octets.take(4)
    target = octets.take(8)
    octets.take(16)
    kind = octets.little(2)
    octets.take(2)
    if kind not in (_SERVICE, _FIRMWARE, _LABEL, _VERSION):
        return
    yield Seen(SENDER, "mac", mac(target[:6]))
    if kind == _VERSION:
        yield Seen(SENDER, "lifx.product", f"{octets.little(4)}:{octets.little(4)}")
    elif kind == _FIRMWARE:
        octets.take(16)
        minor, major = octets.little(2), octets.little(2)
        yield Seen(SENDER, "lifx.firmware", f"{major}.{minor}")
    elif kind == _LABEL:
        yield Seen(SENDER, "lifx.label", text(octets.take(32).partition(b"\0")[0]))
