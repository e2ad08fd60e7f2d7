"""Join the segments of a TCP stream, and the first datagrams of a QUIC connection, column-wise.

RFC 9293 3.4: a segment's place is its sequence number. Most streams are whole and in order once sorted, so
their payloads lie side by side and joining is only a change of offsets; the others are joined one by one.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from beholden.ingest.dissect.pieces import MOST_JOINED, runs
from beholden.ingest.dissect.registry import PROTOCOLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

JOINED_DATAGRAMS = len(PROTOCOLS)
"""Protocol number of several QUIC datagrams in one payload, each after four bytes of length."""

_NAMES = [protocol.name for protocol in PROTOCOLS]
QUIC, HTTP = _NAMES.index("quic"), _NAMES.index("http")
_MOST_DATAGRAMS = 8


def join(rows: pa.Table) -> pa.Table:
    """Return one row per stream and direction (for HTTP: per run without gap) with its payload joined.

    Columns are those of the input; `n` becomes 1, `frame` and `first_us` the smallest, `last_us` the largest.
    """
    if not rows.num_rows:
        return rows
    protocol, flow, side, offset, frame = (
        rows[name].to_numpy() for name in ("protocol", "flow", "from_client", "stream_offset", "frame")
    )
    order = np.lexsort((frame, offset, protocol, side, flow))
    rows = rows.take(pa.array(order)).combine_chunks()
    key = np.stack([flow[order], side[order].astype(np.int64), protocol[order].astype(np.int64)])
    is_first = np.append(True, np.any(key[:, 1:] != key[:, :-1], axis=0))
    starts = np.flatnonzero(is_first)
    payload = _one(rows["payload"])
    places = np.frombuffer(payload.buffers()[1], dtype=np.int64)[payload.offset :][: len(payload) + 1]
    follows = _follows(offset[order], np.diff(places))
    bounds = np.append(starts, len(order))
    lengths = places[bounds[1:]] - places[bounds[:-1]]
    is_whole = np.logical_and.reduceat(is_first | follows, starts) & (lengths <= MOST_JOINED)
    joined = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(starts), [None, pa.py_buffer(places[bounds]), payload.buffers()[2]]
    )
    heads = _summed(rows, starts, joined)
    whole = heads.filter(pa.array(is_whole))
    others = [
        part
        for at in np.flatnonzero(~is_whole)
        for part in _apart(rows.slice(bounds[at], bounds[at + 1] - bounds[at]))
    ]
    return pa.concat_tables([whole, *others]) if others else whole


def _one(column: pa.ChunkedArray) -> pa.LargeBinaryArray:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _follows(offset: "NDArray[np.int64]", size: "NDArray[np.int64]") -> "NDArray[np.bool_]":
    """Tell which rows begin where the row before ends; datagrams never do."""
    return np.append(False, (offset[:-1] + size[:-1] == offset[1:]) & (offset[:-1] >= 0))


def _summed(rows: pa.Table, starts: "NDArray[np.int64]", payload: pa.LargeBinaryArray) -> pa.Table:
    heads = rows.take(pa.array(starts))
    new: dict[str, pa.Array] = {"payload": payload, "n": pa.array(np.ones(len(starts), dtype=np.int64))}
    for name, fold in (("frame", np.minimum), ("first_us", np.minimum), ("last_us", np.maximum)):
        new[name] = pa.array(fold.reduceat(rows[name].to_numpy(), starts))
    for name, column in new.items():
        heads = heads.set_column(heads.schema.get_field_index(name), heads.schema.field(name), column)
    return heads


def _apart(rows: pa.Table) -> list[pa.Table]:
    """Join the rows of one stream with gaps or overlaps, or of one QUIC connection."""
    pieces = rows["payload"].to_pylist()
    number = rows["protocol"][0].as_py()
    if number == QUIC:
        parts = [framed(pieces[:_MOST_DATAGRAMS])]
        index = rows.schema.get_field_index("protocol")
        rows = rows.set_column(index, "protocol", pa.array([JOINED_DATAGRAMS] * len(rows), pa.uint8()))
    else:
        parts = runs(list(zip(rows["stream_offset"].to_pylist(), pieces, strict=True)))
        parts = parts if number == HTTP else parts[:1]
    start = np.zeros(1, dtype=np.int64)
    return [_summed(rows, start, pa.array([part], pa.large_binary())) for part in parts]


def framed(parts: list[bytes]) -> bytes:
    """Put datagrams into one payload, each after four bytes of length."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def datagrams(payload: bytes) -> list[bytes]:
    """Undo `framed`."""
    parts, at = [], 0
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 4])
        parts.append(payload[at + 4 : at + 4 + size])
        at += 4 + size
    return parts
