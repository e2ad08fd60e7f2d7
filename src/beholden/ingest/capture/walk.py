"""The fused kernel: records out of a window, each packet counted and, where it is worth it, selected."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.batch import ROOM
from beholden.ingest.capture.jit import kernel, part
from beholden.ingest.capture.layout import MOST_CAPTURED, Bytes, Context
from beholden.ingest.capture.link import enter
from beholden.ingest.capture.loads import any16, any32
from beholden.ingest.capture.memory import borrow
from beholden.ingest.capture.network import enter_ip, enter_tunnel
from beholden.ingest.capture.select import select_frame, select_packet
from beholden.ingest.capture.table import count_packet

MOST_BLOCK = 1 << 24
MOST_LAYERS = 5
"""Packets within packets that are followed, the outermost included."""


@part
def _borrowed(k: Context) -> Context:
    """Borrow all arrays; the caller of the kernel holds them."""
    return Context(
        borrow(k.state),
        borrow(k.packet),
        borrow(k.interfaces),
        borrow(k.flows),
        borrow(k.slots),
        borrow(k.secret),
        borrow(k.selected),
        borrow(k.payload),
        borrow(k.seen),
        borrow(k.choice),
    )


@kernel
def walk(window: Bytes, k: Context) -> int:
    """Read whole records from the start of a window; returns the bytes consumed.

    Why it stopped stands in `S_STATUS`: the window holds no further whole record, the batch or the table of
    flows is full, a block for the caller comes next (pcapng's sections and interfaces), or nothing
    after this place can be read (`S_WRONG` says why).
    """
    k, window = _borrowed(k), borrow(window)
    state = k.state
    place = 0
    most_flows, most_rows = len(k.flows) - MOST_LAYERS, len(k.selected) - MOST_LAYERS
    most_payload = len(k.payload) - MOST_LAYERS * ROOM
    state[at.S_STATUS] = at.MORE
    while True:
        if state[at.S_N_SELECTED] > most_rows or state[at.S_N_PAYLOAD] > most_payload:
            state[at.S_STATUS] = at.BATCH_FULL
            break
        if state[at.S_N_FLOWS] > most_flows:
            state[at.S_STATUS] = at.FLOWS_FULL
            break
        size = _record(window, k, place) if state[at.S_FORMAT] == 0 else _block(window, k, place)
        if size <= 0:
            break
        place += size
    return place


@part
def _record(window: Bytes, k: Context, place: int) -> int:
    """Read one pcap record; returns its size, 0 where the window ends first or reading must stop."""
    state = k.state
    left = len(window) - place
    if left < 16:
        return 0
    swapped = state[at.S_SWAPPED]
    captured, wire = any32(window, place + 8, swapped), any32(window, place + 12, swapped)
    if captured > MOST_CAPTURED:
        state[at.S_STATUS], state[at.S_WRONG] = at.STOP, at.W_LENGTH
        return 0
    if left < 16 + captured:
        return 0
    time = any32(window, place, swapped) * 1_000_000
    time += any32(window, place + 4, swapped) * state[at.S_MUL] // state[at.S_DIV]
    _packet(window, k, place + 16, captured, max(wire, captured), time, state[at.S_LINK])
    return int(16 + captured)


@part
def _block(window: Bytes, k: Context, place: int) -> int:
    """Read one pcapng block (IETF draft-ietf-opsawg-pcapng); returns as `_record` does."""
    state = k.state
    left = len(window) - place
    if left < 12:
        return 0
    swapped = state[at.S_SWAPPED]
    kind, size = any32(window, place, swapped), any32(window, place + 4, swapped)
    if kind in (0x0A0D0D0A, 1):
        state[at.S_STATUS] = at.BLOCK
        return 0
    if size < 12 or size & 3 or size > MOST_BLOCK:
        state[at.S_STATUS], state[at.S_WRONG] = at.STOP, at.W_BLOCK
        return 0
    if left < size:
        return 0
    if any32(window, place + size - 4, swapped) != size:
        state[at.S_STATUS], state[at.S_WRONG] = at.STOP, at.W_TRAILER
        return 0
    if kind in (2, 3, 6):
        _packet_block(window, k, place, kind, size)
    return int(size)


@part
def _packet_block(window: Bytes, k: Context, place: int, kind: int, size: int) -> None:
    """Read an enhanced (6), simple (3) or obsolete (2) packet block."""
    state, swapped = k.state, k.state[at.S_SWAPPED]
    head = 12 if kind == 3 else 28
    interface = 0
    if kind == 6 and size >= 32:
        interface = any32(window, place + 8, swapped)
    elif kind == 2 and size >= 32:
        interface = any16(window, place + 8, swapped)
    if size < head + 4 or interface >= state[at.S_INTERFACES]:
        state[at.S_FRAMES] += 1
        _reject(k, at.S_BROKEN)
        return
    of = k.interfaces[interface]
    room = size - head - 4
    wire = any32(window, place + head - 4, swapped)
    captured = wire if of[at.I_SNAP] <= 0 else min(wire, of[at.I_SNAP])
    captured = min(captured, room)
    time = state[at.S_CLOCK]
    if kind != 3:
        captured = any32(window, place + 20, swapped)
        ticks = any32(window, place + 12, swapped) << 32 | any32(window, place + 16, swapped)
        time = _microseconds(ticks, of[at.I_MUL], of[at.I_DIV], of[at.I_SHIFT]) + of[at.I_ADD]
    if captured > room or captured > MOST_CAPTURED:
        state[at.S_FRAMES] += 1
        _reject(k, at.S_BROKEN)
        return
    _packet(window, k, place + head, captured, max(wire, captured), time, of[at.I_LINK])


@part
def _microseconds(ticks: int, times: int, over: int, shift: int) -> int:
    """Turn ticks of an interface into microseconds."""
    if shift:
        whole, rest = ticks >> shift, ticks & ((1 << shift) - 1)
        if shift > 40:
            rest, shift = rest >> (shift - 40), 40
        return int(whole * 1_000_000 + (rest * 1_000_000 >> shift))
    return int(ticks * times // over)


@part
def _reject(k: Context, cell: int) -> None:
    """Count the packet at hand among those that cannot be read, and remember the first."""
    state = k.state
    state[at.S_REJECTED] += 1
    if state[cell] == 0:
        state[cell + 1] = state[at.S_FRAMES]
    state[cell] += 1


@part
def _packet(window: Bytes, k: Context, start: int, captured: int, wire: int, time: int, link: int) -> None:
    """Read one packet from its link layer inwards."""
    state, packet = k.state, k.packet
    state[at.S_FRAMES] += 1
    state[at.S_BYTES] += wire
    state[at.S_CLOCK] = time
    state[at.S_FIRST] = min(state[at.S_FIRST], time)
    state[at.S_LAST] = max(state[at.S_LAST], time)
    packet[at.P_FRAME], packet[at.P_TIME], packet[at.P_WIRE] = state[at.S_FRAMES], time, wire
    packet[at.P_AT], packet[at.P_END], packet[at.P_TYPE] = start, start + captured, -1
    packet[at.P_SRC_MAC] = packet[at.P_DST_MAC] = packet[at.P_IS_PAIR] = 0
    packet[at.P_VLAN] = -1
    wrong = enter(window, packet, link)
    if wrong == 0:
        wrong = _layers(window, k)
    if wrong == 2:
        _reject(k, at.S_ALIEN)
        state[at.S_ALIEN_LINK] = link
    elif wrong:
        _reject(k, at.S_CUT)


@part
def _layers(window: Bytes, k: Context) -> int:
    """Count and select the packet, then the packets it carries. Returns 1 where its headers are cut short."""
    for layer in range(MOST_LAYERS):
        wrong = enter_ip(window, k.packet)
        if wrong == 3:
            select_frame(window, k)
            return 0
        if wrong:
            return 1 if layer == 0 else 0
        count_packet(k)
        select_packet(window, k)
        if not enter_tunnel(window, k.packet):
            break
    return 0
