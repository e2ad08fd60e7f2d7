"""EtherNet/IP: the identity a device lists. CIP Networks Library, volume 2, 2-4.2 (IEC 61158-5-2, -6-2)."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_LIST_IDENTITY, _IDENTITY_ITEM = 0x63, 0x0C


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to ListIdentity; a question has no items."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.little(2) != _LIST_IDENTITY:
        return
    octets.take(22)
    for _ in range(min(octets.little(2), 16)):
        kind, item = octets.little(2), Octets(octets.take(octets.little(2)))
        if kind == _IDENTITY_ITEM:
            for name, value in _identity(item):
                yield Seen(SENDER, f"enip.{name}", value)


def _identity(item: Octets) -> Iterator[tuple[str, str]]:
    item.take(18)  # version and socket address
    for name in ("vendor_id", "device_type", "product_code"):
        yield name, str(item.little(2))
    yield "revision", f"{item.number(1)}.{item.number(1)}"
    item.take(2)
    yield "serial", f"{item.little(4):08x}"
    yield "product", text(item.take(item.number(1)))
