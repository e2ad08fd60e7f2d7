"""Batches of selected packets, handed on as Arrow."""

import numpy as np
import pyarrow as pa

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.layout import Bytes, Words
from beholden.ingest.selected import SELECTED

MOST_ROWS = 1 << 15
MOST_BYTES = 8 << 20
ROOM = 1 << 17
"""Payload bytes that one packet may add at most."""


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
