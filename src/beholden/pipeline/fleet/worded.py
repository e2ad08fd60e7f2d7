"""Words of a partition by number: what readers make of them, and what likes read of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.identify.advised import Advised
from beholden.identify.condense import PRODUCTS, UNREAD, VERSION, known
from beholden.ingest.inventory import columns_of
from beholden.ingest.tabular.headers import TIMES
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.support import NAMES_A_DAY
from beholden.pipeline.fleet import kernels
from beholden.pipeline.fleet.columns import full, short
from beholden.pipeline.fleet.kernels import layout as at
from beholden.pipeline.fleet.kernels.layout import Numbers, Words
from beholden.pipeline.fleet.reading import Local
from beholden.pipeline.fleet.states import CARDS, number

NONE: Numbers = np.empty(0, np.int64)
UNMARKED: Words = np.empty(0, np.int32)
_MARKS = {"model": at.WORD | at.MODEL, "firmware": at.WORD | at.FIRMWARE, "os": at.WORD | at.OS}


@dataclass(frozen=True)
class Word:
    """A column: the number of each row's value, -1 for none, and the values, none of them twice."""

    name: str
    codes: Words
    values: pa.Array

    def table(self) -> Numbers:
        """Give a number for each value, first that of none."""
        return numbers(self.name, self.values)

    def rows(self, at: slice | npt.NDArray[np.int64]) -> pa.DictionaryArray:
        """Give some rows."""
        return coded(self.codes[at], self.values)


@dataclass(frozen=True)
class Key:
    """What a word adds to likes and states, as `kernels.add` takes it."""

    codes: Words
    numbers: Numbers
    marks: Words
    needs: int = 0

    def add(self, start: int, n: int, states: Words, likes: Numbers) -> None:
        """Add those of some rows."""
        kernels.add(self.codes[start : start + n], self.numbers, self.marks, self.needs, states, likes)


def coded(codes: Words, values: pa.Array) -> pa.DictionaryArray:
    """Make a column of numbers and values; -1 is null."""
    mask = codes < 0
    indices = pa.array(codes, mask=mask) if mask.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, values)


def numbers(name: str, values: pa.Array) -> Numbers:
    """Give a number for each of some texts, first 0 for none."""
    texts = values.to_pylist()
    return np.array([0, *(0 if text is None else number(name, text) for text in texts)], np.int64)


def words(raw: Local, problems: Problems) -> dict[str, Word]:
    """Give what the readers of inventories make of words."""
    return {name: _word(raw, name, column, problems) for name, column in raw.words.items()}


def _word(raw: Local, name: str, column: pa.DictionaryArray, problems: Problems) -> Word:
    codes = column.indices.fill_null(-1).cast(pa.int32()).to_numpy()
    rows = np.full(len(column.dictionary), -1, np.int32)
    kernels.first(codes, rows)
    used = np.flatnonzero(rows >= 0)
    firsts = pa.array(rows[used].astype(np.int64))
    locators = pc.add(firsts, 1) if raw.locators is None else raw.locators.take(firsts)
    (read,) = columns_of(full(name), column.dictionary.take(pa.array(used)), locators, problems)
    again = read.values.dictionary_encode()
    became = np.full(len(rows) + 1, -1, np.int32)
    became[used + 1] = again.indices.fill_null(-1).to_numpy()
    is_same = np.array_equal(became[1:], np.arange(len(rows)))
    return Word(name, codes if is_same else became[codes + 1], again.dictionary)


def keys(read: Mapping[str, Word], matched: set[str], advised: Advised) -> Iterator[Key]:
    """Give what words add to likes; the products that advisories know come before the version."""
    known_products = {short(name): known(read[short(name)].values, advised)
                      for name in PRODUCTS if short(name) in read}  # fmt: skip
    for name, one in read.items():
        if name in TIMES:
            continue
        marks = np.full(len(one.values) + 1, _MARKS.get(name, at.WORD), np.int32)
        marks[0] = 0
        if name in known_products:
            told = known_products[name]
            marks[1:] |= at.KNOWN * told.is_valid().to_numpy(zero_copy_only=False)
            yield Key(one.codes, numbers(f"known {name}", told), marks)
        elif full(name) == VERSION:
            is_day = pc.match_substring_regex(one.values, NAMES_A_DAY).to_numpy(zero_copy_only=False)
            marks[1:] |= at.KNOWN * is_day.astype(np.int32)
            yield Key(one.codes, NONE, marks)
        else:
            yield Key(one.codes, NONE, marks)
        if full(name) in matched or full(name) not in UNREAD:
            yield Key(one.codes, one.table(), UNMARKED)
    if short(VERSION) in read:
        one = read[short(VERSION)]
        yield Key(one.codes, numbers("known version", one.values), UNMARKED, at.KNOWN)


def card_keys(read: Mapping[str, Word]) -> Sequence[Key]:
    """Give what the month adds in which a record with a card was last seen; to be added behind identifiers."""
    if TIMES[1] not in read:
        return ()
    one = read[TIMES[1]]
    month = pc.floor_temporal(one.values, unit="month").cast(pa.int64()).cast(pa.string())
    return (Key(one.codes, numbers("card seen", month), UNMARKED, CARDS),)
