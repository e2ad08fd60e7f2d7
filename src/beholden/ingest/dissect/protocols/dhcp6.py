"""DHCPv6: what a client says of itself. RFC 8415; FQDN RFC 4704; MUD RFC 8520; relays RFC 8415 section 9."""

from collections.abc import Iterator

from beholden.ingest.dissect.names import dotted, read_name
from beholden.ingest.dissect.octets import Octets, ip, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_CLIENT_MESSAGES = {1, 3, 4, 5, 6, 8, 9, 11}
_RELAY_FORWARD = 12
_CLIENT_ID, _WANTED, _RELAYED, _VENDOR_CLASS, _FQDN, _MUD = 1, 6, 9, 16, 39, 112
_MOST_RELAYS = 8


def dissect(payload: bytes) -> list[Seen]:
    """Read a client's message, also inside a relay's."""
    return collect(_read(payload, SENDER, _MOST_RELAYS))


def _read(message: bytes, about: str, relays: int) -> Iterator[Seen]:
    octets = Octets(message)
    kind = octets.number(1)
    if kind == _RELAY_FORWARD and relays:
        octets.take(17)
        peer = ip(octets.take(16))
        for option, value in _options(octets):
            if option == _RELAYED:
                yield from _read(value, f"ip {peer}" if peer else "", relays - 1)
    elif kind in _CLIENT_MESSAGES:
        octets.take(3)
        for option, value in _options(octets):
            yield from _client(about, option, value)


def _options(octets: Octets) -> Iterator[tuple[int, bytes]]:
    while octets.left:
        option = octets.number(2)
        yield option, octets.take(octets.number(2))


def _client(about: str, option: int, value: bytes) -> Iterator[Seen]:
    if option == _CLIENT_ID:
        yield Seen(about, "dhcp6.duid", value.hex())
        yield Seen(about, "mac", _station(value))
    elif option == _WANTED:
        numbers = (int.from_bytes(value[at : at + 2]) for at in range(0, len(value) - 1, 2))
        yield Seen(about, "dhcp6.options", ",".join(map(str, numbers)))
    elif option == _VENDOR_CLASS:
        octets = Octets(value)
        enterprise = octets.number(4)
        while octets.left:
            yield Seen(about, "dhcp6.vendor_class", f"{enterprise}:{text(octets.take(octets.number(2)))}")
    elif option == _MUD:
        yield Seen(about, "mud.url", text(value))
    elif option == _FQDN:
        yield Seen(about, "dhcp6.fqdn", dotted(read_name(value[1:].rstrip(b"\0") + b"\0", 0)[0]))


def _station(duid: bytes) -> str:
    """Return the Ethernet address in a DUID-LLT or DUID-LL (RFC 8415 11.2, 11.4)."""
    if duid[:4] == b"\0\1\0\1":
        return mac(duid[8:])
    return mac(duid[4:]) if duid[:4] == b"\0\3\0\1" else ""
