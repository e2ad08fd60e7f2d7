"""The letters of names: how much they say, and how much they are like names that people choose."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Real = NDArray[np.float64]
Whole = NDArray[np.int64]
_SIGNS = np.full(256, 36)
_SIGNS[ord("a") : ord("z") + 1] = np.arange(26)
_SIGNS[ord("0") : ord("9") + 1] = np.arange(26, 36)
_N_SIGNS = 37


class Likeness:
    """How usual one letter is after another, learned from names."""

    def __init__(self, names: pa.Array) -> None:
        first, second, _ = _neighbours(names)
        counts = np.bincount(first * _N_SIGNS + second, minlength=_N_SIGNS**2).reshape(_N_SIGNS, _N_SIGNS) + 1
        self._bits = -np.log2(counts / counts.sum(axis=1, keepdims=True))

    def surprise(self, names: pa.Array) -> Real:
        """Give the mean surprise of each name's pairs of letters, bits a pair; 0 for names of one letter."""
        first, second, row = _neighbours(names)
        bits = np.bincount(row, weights=self._bits[first, second], minlength=len(names))
        pairs = np.bincount(row, minlength=len(names))
        return np.divide(bits, pairs, out=np.zeros(len(names)), where=pairs > 0)


def entropies(texts: pa.Array) -> Real:
    """Give the Shannon entropy of each text's letters, bits a letter."""
    octets, row = _flat(texts)
    keys, counts = np.unique(row << 8 | octets, return_counts=True)
    length = np.bincount(row, minlength=len(texts))
    of = keys >> 8
    share = counts / length[of]
    return np.asarray(np.bincount(of, weights=-share * np.log2(share), minlength=len(texts)), np.float64)


def _neighbours(names: pa.Array) -> tuple[Whole, Whole, Whole]:
    octets, row = _flat(names)
    signs, is_same = _SIGNS[octets], row[1:] == row[:-1]
    return signs[:-1][is_same], signs[1:][is_same], row[1:][is_same]


def _flat(texts: pa.Array) -> tuple[Whole, Whole]:
    """Lay all texts end to end: octets, and which text each is of."""
    if not len(texts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)
    octets = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]].astype(np.int64)
    return octets, np.repeat(np.arange(len(texts)), np.diff(bounds))
