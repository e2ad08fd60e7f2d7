"""Network and transport headers, down to the payload, and tunnels on the way."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Words
from beholden.ingest.capture.link import BRIDGED, IPV4, IPV6, ethernet, guess_ip, ppp
from beholden.ingest.capture.memory import be16, be32, be64, byte

MAPPED = 0x0000FFFF00000000
"""Second half of an IPv4 address mapped into IPv6 (RFC 4291, 2.5.5.2)."""
MOST_HEADERS = 8


@part
def enter_ip(window: Bytes, packet: Words) -> int:
    """Read IPv4 or IPv6 and the ports behind it. Returns 0 read, 1 cut short or malformed, 3 not IP."""
    kind = packet[at.P_TYPE]
    packet[at.P_IS_PART] = 0
    packet[at.P_HAS_PORTS] = 0
    packet[at.P_SRC_PORT] = 0
    packet[at.P_DST_PORT] = 0
    packet[at.P_TCP_FLAGS] = 0
    if kind == IPV4:
        wrong = _ipv4(window, packet)
    elif kind == IPV6:
        wrong = _ipv6(window, packet)
    else:
        return 3
    if wrong == 0 and packet[at.P_IS_PART] == 0:
        _transport(window, packet)
    return wrong


@part
def _ipv4(window: Bytes, packet: Words) -> int:
    """Read an IPv4 header (RFC 791)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if end - start < 20:
        return 1
    size = (byte(window, start) & 15) * 4
    length = be16(window, start + 2)
    if size < 20 or window[start] >> 4 != 4:
        return 1
    packet[at.P_SRC_HI] = 0
    packet[at.P_DST_HI] = 0
    packet[at.P_SRC_LO] = MAPPED | be32(window, start + 12)
    packet[at.P_DST_LO] = MAPPED | be32(window, start + 16)
    packet[at.P_PROTO] = window[start + 9]
    packet[at.P_IS_PART] = 1 if be16(window, start + 6) & 0x1FFF else 0
    packet[at.P_AT] = min(start + size, end)
    if length >= size:  # 0 where the network card split the segment after the capture
        packet[at.P_END] = min(end, start + length)
    return 0


@part
def _ipv6(window: Bytes, packet: Words) -> int:
    """Read an IPv6 header with its extension headers (RFC 8200)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if end - start < 40 or window[start] >> 4 != 6:
        return 1
    length = be16(window, start + 4)
    packet[at.P_SRC_HI] = be64(window, start + 8)
    packet[at.P_SRC_LO] = be64(window, start + 16)
    packet[at.P_DST_HI] = be64(window, start + 24)
    packet[at.P_DST_LO] = be64(window, start + 32)
    if length:
        end = min(end, start + 40 + length)
        packet[at.P_END] = end
    return _extensions(window, packet, start + 40, byte(window, start + 6))


@part
def _extensions(window: Bytes, packet: Words, start: int, proto: int) -> int:
    """Walk extension headers to the transport protocol."""
    end = packet[at.P_END]
    for _ in range(MOST_HEADERS):
        if proto not in (0, 43, 44, 51, 60, 135, 139, 140) or end - start < 8:
            break
        size = 8 * (byte(window, start + 1) + 1)
        if proto == 44:
            size = 8
            packet[at.P_IS_PART] = 1 if be16(window, start + 2) & 0xFFF8 else 0
        elif proto == 51:
            size = 4 * (byte(window, start + 1) + 2)
        proto = byte(window, start)
        start += size
        if packet[at.P_IS_PART]:
            break
    packet[at.P_PROTO] = proto
    packet[at.P_AT] = min(start, end)
    return 0


@part
def _transport(window: Bytes, packet: Words) -> None:
    """Read ports, and of TCP the flags and sequence number; `P_AT` then is the payload."""
    start, end = packet[at.P_AT], packet[at.P_END]
    proto = packet[at.P_PROTO]
    if proto == 17 and end - start >= 8:
        packet[at.P_AT] = start + 8
        length = be16(window, start + 4)
        if length >= 8:
            packet[at.P_END] = min(end, start + length)
    elif proto == 6 and end - start >= 20:
        packet[at.P_SEQ] = be32(window, start + 4)
        packet[at.P_TCP_FLAGS] = window[start + 13]
        size = (byte(window, start + 12) >> 4) * 4
        packet[at.P_AT] = min(end, start + size) if size >= 20 else end
    else:
        return
    packet[at.P_HAS_PORTS] = 1
    packet[at.P_SRC_PORT] = be16(window, start)
    packet[at.P_DST_PORT] = be16(window, start + 2)


@part
def enter_tunnel(window: Bytes, packet: Words) -> bool:
    """Step into the packet that a packet carries. The stations of an outer link are not those of an inner packet."""
    proto = packet[at.P_PROTO]
    if packet[at.P_IS_PART]:
        return False
    if proto == 17:
        if packet[at.P_DST_PORT] not in (4789, 2152, 3544) and packet[at.P_SRC_PORT] not in (2152, 3544):
            return False
    elif proto not in (4, 41, 47):
        return False
    packet[at.P_SRC_MAC] = 0
    packet[at.P_DST_MAC] = 0
    packet[at.P_IS_PAIR] = 0
    if proto in (4, 41):
        packet[at.P_TYPE] = IPV4 if proto == 4 else IPV6
        return True
    if proto == 47:
        return _gre(window, packet)
    return _over_udp(window, packet)


@part
def _gre(window: Bytes, packet: Words) -> bool:
    """Step into GRE (RFC 2784, 2890), version 1 with PPP included (RFC 2637)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if end - start < 4:
        return False
    flags, kind = be16(window, start), be16(window, start + 2)
    if flags & 0x4000:  # source routing, deprecated
        return False
    fields = (flags >> 15 & 1) + (flags >> 13 & 1) + (flags >> 12 & 1) + (flags >> 7 & 1)
    packet[at.P_AT] = start + 4 + 4 * fields
    packet[at.P_TYPE] = kind
    if packet[at.P_AT] >= end:
        return False
    if kind == BRIDGED:
        return bool(ethernet(window, packet) == 0)
    if kind == 0x880B:
        return bool(ppp(window, packet) == 0)
    return bool(kind in (IPV4, IPV6))


@part
def _over_udp(window: Bytes, packet: Words) -> bool:
    """Step into VXLAN (RFC 7348), GTP-U (3GPP TS 29.281) or Teredo (RFC 4380)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if end - start < 8:
        return False
    if packet[at.P_DST_PORT] == 4789:
        packet[at.P_AT] = start + 8
        return bool(window[start] & 8 and ethernet(window, packet) == 0)
    if packet[at.P_DST_PORT] == 3544 or packet[at.P_SRC_PORT] == 3544:
        return _teredo(window, packet)
    flags = window[start]
    if flags >> 5 != 1 or window[start + 1] != 255:
        return False
    packet[at.P_AT] = start + (12 if flags & 7 else 8)
    following = byte(window, start + 11) if flags & 4 and end - start >= 12 else 0
    while following and packet[at.P_AT] + 4 <= end:
        size = max(4 * byte(window, packet[at.P_AT]), 4)
        packet[at.P_AT] += size
        if packet[at.P_AT] > end:
            return False
        following = byte(window, packet[at.P_AT] - 1)
    guess_ip(window, packet)
    return bool(packet[at.P_TYPE] != 0)


@part
def _teredo(window: Bytes, packet: Words) -> bool:
    """Skip Teredo's authentication and origin headers."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if be16(window, start) == 1 and start + 13 < end:
        start += 13 + byte(window, start + 2) + byte(window, start + 3)
    if start + 8 <= end and be16(window, start) == 0:
        start += 8
    packet[at.P_AT] = start
    guess_ip(window, packet)
    return bool(packet[at.P_TYPE] == IPV6)
