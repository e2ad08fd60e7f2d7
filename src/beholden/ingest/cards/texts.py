"""Bring columns of exports into one form: text, days, amounts, countries and access point names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.tabular.instants import instants
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.tabular.stated import countries

_DAY_US = 86_400_000_000
_NUMBER = r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$"
_NO_TEXT = pa.scalar(None, pa.string())
_SEVERAL = r"[\s,;|/]+"


@dataclass(frozen=True)
class Worlds:
    """What codes of networks and names of kinds stand for: country by country code of networks, kind by name."""

    countries: Mapping[str, str]
    kinds: Mapping[str, str]

    @cached_property
    def read_network(self) -> Callable[[str], str | None]:
        """Give the country of a network code, such as 26201 or 262-01, by its first three digits."""
        return lambda text: self.countries.get("".join(one for one in text if one.isdigit())[:3])


def text(column: pa.Array) -> pa.Array:
    """Give a column as text without surrounding white space; empty cells are null, whole numbers have no point."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return text(column.cast(kind.value_type))
    if pa.types.is_floating(kind):
        whole = pc.cast(column, pa.int64(), safe=False)
        is_whole = pc.fill_null(pc.all(pc.equal(whole.cast(kind), column)), fill_value=True).as_py()
        column = whole if is_whole else column
    if pa.types.is_nested(kind):
        return pa.nulls(len(column), pa.string())
    trimmed = (
        pc.utf8_trim_whitespace(column.cast(pa.string())) if _needs_trim(kind) else column.cast(pa.string())
    )
    return pc.if_else(pc.equal(trimmed, ""), _NO_TEXT, trimmed)


def _needs_trim(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def by_word(column: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """Read each distinct text once."""
    coded = column.dictionary_encode()
    words = [read(word) for word in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)


def days_and_times(column: pa.Array, problems: Problems, first: int) -> tuple[pa.Array, pa.Array]:
    """Give days since 1970 and microseconds since 1970, in UTC; null for what is no date."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(column.type):
        times = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())
    else:
        rows = np.arange(first, first + len(column))
        times = instants("day", text(column), problems, rows).cast(pa.int64())
    floored = pc.floor(pc.divide(pc.cast(times, pa.float64()), float(_DAY_US)))
    return floored.cast(pa.int64()), times


def amounts(column: pa.Array, factor: int, field: str, problems: Problems, first: int) -> pa.Array:
    """Give whole numbers from 0 on; null for what is none, told of in one line a file."""
    if pa.types.is_integer(column.type):
        numbers = column.cast(pa.int64())
        scaled = numbers if factor == 1 else pc.multiply(numbers, factor)
    else:
        numbers = (
            _numbers(text(column), field, problems, first)
            if not pa.types.is_floating(column.type)
            else column
        )
        scaled = pc.multiply(pc.cast(numbers, pa.float64()), float(factor))
        is_fit = pc.less(pc.abs(scaled), 9e18)  # not so of NaN
        scaled = pc.if_else(is_fit, scaled, pa.scalar(None, pa.float64()))
        scaled = pc.cast(pc.round(scaled), pa.int64(), safe=False)
    is_negative = pc.fill_null(pc.less(scaled, 0), fill_value=False)
    if pc.any(is_negative).as_py():
        _tell(problems, f"negative {field}", f"negative {field}", is_negative, first)
        scaled = pc.if_else(is_negative, pa.scalar(None, pa.int64()), scaled)
    return scaled


def _numbers(said: pa.Array, field: str, problems: Problems, first: int) -> pa.Array:
    try:
        return said.cast(pa.float64())
    except pa.ArrowInvalid:
        bare = pc.replace_substring_regex(said, r"[ '_]", "")
        is_number = pc.fill_null(pc.match_substring_regex(bare, _NUMBER), fill_value=False)
        is_other = pc.and_(said.is_valid(), pc.invert(is_number))
        _tell(problems, f"{field} that are no number", f"{field} that is no number", is_other, first)
        return pc.if_else(is_number, bare, _NO_TEXT).cast(pa.float64())


def _tell(problems: Problems, kind: str, wrong: str, mask: pa.Array, first: int) -> None:
    n = pc.sum(mask.cast(pa.int64())).as_py() or 0
    if n:
        at = pc.index(mask, pa.scalar(value=True)).as_py()
        problems.tell_at(kind, first + at, f"{wrong}, {n:,} rows from here on", "left out")


def access_point(name: str) -> str:
    """Give an access point name in lower case, without the operator's part (3GPP TS 23.003, 9.1)."""
    folded = name.lower()
    head, _, tail = folded.partition(".mnc")
    return head if tail[3:7] == ".mcc" and tail.endswith(".gprs") else folded


def country(name: str) -> str | None:
    """Give the country of a name or code."""
    return countries([name])[0]


def several(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give the words of cells that hold several, and the rows they stand in."""
    lists = pc.split_pattern_regex(column, _SEVERAL)
    rows, words = pc.list_parent_indices(lists), pc.list_flatten(lists)
    is_word = pc.fill_null(pc.not_equal(words, ""), fill_value=False)
    return rows.filter(is_word), words.filter(is_word)
