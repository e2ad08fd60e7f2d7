"""IPv6 neighbour discovery: routers, and which link address an IPv6 address has. RFC 4861."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, mac
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ROUTER_ADVERTISEMENT, _NEIGHBOUR_ADVERTISEMENT = 134, 136
_TARGET_LINK_ADDRESS = 2
_ROUTER_FLAG = 0x80


def dissect(payload: bytes) -> list[Seen]:
    """Read one ICMPv6 message of types 133 to 136; the address of a sender is known from its packet."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    kind = octets.number(1)
    octets.take(3)
    if kind == _ROUTER_ADVERTISEMENT:
        octets.take(2)
        lifetime = octets.number(2)
        yield Seen(SENDER, "nd.router", "true" if lifetime else "")
    elif kind == _NEIGHBOUR_ADVERTISEMENT:
        flags = octets.number(4) >> 24
        target = ip(octets.take(16))
        yield Seen(SENDER, "nd.router", "true" if flags & _ROUTER_FLAG else "")
        while octets.left:
            option, length = octets.number(1), octets.number(1)
            value = octets.take(length * 8 - 2)
            if option == _TARGET_LINK_ADDRESS and (station := mac(value)):
                yield Seen(f"mac {station}", "ip", target)
