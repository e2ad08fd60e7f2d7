"""Link layers: where the network layer begins, and which stations spoke."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Words
from beholden.ingest.capture.loads import be48
from beholden.ingest.capture.memory import be16, be32, byte, le16
from beholden.ingest.capture.radio import short_range

IPV4, IPV6 = 0x0800, 0x86DD
BRIDGED = 0x6558
"""A whole Ethernet frame follows (RFC 1701)."""


@part
def enter(window: Bytes, packet: Words, link: int) -> int:
    """Read the link header of a packet (link types of the tcpdump registry).

    Returns 0 where it was read, 1 where it is cut short, 2 where the link type is not known.
    """
    if link == 192:  # per-packet information: a header around another link layer
        if packet[at.P_END] - packet[at.P_AT] < 8:
            return 1
        start = packet[at.P_AT]
        link = le16(window, start + 4) | le16(window, start + 6) << 16
        packet[at.P_AT] = start + le16(window, start + 2)
    if link == 1:
        wrong = ethernet(window, packet)
        if wrong == 0 and packet[at.P_TYPE] == BRIDGED:
            return ethernet(window, packet)
        return wrong
    if link in (113, 276):
        return _cooked(window, packet, link)
    if link in (105, 127):
        return _wireless(window, packet, link)
    if link in (195, 230, 251, 256, 283):
        return short_range(window, packet, link)
    return _bare(window, packet, link)


@part
def ethernet(window: Bytes, packet: Words) -> int:
    """Read an Ethernet header with its tags (IEEE 802.3, 802.1Q, 802.1ad)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    if end - start < 14:
        return 1
    packet[at.P_DST_MAC] = be48(window, start)
    packet[at.P_SRC_MAC] = be48(window, start + 6)
    packet[at.P_IS_PAIR] = 1
    return _typed(window, packet, start + 12)


@part
def _typed(window: Bytes, packet: Words, start: int) -> int:
    """Follow EtherTypes through tags to the network layer; `start` is the place of the first."""
    end = packet[at.P_END]
    kind = be16(window, start)
    start += 2
    while kind in (0x8100, 0x88A8, 0x9100, 0x9200) and start + 4 <= end:
        if packet[at.P_VLAN] < 0:
            packet[at.P_VLAN] = be16(window, start) & 0x0FFF
        kind = be16(window, start + 2)
        start += 4
    packet[at.P_TYPE], packet[at.P_AT] = kind, start
    if kind <= 1500:
        packet[at.P_TYPE] = 0
        packet[at.P_END] = min(end, start + kind)
        return llc(window, packet)
    if kind == 0x8864:
        return _pppoe(window, packet)
    if kind in (0x8847, 0x8848):
        return _mpls(window, packet)
    return 0


@part
def llc(window: Bytes, packet: Words) -> int:
    """Read IEEE 802.2 LLC; behind SNAP stands an EtherType or, for Cisco, its own number."""
    start = packet[at.P_AT]
    if packet[at.P_END] - start < 8 or window[start] != 0xAA or window[start + 1] != 0xAA:
        packet[at.P_TYPE] = 0
        return 0
    maker = be32(window, start + 2) & 0xFFFFFF
    kind = be16(window, start + 6)
    packet[at.P_AT] = start + 8
    if maker in (0, 0x0000F8):
        packet[at.P_TYPE] = kind
    elif maker == 0x00000C:
        packet[at.P_TYPE] = at.CHOICE_SNAP | kind
    else:
        packet[at.P_TYPE] = 0
    return 0


@part
def _pppoe(window: Bytes, packet: Words) -> int:
    """Read a PPPoE session header (RFC 2516)."""
    start = packet[at.P_AT]
    if packet[at.P_END] - start < 8:
        return 1
    packet[at.P_END] = min(packet[at.P_END], start + 6 + be16(window, start + 4))
    packet[at.P_AT] = start + 6
    return ppp(window, packet)


@part
def ppp(window: Bytes, packet: Words) -> int:
    """Read a PPP protocol number, one or two bytes (RFC 1661)."""
    start = packet[at.P_AT]
    if packet[at.P_END] - start < 2:
        return 1
    if window[start] == 0xFF and window[start + 1] == 0x03:
        start += 2
    if packet[at.P_END] - start < 2:
        return 1
    kind = byte(window, start)
    start += 1
    if kind & 1 == 0:
        kind = kind << 8 | byte(window, start)
        start += 1
    packet[at.P_AT] = start
    packet[at.P_TYPE] = IPV4 if kind == 0x21 else IPV6 if kind == 0x57 else 0
    return 0


@part
def _mpls(window: Bytes, packet: Words) -> int:
    """Skip an MPLS label stack (RFC 3032); what follows is told by its first half byte."""
    start, end = packet[at.P_AT], packet[at.P_END]
    is_last = False
    while not is_last and start + 4 <= end:
        is_last = window[start + 2] & 1 == 1
        start += 4
    packet[at.P_AT] = start
    guess_ip(window, packet)
    if packet[at.P_TYPE] == 0 and start + 18 <= end and window[start] >> 4 == 0:
        packet[at.P_AT] = start + 4  # control word of a pseudowire (RFC 4448)
        packet[at.P_TYPE] = BRIDGED
    return 0


@part
def guess_ip(window: Bytes, packet: Words) -> None:
    """Take the first half byte for an IP version."""
    packet[at.P_TYPE] = 0
    if packet[at.P_AT] < packet[at.P_END]:
        version = window[packet[at.P_AT]] >> 4
        packet[at.P_TYPE] = IPV4 if version == 4 else IPV6 if version == 6 else 0


@part
def _cooked(window: Bytes, packet: Words, link: int) -> int:
    """Read a Linux cooked header, version 1 or 2: only the sender's address is there."""
    start, end = packet[at.P_AT], packet[at.P_END]
    size, kind_at, length_at, address_at = (16, 14, 4, 6) if link == 113 else (20, 0, 11, 12)
    if end - start < size:
        return 1
    length = be16(window, start + 4) if link == 113 else byte(window, start + length_at)
    if length == 6:
        packet[at.P_SRC_MAC] = be48(window, start + address_at)
    packet[at.P_AT] = start + size
    kind = be16(window, start + kind_at)
    packet[at.P_TYPE] = kind
    if kind in (0x8100, 0x88A8) and end - packet[at.P_AT] >= 4:
        packet[at.P_VLAN] = be16(window, start + size) & 0x0FFF
        packet[at.P_TYPE] = be16(window, start + size + 2)
        packet[at.P_AT] = start + size + 4
    if kind == 4:  # 802.2 LLC
        return llc(window, packet)
    return 0


@part
def _bare(window: Bytes, packet: Words, link: int) -> int:
    """Read the link layers that name no station: raw IP, loopback, PPP."""
    if link in (12, 14, 101, 228, 229):
        guess_ip(window, packet)
        return 0
    if link in (9, 50):
        return ppp(window, packet)
    if link not in (0, 108):
        return 2
    packet[at.P_AT] += 4  # address family, whose numbers differ by system
    guess_ip(window, packet)
    return 1 if packet[at.P_AT] > packet[at.P_END] else 0


@part
def _wireless(window: Bytes, packet: Words, link: int) -> int:
    """Read IEEE 802.11, after radiotap where it is there: stations, and IP where nothing is encrypted."""
    start, end = packet[at.P_AT], packet[at.P_END]
    flags = 0
    if link == 127:
        if end - start < 8:
            return 1
        flags = _radiotap_flags(window, start, end)
        start += le16(window, start + 2)
    if flags & 0x10:  # the check sequence ends the frame
        end -= 4
    if end - start < 24 or flags & 0x40:  # or was wrong
        return 1
    packet[at.P_AT], packet[at.P_END] = start, end
    packet[at.P_TYPE] = 0
    kind = window[start] >> 2 & 3
    if kind == 2:
        return _wireless_data(window, packet, start)
    packet[at.P_DST_MAC], packet[at.P_SRC_MAC] = be48(window, start + 4), be48(window, start + 10)
    if kind == 0 and window[start + 1] & 0x40 == 0:  # management in clear
        packet[at.P_TYPE] = at.CHOICE_WIFI + (window[start] >> 4)
    return 0


@part
def _radiotap_flags(window: Bytes, start: int, end: int) -> int:
    """Read radiotap's flags (radiotap.org); 0 where there are none."""
    first = start + 4
    field = first
    while field + 4 <= end and window[field + 3] & 0x80:  # further words of presence bits
        field += 4
    field += 4
    if window[first] & 1:  # a timestamp stands first, aligned to eight
        field = start + ((field - start + 7) & ~7) + 8
    return int(window[field]) if window[first] & 2 and field < end else 0


@part
def _wireless_data(window: Bytes, packet: Words, start: int) -> int:
    """Read a data frame: its addresses by direction, then LLC (IEEE 802.11-2020, 9.3.2)."""
    end = packet[at.P_END]
    control, flags = window[start], window[start + 1]
    direction = flags & 3
    size = 24 + (6 if direction == 3 else 0) + (2 if control & 0x80 else 0)
    if control & 0x80 and flags & 0x80:
        size += 4  # HT control
    if end - start < size:
        return 1
    first, second, third = start + 4, start + 10, start + 16
    to = first if direction in (0, 2) else third
    source = second if direction in (0, 1) else third if direction == 2 else start + 24
    packet[at.P_DST_MAC], packet[at.P_SRC_MAC] = be48(window, to), be48(window, source)
    packet[at.P_IS_PAIR] = 1
    packet[at.P_AT] = start + size
    if flags & 0x40 or control & 0x40:  # encrypted, or without data
        return 0
    return llc(window, packet)
