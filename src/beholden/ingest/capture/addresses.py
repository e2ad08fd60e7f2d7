"""Addresses as text, each distinct one written once."""

from ipaddress import IPv6Address

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.capture.layout import Words

_MAPPED = 0xFFFF
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


def ip_text(high: Words, low: Words) -> pa.Array:
    """Write addresses, given as two halves, in canonical form (RFC 5952); mapped IPv4 as IPv4."""
    both = np.empty(len(high), dtype=[("high", np.int64), ("low", np.int64)])
    both["high"], both["low"] = high, low
    distinct, place = np.unique(both, return_inverse=True)
    is_4 = (distinct["high"] == 0) & (distinct["low"] >> 32 == _MAPPED)
    text = _joined(distinct["low"], range(24, -8, -8), _DECIMAL, ".")
    six = [
        str(IPv6Address((int(a) & (1 << 64) - 1) << 64 | int(b) & (1 << 64) - 1)) for a, b in distinct[~is_4].tolist()
    ]
    text = pc.replace_with_mask(text, pa.array(~is_4), pa.array(six, pa.string()))
    return text.take(pa.array(place.ravel()))
