"""Addresses as text, each distinct one written once."""

from ipaddress import IPv6Address

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Words = npt.NDArray[np.int64]
_MAPPED = 0xFFFF
_HALF = (1 << 64) - 1
_HEX = pa.array([f"{byte:02x}" for byte in range(256)])
_DECIMAL = pa.array([str(byte) for byte in range(256)])


def distinct(values: Words) -> tuple[Words, pa.Array]:
    """Give the distinct numbers, and where each value stands among them."""
    encoded = pa.array(np.ascontiguousarray(values)).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices


def _joined(values: Words, shifts: range, words: pa.Array, between: str) -> pa.Array:
    parts = [words.take(pa.array(values >> shift & 0xFF, pa.int64())) for shift in shifts]
    return pc.binary_join_element_wise(*parts, between)


def mac_text(values: Words) -> pa.Array:
    """Write link addresses as aa:bb:cc:dd:ee:ff; 0 is null."""
    macs, place = distinct(values)
    text = _joined(macs, range(40, -8, -8), _HEX, ":")
    return pc.if_else(pa.array(macs != 0), text, None).take(place)


def four_text(low: Words) -> pa.Array:
    """Write IPv4 addresses, given as the last 32 bits."""
    addresses, place = distinct(low)
    return _joined(addresses, range(24, -8, -8), _DECIMAL, ".").take(place)


def _six_text(high: Words, low: Words) -> pa.Array:
    highs, high_place = distinct(high)
    lows, low_place = distinct(low)
    pairs, place = distinct(high_place.to_numpy().astype(np.int64) * len(lows) + low_place.to_numpy())
    halves = zip(highs[pairs // len(lows)].tolist(), lows[pairs % len(lows)].tolist(), strict=True)
    text = [str(IPv6Address((a & _HALF) << 64 | b & _HALF)) for a, b in halves]
    return pa.array(text, pa.string()).take(place)


def ip_text(high: Words, low: Words) -> pa.Array:
    """Write addresses, given as two halves, in canonical form (RFC 5952); mapped IPv4 as IPv4."""
    is_4 = (high == 0) & (low >> 32 == _MAPPED)
    if is_4.all():
        return four_text(low)
    texts = pa.concat_arrays([four_text(low[is_4]), _six_text(high[~is_4], low[~is_4])])
    place = np.empty(len(low), np.int64)
    place[is_4], place[~is_4] = np.arange(is_4.sum()), np.arange(is_4.sum(), len(low))
    return texts.take(pa.array(place))
