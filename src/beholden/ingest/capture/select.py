"""What is worth dissecting: each datagram of a sender once, and the beginnings of streams."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Context
from beholden.ingest.capture.loads import hash_bytes, mix
from beholden.ingest.capture.memory import be32, byte
from beholden.ingest.capture.row import append
from beholden.ingest.capture.stream import select_segment
from beholden.ingest.capture.table import client_side
from beholden.ingest.dissect.registry import TO_END

MOST_PAYLOAD = 0xFFFF
_MOST_INITIALS = 8


@part
def select_frame(window: Bytes, k: Context) -> None:
    """Select a frame whose protocol is told by its EtherType, its SNAP number or the type of a radio's frame."""
    packet = k.packet
    kind = packet[at.P_TYPE]
    chosen = k.choice[kind] if kind > 0 else 0
    if not chosen:
        return
    packet[at.P_ROW] = -1
    packet[at.P_SRC_PORT] = packet[at.P_DST_PORT] = 0
    packet[at.P_SRC_HI] = packet[at.P_SRC_LO] = packet[at.P_DST_HI] = packet[at.P_DST_LO] = 0
    start = packet[at.P_AT]
    if kind == 0x0806 and packet[at.P_END] - start >= 8:  # without padding
        size = 8 + 2 * byte(window, start + 4) + 2 * byte(window, start + 5)
        packet[at.P_END] = min(packet[at.P_END], start + size)
    select_datagram(window, k, chosen - 1)


@part
def select_packet(window: Bytes, k: Context) -> None:
    """Select a packet of a conversation by its port, its type or its content."""
    packet = k.packet
    proto = packet[at.P_PROTO]
    if packet[at.P_IS_PART]:
        return
    if packet[at.P_HAS_PORTS] and proto == 6:
        select_segment(window, k)
    elif packet[at.P_END] <= packet[at.P_AT]:
        return
    elif packet[at.P_HAS_PORTS]:
        _select_udp(window, k)
    elif proto == 58:
        chosen = k.choice[at.CHOICE_ICMP6 + byte(window, packet[at.P_AT])]
        if chosen:
            select_datagram(window, k, chosen - 1)


@part
def _select_udp(window: Bytes, k: Context) -> None:
    """Select a UDP datagram by its port, or QUIC's first packets by their bytes."""
    packet = k.packet
    chosen = k.choice[at.CHOICE_UDP + packet[at.P_DST_PORT]]
    if not chosen:
        chosen = k.choice[at.CHOICE_UDP + packet[at.P_SRC_PORT]]
    if chosen:
        if _is_among_first(k, k.choice[at.CHOICE_MOST + chosen - 1]):
            select_datagram(window, k, chosen - 1)
    elif window[packet[at.P_AT]] & 0xC0 == 0xC0 and _is_initial(window, k):
        select_datagram(window, k, k.choice[at.CHOICE_QUIC] - 1)


@part
def _is_among_first(k: Context, most: int) -> bool:
    """Count a datagram; tell whether it is one of the first of its direction, of which no more are read."""
    if not most:
        return True
    spent = at.F_SPENT_A + k.packet[at.P_SIDE]
    flow = k.flows[k.packet[at.P_ROW]]
    flow[spent] += 1
    return bool(flow[spent] <= most)


@part
def _is_initial(window: Bytes, k: Context) -> bool:
    """Tell a client's QUIC Initial of version 1, 2 or a draft (RFC 9000, 17.2.2; RFC 9369, 3.2)."""
    packet = k.packet
    start = packet[at.P_AT]
    if packet[at.P_END] - start < 64 or not k.choice[at.CHOICE_QUIC]:
        return False
    version, kind = be32(window, start + 1), window[start] >> 4 & 3
    if version == 0x6B3343CF:
        kind = (kind + 3) & 3
    elif version != 1 and version >> 8 != 0xFF0000:
        return False
    flow = k.flows[packet[at.P_ROW]]
    side = packet[at.P_SIDE]
    if kind != 0 or side != client_side(flow) or flow[at.F_SPENT_A + side] >= _MOST_INITIALS:
        return False
    flow[at.F_SPENT_A + side] += 1
    return True


@part
def select_datagram(window: Bytes, k: Context, protocol: int) -> None:
    """Select a datagram, or count it with an equal one of the same sender.

    Equal: same protocol, stations, addresses, service port and payload but for the transaction's number.
    """
    packet, seen = k.packet, k.seen
    start = packet[at.P_AT]
    end = min(packet[at.P_END], start + MOST_PAYLOAD)
    port = packet[at.P_DST_PORT] if k.choice[at.CHOICE_UDP + packet[at.P_DST_PORT]] else 0
    key = mix(mix(protocol << 16 | port, packet[at.P_SRC_MAC]), packet[at.P_DST_MAC])
    for cell in range(at.P_SRC_HI, at.P_DST_LO + 1):
        key = mix(key, packet[cell])
    mask_start = min(end, start + k.choice[at.CHOICE_MASK_START + protocol])
    mask_size = k.choice[at.CHOICE_MASK_END + protocol]
    mask_end = end if mask_size == TO_END else min(end, start + mask_size)
    key = hash_bytes(window, start, mask_start, key)
    key = hash_bytes(window, mask_end, end, key)
    last = len(seen) - 1
    slot = key & last
    while seen[slot, 1] != 0:
        if seen[slot, 0] == key:
            row = seen[slot, 1] - 1
            k.selected[row, at.R_N] += 1
            k.selected[row, at.R_LAST] = max(k.selected[row, at.R_LAST], packet[at.P_TIME])
            return
        slot = (slot + 1) & last
    seen[slot, 0] = key
    seen[slot, 1] = k.state[at.S_N_SELECTED] + 1
    from_client = 0
    if packet[at.P_ROW] >= 0:
        from_client = 1 if packet[at.P_SIDE] == client_side(k.flows[packet[at.P_ROW]]) else 0
    append(window, k, protocol, from_client, -1, end)
