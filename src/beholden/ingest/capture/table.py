"""The table of conversations: open addressing, bounded, settled rows moved out when it is full."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import kernel, part
from beholden.ingest.capture.layout import Context, Words
from beholden.ingest.capture.loads import mix

_ROW = 0xFFFFFFFF


@part
def count_packet(k: Context) -> None:
    """Add the packet at hand to its conversation; its row and side go to `P_ROW` and `P_SIDE`."""
    packet = k.packet
    side = _side(packet)
    row = _find(k, side)
    flow = k.flows[row]
    packet[at.P_ROW], packet[at.P_SIDE] = row, side
    flow[at.F_PACKETS_A + side] += 1
    flow[at.F_BYTES_A + side] += packet[at.P_WIRE]
    time = packet[at.P_TIME]
    flow[at.F_FIRST_A + side] = min(flow[at.F_FIRST_A + side], time)
    flow[at.F_LAST_A + side] = max(flow[at.F_LAST_A + side], time)
    if flow[at.F_FRAME_A + side] == at.NEVER:
        flow[at.F_FRAME_A + side] = packet[at.P_FRAME]
    if not packet[at.P_IS_PAIR]:
        flow[at.F_MAC_A + side] = max(flow[at.F_MAC_A + side], packet[at.P_SRC_MAC])
    said = at.SAID_PAYLOAD if packet[at.P_END] > packet[at.P_AT] else 0
    if packet[at.P_PROTO] == 6 and packet[at.P_HAS_PORTS]:
        flags = packet[at.P_TCP_FLAGS] & 0x16  # ACK, RST, SYN
        if flags == 2:
            flow[at.F_SYN_A + side] += syn(packet)
        elif flags == 0x12:
            said |= at.SAID_SYN_ACK
        elif flags == 0x10:
            said |= at.SAID_ACK
    flow[at.F_SAID_A + side] |= said


@part
def syn(packet: Words) -> int:
    """Count one SYN, and in the upper half one whose sequence number is the IPv4 address it goes to.

    Scanners that keep no state write it so, Mirai's first: they know answers to their own SYN by it.
    """
    is_4 = packet[at.P_DST_HI] == 0 and packet[at.P_DST_LO] >> 32 == 0xFFFF
    is_marked = is_4 and packet[at.P_SEQ] == packet[at.P_DST_LO] & 0xFFFFFFFF
    return 1 << 32 | 1 if is_marked else 1


@part
def _side(packet: Words) -> int:
    """Tell whether the sender is the lower (0) or the higher (1) endpoint."""
    for source, destination in (
        (at.P_SRC_HI, at.P_DST_HI),
        (at.P_SRC_LO, at.P_DST_LO),
        (at.P_SRC_PORT, at.P_DST_PORT),
    ):
        if packet[source] != packet[destination]:
            return 0 if packet[source] < packet[destination] else 1
    return 1 if packet[at.P_IS_PAIR] and packet[at.P_SRC_MAC] > packet[at.P_DST_MAC] else 0


@part
def _find(k: Context, side: int) -> int:
    """Find the row of the conversation of the packet at hand, or begin one."""
    packet, flows, index, secret = k.packet, k.flows, k.slots, k.secret
    is_pair = packet[at.P_IS_PAIR]
    if side == 0:
        a_hi, a_lo = packet[at.P_SRC_HI], packet[at.P_SRC_LO]
        b_hi, b_lo = packet[at.P_DST_HI], packet[at.P_DST_LO]
        ports = packet[at.P_SRC_PORT] << 16 | packet[at.P_DST_PORT]
        mac_a, mac_b = packet[at.P_SRC_MAC] * is_pair, packet[at.P_DST_MAC] * is_pair
    else:
        a_hi, a_lo = packet[at.P_DST_HI], packet[at.P_DST_LO]
        b_hi, b_lo = packet[at.P_SRC_HI], packet[at.P_SRC_LO]
        ports = packet[at.P_DST_PORT] << 16 | packet[at.P_SRC_PORT]
        mac_a, mac_b = packet[at.P_DST_MAC] * is_pair, packet[at.P_SRC_MAC] * is_pair
    kind = packet[at.P_PROTO] << 32 | packet[at.P_HAS_PORTS] << 16 | (packet[at.P_VLAN] + 1)
    place = a_hi * secret[0] + a_lo * secret[1] + b_hi * secret[2] + b_lo * secret[3]
    place += ports * secret[4] + kind * secret[5] + mac_a * secret[6] + mac_b * secret[7]
    place ^= place >> 32
    place *= secret[8]
    tag = place & ~_ROW
    last = len(index) - 1
    slot = place >> 12 & last
    while index[slot] != 0:
        if index[slot] & ~_ROW == tag:
            row = (index[slot] & _ROW) - 1
            flow = flows[row]
            if (
                flow[at.F_A_HI] == a_hi
                and flow[at.F_A_LO] == a_lo
                and flow[at.F_B_HI] == b_hi
                and flow[at.F_B_LO] == b_lo
                and flow[at.F_PORTS] == ports
                and flow[at.F_KIND] == kind
                and flow[at.F_KEY_MAC_A] == mac_a
                and flow[at.F_KEY_MAC_B] == mac_b
            ):
                return int(row)
        slot = (slot + 1) & last
    row = k.state[at.S_N_FLOWS]
    k.state[at.S_N_FLOWS] = row + 1
    index[slot] = tag | (row + 1)
    flow = flows[row]
    flow[:] = 0
    flow[at.F_A_HI], flow[at.F_A_LO] = a_hi, a_lo
    flow[at.F_B_HI], flow[at.F_B_LO] = b_hi, b_lo
    flow[at.F_PORTS], flow[at.F_KIND] = ports, kind
    flow[at.F_KEY_MAC_A], flow[at.F_KEY_MAC_B] = mac_a, mac_b
    _begin(flow)
    return int(row)


@part
def _begin(flow: Words) -> None:
    """Set what a new conversation begins with; its number depends on its endpoints alone."""
    seen = 0
    for cell in range(at.F_A_HI, at.F_KEY_MAC_B + 1):
        seen = mix(seen, flow[cell])
    flow[at.F_HASH] = mix(seen, 0) & 0x7FFFFFFFFFFFFFFF
    for side in range(2):
        flow[at.F_FIRST_A + side] = at.NEVER
        flow[at.F_FRAME_A + side] = at.NEVER
        flow[at.F_LAST_A + side] = -at.NEVER
        flow[at.F_BASE_A + side] = -1
        flow[at.F_RECENT_A + side] = -1


@part
def client_side(flow: Words) -> int:
    """Tell which side of a conversation is the client, from what was seen so far.

    The sender of a SYN, else the receiver of a SYN with ACK, else the sender of the first packet; where
    that came from a well-known port to a high one, the capture began in the middle and it is the server.
    """
    if (flow[at.F_SYN_A] > 0) != (flow[at.F_SYN_B] > 0):
        return 0 if flow[at.F_SYN_A] > 0 else 1
    answered_a = flow[at.F_SAID_A] & at.SAID_SYN_ACK
    answered_b = flow[at.F_SAID_B] & at.SAID_SYN_ACK
    if answered_a != answered_b:
        return 1 if answered_a else 0
    first = 0 if flow[at.F_FRAME_A] < flow[at.F_FRAME_B] else 1
    if flow[at.F_SYN_A] > 0 or flow[at.F_KIND] & 0x10000 == 0:
        return first
    ports = flow[at.F_PORTS]
    sender, receiver = (ports >> 16, ports & 0xFFFF) if first == 0 else (ports & 0xFFFF, ports >> 16)
    return 1 - first if sender < 1024 <= receiver else first


@kernel
def settle(k: Context, before: int) -> int:
    """Move conversations that ended before an instant behind those that go on, and index these anew.

    Returns how many go on; rows from there to the number of flows are settled and may be written away.
    """
    flows, index, secret = k.flows, k.slots, k.secret
    kept, n = 0, k.state[at.S_N_FLOWS]
    for row in range(n):
        if max(flows[row, at.F_LAST_A], flows[row, at.F_LAST_B]) >= before:
            if row != kept:
                for cell in range(flows.shape[1]):
                    flows[kept, cell], flows[row, cell] = flows[row, cell], flows[kept, cell]
            kept += 1
    index[:] = 0
    last = len(index) - 1
    for row in range(kept):
        place = 0
        for cell in range(8):
            place += flows[row, at.F_A_HI + cell] * secret[cell]
        place ^= place >> 32
        place *= secret[8]
        slot = place >> 12 & last
        while index[slot] != 0:
            slot = (slot + 1) & last
        index[slot] = place & ~_ROW | (row + 1)
    return int(kept)
