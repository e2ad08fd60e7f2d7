"""Bring columns of text into canonical form: whole columns by Arrow kernels, what is left by distinct value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.tabular.problems import FIRST, Problems, quoted
from beholden.model import identifiers

LONGEST = 4096
"""Characters of a cell that are kept."""
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_SPLIT = str.maketrans(dict.fromkeys("[](){}\"'|,;\t\r\n", " "))
_MOST = 64
_NO_MAC = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Form:
    """How an identifier is recognised: a pattern that canonical text passes, and the function for the rest."""

    canonical: Callable[[str], str | None]
    quick: str = ""
    prepare: Callable[[Any], Any] | None = None
    is_many: bool = False
    check: Callable[[Any], Any] | None = None
    """Which of the values that pass the pattern are canonical; for the whole column at once."""


def device_mac(text: str) -> str | None:
    """Give a link address that one station can have."""
    found = identifiers.mac(text)
    return None if found is None or found == _NO_MAC or identifiers.is_multicast_mac(found) else found


def device_ip(text: str) -> str | None:
    """Give an address that one host can have."""
    found = identifiers.ip(text)
    if found is None or found.startswith(("127.", "0.")) or found in {"::", "::1"}:
        return None
    return None if identifiers.is_multicast_ip(found) else found


def _colons(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pc.ascii_lower(pc.replace_substring(column, "-", ":"))


def _is_imei(column: Any) -> Any:  # noqa: ANN401
    """Say which texts of 15 digits have a right check digit and are not one digit repeated."""
    number = column.cast(pa.int64()).to_numpy()
    total = np.zeros(len(number), np.int64)
    for place in range(15):
        digit = number // 10**place % 10
        doubled = digit * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return (total % 10 == 0) & (number % 111_111_111_111_111 != 0)


FORMS: Mapping[str, Form] = {
    "mac": Form(device_mac, r"^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$", _colons, is_many=True),
    "ip": Form(
        device_ip,
        rf"^([1-9][0-9]?|1[013-9][0-9]|12[0-689]|2[01][0-9]|22[0-3])(\.{_OCTET}){{3}}$",
        is_many=True,
    ),
    "inventory.hostname": Form(
        identifiers.hostname,
        r"^[a-z][a-z0-9]{0,30}[-_][a-z0-9]{1,30}(\.[a-z0-9]{2,30}){0,5}$",
        pc.ascii_lower,
    ),
    "inventory.serial": Form(identifiers.serial, r"^[A-Z]{2}[A-Z0-9-]{0,20}[A-Z][0-9]{3,30}$"),
    "inventory.asset": Form(identifiers.serial, r"^[A-Z]{2}[A-Z0-9-]{0,20}[A-Z-][0-9]{3,30}$"),
    "inventory.imei": Form(identifiers.imei, r"^[0-9]{15}$", is_many=True, check=_is_imei),
    "inventory.iccid": Form(identifiers.iccid, is_many=True),
    "inventory.imsi": Form(identifiers.imsi, is_many=True),
}


@dataclass(frozen=True)
class Formed:
    """One value a row, and further values with the rows they stand in."""

    values: Any
    extra_rows: Any
    extra_values: Any


@dataclass(frozen=True)
class Trimmed:
    """A column without surrounding whitespace; `overlong` has its distinct words where some had to be cut."""

    text: Any
    overlong: Any = None


def trim(column: Any) -> Trimmed:  # noqa: ANN401 - pyarrow has no types
    """Trim whitespace, cut overlong cells, make empty cells null; computed on distinct values."""
    coded = column.dictionary_encode()
    words = pc.utf8_trim_whitespace(coded.dictionary)
    is_long = (pc.max(pc.utf8_length(words)).as_py() or 0) > LONGEST
    cut = pc.utf8_slice_codeunits(words, 0, LONGEST) if is_long else words
    text = pc.if_else(pc.equal(cut, ""), None, cut).take(coded.indices)
    return Trimmed(text, pa.DictionaryArray.from_arrays(coded.indices, words) if is_long else None)


def tell_overlong(trimmed: Trimmed, problems: Problems, locators: Any) -> None:  # noqa: ANN401
    """Tell of cells that were cut."""
    if trimmed.overlong is not None:
        _tell_long(trimmed.overlong, pc.utf8_length(trimmed.overlong.dictionary), problems, locators)


def _tell_long(coded: Any, length: Any, problems: Problems, locators: Any) -> None:  # noqa: ANN401
    for code, n in enumerate(length.to_pylist()):
        if n is not None and n > LONGEST:
            at = pc.index(coded.indices, pa.scalar(code, coded.indices.type)).as_py()
            wrong = f"a cell of {n:,} characters"
            problems.tell_at("long cell", locators[at], wrong, f"first {LONGEST:,} kept")


def canonicalise(name: str, column: Any, problems: Problems, locators: Any) -> Formed:  # noqa: ANN401
    """Give the canonical text of an identifier column; what is none of its kind is left out and told of."""
    form = FORMS[name]
    prepared = form.prepare(column) if form.prepare else column
    is_done = _is_canonical(form, prepared)
    rest = np.flatnonzero(~is_done)
    if not len(rest):
        return Formed(prepared, pa.array([], pa.int64()), pa.array([], pa.string()))
    coded = column.take(pa.array(rest)).dictionary_encode()
    found = [_several(text, form) for text in coded.dictionary.to_pylist()]
    _tell_lost(name, coded, found, problems, locators, rest)
    firsts = pa.array([values[0] if values else None for values in found], pa.string()).take(coded.indices)
    values = pc.replace_with_mask(prepared, pa.array(~is_done), firsts)
    return Formed(values, *_extras(coded, found, rest))


def _is_canonical(form: Form, prepared: Any) -> Any:  # noqa: ANN401
    """Say for which rows nothing is left to do: canonical text, or nothing."""
    is_null = prepared.is_null().to_numpy(zero_copy_only=False)
    if not form.quick:
        return is_null
    is_quick = pc.and_(pc.match_substring_regex(prepared, form.quick), pc.not_equal(prepared, _NO_MAC))
    is_done = pc.fill_null(is_quick, False).to_numpy(zero_copy_only=False)
    if form.check:
        is_done = is_done.copy()
        places = np.flatnonzero(is_done)
        is_done[places] = form.check(prepared.take(pa.array(places)))
    return is_done | is_null


def _several(text: str | None, form: Form) -> list[str]:
    if text is None:
        return []
    whole = form.canonical(text)
    if whole is not None:
        return [whole]
    if not form.is_many:
        return []
    pieces = text.translate(_SPLIT).split()
    return list(dict.fromkeys(one for piece in pieces if (one := form.canonical(piece))))[:_MOST]


def _extras(coded: Any, found: list[list[str]], rest: Any) -> tuple[Any, Any]:  # noqa: ANN401
    counts = np.array([max(len(values) - 1, 0) for values in found] + [0])
    if not counts.any():
        return pa.array([], pa.int64()), pa.array([], pa.string())
    codes = pc.fill_null(coded.indices, len(found)).to_numpy(zero_copy_only=False)
    per_row = counts[codes]
    flat = pa.array([one for values in found for one in values[1:]], pa.string())
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    n = int(per_row.sum())
    within = np.arange(n) - np.repeat(np.cumsum(per_row) - per_row, per_row)
    return pa.array(np.repeat(rest, per_row)), flat.take(pa.array(np.repeat(starts[codes], per_row) + within))


def _tell_lost(
    name: str,
    coded: Any,  # noqa: ANN401
    found: list[list[str]],
    problems: Problems,
    locators: Any,  # noqa: ANN401
    rest: Any,  # noqa: ANN401
) -> None:
    short = name.removeprefix("inventory.")
    words = coded.dictionary.to_pylist()
    lost = [at for at, values in enumerate(found) if not values and not _says_nothing(words[at])]
    kind = f"cells that hold no {short}"
    for code in lost[:FIRST]:
        at = rest[pc.index(coded.indices, pa.scalar(code, coded.indices.type)).as_py()]
        problems.tell_at(kind, locators[at], f"{quoted(words[code])} is no {short}", "left out")
    problems.skip(kind, max(len(lost) - FIRST, 0))


def _says_nothing(text: str | None) -> bool:
    return text is None or identifiers.is_placeholder(text) or not any(one not in "0:-. " for one in text)
