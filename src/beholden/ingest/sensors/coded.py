"""Columns of text as distinct words and codes, so that a word is looked at once; texts as numbers to join by."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.dissect.seen import MOST_CHARACTERS, clean
from beholden.model import identifiers

Words = npt.NDArray[np.int64]
_FOUR = r"^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.|$)){4}$"
_MAYBE_IP = re.compile("[0-9A-Fa-f:.]{2,45}$")
_SIMPLE = "^[!-~](?:[ -~]*[!-~])?$"
_MAC = "^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$"
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


class Coded(NamedTuple):
    """Distinct words, null for what is none, and the code of each row, negative for none."""

    words: pa.Array
    codes: Words

    @classmethod
    def of(cls, column: pa.ChunkedArray, canonical: Callable[[pa.Array], pa.Array] | None = None) -> Self:
        """Take a column of text, and bring its words into canonical form."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(whole, pa.ChunkedArray):  # of a dictionary, or of nothing
            whole = whole.unify_dictionaries().combine_chunks() if whole.num_chunks else whole.chunk(0)
        coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        words = coded.dictionary
        if canonical is None:
            return cls(words, codes)
        formed = canonical(words)
        is_none = np.append(formed.is_null().to_numpy(zero_copy_only=False), True)
        return cls(formed, np.where(is_none[codes], -1, codes))

    @property
    def is_known(self) -> "npt.NDArray[np.bool_]":
        """Say which rows have a word."""
        known: npt.NDArray[np.bool_] = self.codes >= 0
        return known

    def text(self) -> pa.Array:
        """Give the column with a word in each row."""
        return self.words.take(pa.array(self.codes, mask=self.codes < 0))

    def matches(self, pattern: str) -> "npt.NDArray[np.bool_]":
        """Say which rows have a word that matches."""
        found = pc.fill_null(pc.match_substring_regex(self.words, pattern), False)
        is_found = np.append(found.to_numpy(zero_copy_only=False), False)
        return is_found[self.codes]

    def otherwise(self, other: "Coded") -> "Coded":
        """Give the other column's words where there are none here."""
        codes = np.where(other.is_known, other.codes + len(self.words), -1)
        words = pa.concat_arrays([self.words.cast(pa.string()), other.words.cast(pa.string())])
        return Coded(words, np.where(self.is_known, self.codes, codes))

    def numbers(self, of_words: Words, otherwise: int = 0) -> Words:
        """Give each row the number of its word."""
        return np.append(of_words, otherwise)[self.codes]


def addresses(words: pa.Array) -> pa.Array:
    """Give IP addresses in canonical form (RFC 5952), null for what is none."""
    return _formed(words, _FOUR, lambda text: identifiers.ip(text) if _MAYBE_IP.match(text) else None)


def link_addresses(words: pa.Array) -> pa.Array:
    """Give link addresses of one station in canonical form, null for what is none."""
    formed = _formed(words, _MAC, identifiers.mac)
    is_group = pc.match_substring_regex(formed, "^(?:.[13579bdf]|00:00:00:00:00:00)")
    return pc.if_else(is_group, None, formed)


def cleaned(words: pa.Array) -> pa.Array:
    """Give values as dissectors do: trimmed, printable, cut at 512 characters; null for none."""
    words = words.cast(pa.string())
    is_long = pc.greater(pc.binary_length(words), MOST_CHARACTERS)
    if pc.any(is_long).as_py():
        cut = pa.array([clean(each) for each in words.filter(is_long).to_pylist()], pa.string())
        words = pc.replace_with_mask(words, is_long.fill_null(False), cut)
    return _formed(words, _SIMPLE, lambda text: clean(text) or None)


def _formed(words: pa.Array, pattern: str, function: Callable[[str], str | None]) -> pa.Array:
    """Leave the words that match as they are, and let a function form the others."""
    words = words.cast(pa.string())
    is_formed = pc.match_substring_regex(words, pattern).fill_null(True).to_numpy(zero_copy_only=False)
    if is_formed.all():
        return words
    others = pa.array(
        [function(each) for each in words.filter(pa.array(~is_formed)).to_pylist()], pa.string()
    )
    return pc.replace_with_mask(words, pa.array(~is_formed), others)


def hashed(column: pa.ChunkedArray | pa.Array) -> Words:
    """Give each text a number; equal texts have equal ones, others all but surely not. Null has that of no text."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray) or whole.type != pa.large_binary():
        whole = whole.cast(pa.large_string()).cast(pa.large_binary())
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    _, offsets, data = whole.buffers()
    ends = np.frombuffer(offsets, np.int64)[whole.offset :][: len(whole) + 1]
    raw = bytes(data or b"") + bytes(8)
    words = np.ndarray((len(raw) - 7,), "<u8", buffer=raw, strides=(1,))
    start, length = ends[:-1], np.diff(ends)
    seen = length.astype(np.uint64) * _ODD
    for at in range(0, int(length.max(initial=0)), 8):
        left = np.clip(length - at, 0, 8)
        word = words[np.minimum(start + at, len(words) - 1)] & _masks()[left]
        mixed = (seen ^ word) * _ODD
        seen = np.where(left > 0, mixed ^ (mixed >> _SHIFT), seen)
    return seen.view(np.int64)


@lru_cache(maxsize=1)
def _masks() -> "npt.NDArray[np.uint64]":
    return np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
