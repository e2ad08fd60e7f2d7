"""Find the ends of domain names in tables of suffixes: whole columns at a time, label by label.

All names lie in one buffer; a name that loses its first label only moves its start.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Places = NDArray[np.int64]
Marks = NDArray[np.bool_]
_DOT = ord(".")
_SUFFIX, _WILDCARD, _EXCEPTION = 1, 2, 4
_RULES = {"!": _EXCEPTION, "*.": _WILDCARD, "": _SUFFIX}
"""How a rule of the public suffix list begins, and what it says of the suffix after that."""


class Names:
    """Domain names in one buffer: lower case, without the dot of the root."""

    def __init__(self, names: pa.Array) -> None:
        folded = pc.utf8_rtrim(pc.utf8_lower(names), characters=".")
        _, offsets, text = folded.buffers()
        n = len(folded)
        bounds = np.frombuffer(offsets, np.int32, n + 1, folded.offset * 4) if n else np.zeros(1, np.int32)
        self._text = np.frombuffer(text or b"", np.uint8)
        self._dots = np.append(np.flatnonzero(self._text == _DOT), len(self._text))
        self._starts, self._ends = bounds[:-1].astype(np.int64), bounds[1:].astype(np.int64)

    def __len__(self) -> int:
        """Give the number of names."""
        return len(self._starts)

    def peel(self, settle: Callable[[Places, Places, pa.Array, Marks], Marks]) -> None:
        """Take one label after another off the front of every name that `settle` does not say is settled.

        `settle` is told places, starts, what is left of the names, and whether that is their last label.
        """
        places = np.flatnonzero(self._starts < self._ends)
        starts = self._starts[places]
        while len(places):
            ends = self._ends[places]
            onward = np.minimum(self._dots[np.searchsorted(self._dots, starts)] + 1, ends)
            is_last = onward == ends
            stays = ~(settle(places, starts, self._cut(starts, ends), is_last) | is_last)
            places, starts = places[stays], onward[stays]

    def begin(self, starts: Places) -> pa.Array:
        """Give every name from a place in the buffer on; null where that is negative."""
        has = starts >= 0
        texts = self._cut(np.where(has, starts, self._ends), self._ends)
        return pc.if_else(pa.array(has), texts, pa.scalar(None, pa.string()))

    def _cut(self, starts: Places, ends: Places) -> pa.Array:
        """Copy stretches that follow each other in the buffer."""
        edge = np.zeros(len(self._text) + 1, dtype=np.int8)
        full = starts < ends
        edge[starts[full]] += 1
        edge[ends[full]] -= 1
        text = self._text[np.cumsum(edge[:-1], dtype=np.int8).view(np.bool_)]
        offsets = np.zeros(len(starts) + 1, dtype=np.int32)
        np.cumsum(ends - starts, out=offsets[1:])
        return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(text))


def longest_suffix(names: Names, suffixes: pa.Array) -> pa.Array:
    """Give for each name the place of the longest suffix that ends it at a label's edge; null where none does."""
    found = np.full(len(names), -1, dtype=np.int64)

    def settle(places: Places, _: Places, texts: pa.Array, __: Marks) -> Marks:
        found[places] = _index(texts, suffixes)
        return found[places] >= 0

    names.peel(settle)
    return pa.array(found, mask=found < 0)


def registrable(names: Names) -> pa.Array:
    """Give for each name its registrable domain by the public suffix list; null where it is a suffix itself.

    A top-level domain that no rule names counts as a suffix, and so does the base of a wildcard.
    """
    rules, kinds = _public_suffixes()
    found = np.full(len(names), -1, dtype=np.int64)
    one = np.full(len(names), -1, dtype=np.int64)  # where the name began one label ago
    two = np.full(len(names), -1, dtype=np.int64)

    def settle(places: Places, starts: Places, texts: pa.Array, is_last: Marks) -> Marks:
        at = _index(texts, rules)
        kind = np.where(at >= 0, kinds[at], 0)
        is_exception = (kind & _EXCEPTION) > 0
        is_any = (kind & _WILDCARD) > 0
        is_suffix = ((kind & _SUFFIX) > 0) | is_last
        begun = np.select([is_exception, is_any, is_suffix], [starts, two[places], one[places]], -1)
        found[places] = begun
        two[places], one[places] = one[places], starts
        return is_exception | is_any | is_suffix

    names.peel(settle)
    return names.begin(found)


def _index(texts: pa.Array, among: pa.Array) -> Places:
    return np.asarray(pc.fill_null(pc.index_in(texts, among), -1), dtype=np.int64)


@cache
def _public_suffixes() -> tuple[pa.Array, Places]:
    """Read the list that the package publicsuffixlist brings: suffixes, and which kinds of rule name each."""
    kinds: dict[str, int] = {}
    text = (files("publicsuffixlist") / "public_suffix_list.dat").read_text("utf-8")
    for line in text.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("//"):
            continue
        mark = next(one for one in _RULES if rule.startswith(one))
        suffix = rule.removeprefix(mark).lower()
        for spelling in {suffix, suffix.encode("idna").decode()}:
            kinds[spelling] = kinds.get(spelling, 0) | _RULES[mark]
    return pa.array(list(kinds), pa.string()), np.array(list(kinds.values()), dtype=np.int64)
