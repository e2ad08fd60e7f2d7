"""Batches of selected packets: rows written by the kernels, handed on as Arrow."""

import numpy as np
import pyarrow as pa

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Context, Words
from beholden.ingest.capture.memory import move
from beholden.ingest.selected import SELECTED

MOST_ROWS = 1 << 16
MOST_BYTES = 16 << 20
ROOM = 1 << 17
"""Payload bytes that one packet may add at most."""


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


def _addresses(high: Words, low: Words) -> pa.Array:
    """Join halves of addresses to 16 bytes each."""
    both = np.stack((high, low), axis=1).astype(">i8")
    return pa.Array.from_buffers(pa.binary(16), len(both), [None, pa.py_buffer(both.tobytes())])


def to_arrow(selected: Words, payload: Bytes) -> pa.RecordBatch:
    """Turn rows of a batch into Arrow, by the contract of `ingest.selected`; nothing is shared with the rows."""
    ends = np.concatenate(([0], selected[:, at.R_PAYLOAD_END])).astype(np.int64)
    payloads = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(selected), [None, pa.py_buffer(ends), pa.py_buffer(payload.tobytes())]
    )
    column = selected.T
    arrays = [
        column[at.R_PROTOCOL].astype(np.uint8),
        column[at.R_FRAME].copy(),
        column[at.R_N].copy(),
        column[at.R_FIRST].copy(),
        column[at.R_LAST].copy(),
        column[at.R_SRC_MAC].astype(np.uint64),
        column[at.R_DST_MAC].astype(np.uint64),
        _addresses(column[at.R_SRC_HI], column[at.R_SRC_LO]),
        _addresses(column[at.R_DST_HI], column[at.R_DST_LO]),
        (column[at.R_PORTS] >> 16).astype(np.uint16),
        (column[at.R_PORTS] & 0xFFFF).astype(np.uint16),
        column[at.R_FLOW].copy(),
        column[at.R_FROM_CLIENT] == 1,
        column[at.R_OFFSET].copy(),
        payloads,
    ]
    return pa.RecordBatch.from_arrays(
        [pa.array(each, field.type) for each, field in zip(arrays, SELECTED, strict=True)], schema=SELECTED
    )
