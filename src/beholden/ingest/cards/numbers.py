"""Numbers of cards and modules by whole columns: ICCID (ITU-T E.118), IMEI and IMSI (3GPP TS 23.003)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Digits = npt.NDArray[np.uint8]
"""Numbers of as many digits: a row each, a column for each digit."""
Flags = npt.NDArray[np.bool_]
_ZERO = ord("0")
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)
"""Digit sum of each digit's double (ISO/IEC 7812-1 annex B)."""
_BETWEEN = r"[\s\-./]|[fF]+\s*$"
"""What people write between digits, and the filler at the end."""
_BODY = 14
"""Digits of an IMEI before its check digit."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers in canonical text, null where none is known; `wrong` says where something else was stated."""

    values: pa.Array
    wrong: pa.Array


def iccids(column: pa.Array) -> Numbers:
    """Give the numbers of cards: 18 to 20 digits from 89 on with a right check digit; a trailing filler F is dropped."""
    return _read(column, (18, 19, 20), _iccid)


def imsis(column: pa.Array) -> Numbers:
    """Give subscriber identities: 14 or 15 digits that begin with a mobile country code (ITU-T E.212)."""
    return _read(column, (14, 15), _imsi)


def imeis(column: pa.Array) -> Numbers:
    """Give IMEIs as 15 digits with their check digit.

    15 digits must pass the check, or end in 0, the spare digit that networks report in its place; 16 are an IMEISV,
    whose version goes; 17 have both; 14 lack the check digit, unless they may as well be 15 that lost a leading zero.
    """
    return _read(column, (14, 15, 16, 17), _imei)


_Kind = Callable[[Digits], tuple[Digits, Flags]]
"""Canonical digits of a number as stated, and whether it is one."""


def _iccid(digits: Digits) -> tuple[Digits, Flags]:
    return digits, (digits[:, 0] == 8) & (digits[:, 1] == 9) & _is_luhn(digits)


def _imsi(digits: Digits) -> tuple[Digits, Flags]:
    first = digits[:, 0]
    is_country = ((first != 1) & (first < 8)) | ((first == 9) & (digits[:, 1] == 0))
    return digits, is_country & _is_varied(digits)


def _imei(digits: Digits) -> tuple[Digits, Flags]:
    length = digits.shape[1]
    body = digits[:, :_BODY]
    check = _check_digit(body)
    is_right = _is_varied(digits)
    if length == _BODY:
        is_right &= ~_is_luhn(digits)
    elif length != 16:
        is_right &= (digits[:, _BODY] == check) | ((digits[:, _BODY] == 0) & (length == 15))
    return np.column_stack((body, check)), is_right


def _read(column: pa.Array, lengths: tuple[int, ...], kind: _Kind) -> Numbers:
    """Read what is plain digits; only what is left over is freed of separators and tried again."""
    text = column.cast(pa.string())
    values = _plain(text, lengths, kind)
    left = np.flatnonzero(pc.and_(values.is_null(), text.is_valid()).to_numpy(zero_copy_only=False))
    if not len(left):
        return Numbers(values, pa.array(np.zeros(len(text), bool)))
    bare = pc.replace_substring_regex(text.take(pa.array(left)), _BETWEEN, "")
    again = _plain(bare, lengths, kind)
    is_left = np.zeros(len(text), bool)
    is_left[left] = True
    is_wrong = np.zeros(len(text), bool)
    is_wrong[left] = pc.and_(again.is_null(), pc.not_equal(bare, "")).to_numpy(zero_copy_only=False)
    return Numbers(pc.replace_with_mask(values, pa.array(is_left), again), pa.array(is_wrong))


def _plain(text: pa.Array, lengths: tuple[int, ...], kind: _Kind) -> pa.Array:
    """Give canonical text for plain digits of these lengths, null for all else."""
    sizes = pc.fill_null(pc.binary_length(text), 0).to_numpy()
    values = pa.nulls(len(text), pa.string())
    for length in lengths:
        is_long: Flags = np.array(sizes == length, bool)
        if not is_long.any():
            continue
        digits = _digits(text if is_long.all() else text.filter(pa.array(is_long)), length)
        is_digits: Flags = np.all(digits < 10, axis=1, keepdims=False)
        canonical, is_right = kind(np.where(is_digits[:, None], digits, 0) if not is_digits.all() else digits)
        read = _texts(canonical, is_right & is_digits)
        values = read if is_long.all() else pc.replace_with_mask(values, pa.array(is_long), read)
    return values


def _digits(text: pa.Array, length: int) -> Digits:
    """View text of so many bytes a row as numbers; what is no digit is above 9."""
    start = int(np.frombuffer(text.buffers()[1], np.int32)[text.offset])
    data = np.frombuffer(text.buffers()[2], np.uint8, len(text) * length, start)
    return data.reshape(len(text), length) - np.uint8(_ZERO)


def _check_digit(digits: Digits) -> Digits:
    """Give the check digit that makes each row of digits valid (ISO/IEC 7812-1 annex B)."""
    total = np.zeros(len(digits), np.uint8)  # at most 19 digits of 9
    for place in range(digits.shape[1]):
        digit = digits[:, -1 - place]
        total += digit if place % 2 else _DOUBLED[digit]
    return (10 - total % 10) % 10


def _is_luhn(digits: Digits) -> Flags:
    return np.equal(_check_digit(digits[:, :-1]), digits[:, -1])


def _is_varied(digits: Digits) -> Flags:
    """Say which rows are more than one digit repeated."""
    varied: Flags = (digits[:, 1:] != digits[:, :1]).any(axis=1)
    return varied


def _texts(digits: Digits, is_known: Flags) -> pa.Array:
    """Make rows of as many digits each a column of text, null where not known."""
    n, length = digits.shape
    offsets = np.arange(n + 1, dtype=np.int32) * length
    bits = np.packbits(is_known, bitorder="little")
    text = np.ascontiguousarray(digits) + np.uint8(_ZERO)
    return pa.Array.from_buffers(
        pa.string(), n, [pa.py_buffer(bits), pa.py_buffer(offsets), pa.py_buffer(text)]
    )
