"""A selected packet becomes a row of the batch."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Context
from beholden.ingest.capture.memory import move


@part
def append(window: Bytes, k: Context, protocol: int, from_client: int, offset: int, end: int) -> None:
    """Write the packet at hand into the batch; room was made before the packet was read."""
    state, packet = k.state, k.packet
    start = packet[at.P_AT]
    row = k.selected[state[at.S_N_SELECTED]]
    state[at.S_N_SELECTED] += 1
    base = state[at.S_N_PAYLOAD]
    move(k.payload, base, window, start, end - start)
    state[at.S_N_PAYLOAD] = base + end - start
    row[at.R_PROTOCOL], row[at.R_FRAME], row[at.R_N] = protocol, packet[at.P_FRAME], 1
    row[at.R_FIRST] = row[at.R_LAST] = packet[at.P_TIME]
    row[at.R_SRC_MAC], row[at.R_DST_MAC] = packet[at.P_SRC_MAC], packet[at.P_DST_MAC]
    for cell in range(4):
        row[at.R_SRC_HI + cell] = packet[at.P_SRC_HI + cell]
    row[at.R_PORTS] = packet[at.P_SRC_PORT] << 16 | packet[at.P_DST_PORT]
    row[at.R_FLOW] = -1 if packet[at.P_ROW] < 0 else k.flows[packet[at.P_ROW], at.F_HASH]
    row[at.R_FROM_CLIENT], row[at.R_OFFSET] = from_client, offset
    row[at.R_PAYLOAD_END] = state[at.S_N_PAYLOAD]
