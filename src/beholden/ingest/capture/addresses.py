"""Addresses as text, each distinct one written once."""

from ipaddress import IPv6Address

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.capture.layout import Words

_MAPPED = 0xFFFF
_HALF = (1 << 64) - 1
_HEX = pa.array([f"{byte:02x}" for byte in range(256)])
_DECIMAL = pa.array([str(byte) for byte in range(256)])


def _joined(values: Words, shifts: range, words: pa.Array, between: str) -> pa.Array:
    parts = [words.take(pa.array(values >> shift & 0xFF, pa.int64())) for shift in shifts]
    return pc.binary_join_element_wise(*parts, between)


def mac_text(values: Words) -> pa.Array:
    """Write link addresses as aa:bb:cc:dd:ee:ff; 0 is null."""
    distinct, place = np.unique(values, return_inverse=True)
    text = _joined(distinct, range(40, -8, -8), _HEX, ":")
    text = pc.if_else(pa.array(distinct != 0), text, None)
    return text.take(pa.array(place.ravel()))


def _four_text(low: Words) -> pa.Array:
    distinct, place = np.unique(low, return_inverse=True)
    return _joined(distinct, range(24, -8, -8), _DECIMAL, ".").take(pa.array(place.ravel()))


def _six_text(high: Words, low: Words) -> pa.Array:
    both = np.empty(len(high), dtype=[("high", np.int64), ("low", np.int64)])
    both["high"], both["low"] = high, low
    distinct, place = np.unique(both, return_inverse=True)
    halves = ((int(a) & _HALF, int(b) & _HALF) for a, b in distinct.tolist())
    text = pa.array([str(IPv6Address(a << 64 | b)) for a, b in halves], pa.string())
    return text.take(pa.array(place.ravel()))


def ip_text(high: Words, low: Words) -> pa.Array:
    """Write addresses, given as two halves, in canonical form (RFC 5952); mapped IPv4 as IPv4."""
    is_4 = (high == 0) & (low >> 32 == _MAPPED)
    if is_4.all():
        return _four_text(low)
    texts = pa.concat_arrays([_four_text(low[is_4]), _six_text(high[~is_4], low[~is_4])])
    return texts.take(pa.array(np.argsort(np.argsort(~is_4, kind="stable"), kind="stable")))
