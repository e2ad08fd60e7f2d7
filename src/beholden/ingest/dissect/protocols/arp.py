"""ARP: who has which address and who asks for whom. RFC 826; probes and announcements RFC 5227."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, mac
from beholden.ingest.dissect.seen import Seen, collect

_REQUEST = 1


def dissect(payload: bytes) -> list[Seen]:
    """Read an ARP packet for IPv4 over 48-bit link addresses."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.take(6)[2:] != b"\x08\x00\x06\x04":
        return
    operation = octets.number(2)
    station, address = mac(octets.take(6)), ip(octets.take(4))
    octets.take(6)
    asked = ip(octets.take(4))
    if not station or not address:  # an RFC 5227 probe says nothing of others
        return
    yield Seen(f"mac {station}", "ip", address)
    if operation == _REQUEST and asked != address:
        yield Seen(f"mac {station}", "arp.asks", asked)
