"""DHCPv4: what a client says of itself, and what it was given.

RFC 2131, 2132, 3004 (user class), 3396 (long options), 3925 (vendor options), 4361, 4702 (FQDN), 8520 (usage
description).
"""

from collections.abc import Iterator

from beholden.ingest.dissect.names import dotted, read_name
from beholden.ingest.dissect.octets import Octets, ip, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_ETHERNET = (b"\x01\x06", b"\x06\x06")  # Ethernet and IEEE 802, six bytes
_MAGIC = b"\x63\x82\x53\x63"
_RESOLVER = 6
_PAD, _HOSTNAME, _DOMAIN, _REQUESTED, _OVERLOAD, _TYPE, _SERVER = 0, 12, 15, 50, 52, 53, 54
_PARAMETERS, _MAX_SIZE, _VENDOR_CLASS, _CLIENT_ID, _USER_CLASS, _FQDN, _END = 55, 57, 60, 61, 77, 81, 255
_VENDOR_CLASSES, _VENDOR_OPTIONS, _ROUTER, _MUD = 124, 125, 3, 161
_ACK = b"\x05"

Options = dict[int, bytes]


def dissect(payload: bytes) -> list[Seen]:
    """Read a BOOTP or DHCP message; a client is known by its `chaddr`."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    operation, hardware = octets.number(1), octets.take(2)
    octets.take(9)
    client, yours, _next_server, relay = (ip(octets.take(4)) for _ in range(4))
    station = mac(octets.take(16)[:6]) if hardware in _ETHERNET else ""
    about = f"mac {station}" if station else SENDER
    overlay = octets.take(192)
    if octets.take(4) != _MAGIC:
        return
    options = _options(octets.rest(), overlay)
    if operation == 1:
        yield Seen(about, "ip", client if station else "")
        yield from _client(about, options)
    elif operation == 2:
        yield from _server(about if station else "", yours, relay, options)


def _options(area: bytes, overlay: bytes) -> Options:
    found: Options = {}
    _gather(area, found)
    overload = found.get(_OVERLOAD, b"\0")[:1]
    if overload in (b"\x01", b"\x03"):
        _gather(overlay[64:], found)
    if overload in (b"\x02", b"\x03"):
        _gather(overlay[:64], found)
    return found


def _gather(area: bytes, found: Options) -> None:
    at = 0
    while at + 1 < len(area) and area[at] != _END:
        if area[at] == _PAD:
            at += 1
            continue
        value = area[at + 2 : at + 2 + area[at + 1]]
        found[area[at]] = found.get(area[at], b"") + value  # a split option is joined (RFC 3396)
        at += 2 + area[at + 1]


def _client(about: str, options: Options) -> Iterator[Seen]:
    for option, name in ((_HOSTNAME, "hostname"), (_VENDOR_CLASS, "vendor_class")):
        yield Seen(about, f"dhcp.{name}", text(options.get(option, b"")))
    yield Seen(about, "dhcp.requested_ip", ip(options.get(_REQUESTED, b"")))
    yield Seen(about, "dhcp.parameters", ",".join(map(str, options.get(_PARAMETERS, b""))))
    yield Seen(about, "dhcp.user_class", _user_class(options.get(_USER_CLASS, b"")))
    if len(size := options.get(_MAX_SIZE, b"")) == 2:
        yield Seen(about, "dhcp.max_size", str(int.from_bytes(size)))
    if len(identifier := options.get(_CLIENT_ID, b"")) > 1:
        yield Seen(about, "dhcp.client_id", f"{identifier[0]}:{identifier[1:].hex()}")
    yield Seen(about, "dhcp.fqdn", _fqdn(options.get(_FQDN, b"")))
    yield Seen(about, "mud.url", text(options.get(_MUD, b"")))
    for option in (_VENDOR_CLASSES, _VENDOR_OPTIONS):
        yield from _vendors(about, Octets(options.get(option, b"")), option)


def _user_class(raw: bytes) -> str:
    """Join the class names; many clients leave out the length bytes of RFC 3004."""
    octets, names = Octets(raw), []
    while octets.left and octets.data[octets.at] < octets.left:
        names.append(text(octets.take(octets.number(1))))
    return text(raw) if octets.left else " ".join(names)


def _fqdn(raw: bytes) -> str:
    """Read option 81: flags, two result codes, name as text or, with flag E, in wire form."""
    if len(raw) < 4 or not raw[0] & 4:
        return text(raw[3:])
    name = raw[3:]
    return dotted(read_name(name if name.endswith(b"\0") else name + b"\0", 0)[0])


def _vendors(about: str, octets: Octets, option: int) -> Iterator[Seen]:
    while octets.left > 4:
        enterprise = octets.number(4)
        data = octets.take(octets.number(1))
        if option == _VENDOR_CLASSES:
            data = data[1:] if data[:1] == bytes([len(data) - 1 & 255]) else data
        printable = data.isascii() and text(data).isprintable()
        yield Seen(about, "dhcp.vendor_specific", f"{enterprise}:{text(data) if printable else data.hex()}")


def _server(about: str, yours: str, relay: str, options: Options) -> Iterator[Seen]:
    server = ip(options.get(_SERVER, b""))
    yield Seen(f"ip {server}" if relay else SENDER, "dhcp.server", server)
    if options.get(_TYPE) != _ACK or not about:
        return
    yield Seen(about, "ip", yours)
    for option, name in ((_ROUTER, "gateway"), (_RESOLVER, "dhcp.resolver")):
        addresses = options.get(option, b"")
        for at in range(0, len(addresses) - 3, 4):
            yield Seen(about, name, ip(addresses[at : at + 4]))
    yield Seen(about, "dhcp.domain", text(options.get(_DOMAIN, b"")))
