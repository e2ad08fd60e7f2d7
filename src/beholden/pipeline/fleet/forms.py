"""Identifiers brought into canonical form by the engine: whole columns of what is plainly canonical, the rest apart.

What passes here is what `ingest.tabular.forms` gives for it (a test says so); what does not pass is no error, but
goes there value by value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import narwhals as nw

_NO_MAC = "00:00:00:00:00:00", "00-00-00-00-00-00"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = "0123456789", "12345678", "123456789", "1234567890"
"""What firmware writes for a serial number and is none."""
_ONES = 111_111_111_111_111


@dataclass(frozen=True)
class Quick:
    """How an identifier is brought into form, and which of the results are surely canonical."""

    passes: Callable[
        [nw.Expr], nw.Expr
    ]  # told of the text as it stands: engines differ on lower case beyond ASCII
    prepare: Callable[[nw.Expr], nw.Expr] = lambda text: text


def _colons(text: nw.Expr) -> nw.Expr:
    return text.str.to_lowercase().str.replace_all("-", ":", literal=True)


def _is_mac(text: nw.Expr) -> nw.Expr:
    octet = "[0-9A-Fa-f]{2}"
    return text.str.contains(rf"^[0-9A-Fa-f][02468ACEace]((:{octet}){{5}}|(-{octet}){{5}})\z") & ~text.is_in(
        _NO_MAC
    )


def _is_ip(text: nw.Expr) -> nw.Expr:
    first = r"([1-9][0-9]?|1[013-9][0-9]|12[0-689]|2[01][0-9]|22[0-3])"
    return text.str.contains(rf"^{first}(\.{_OCTET}){{3}}\z")


def _is_hostname(text: nw.Expr) -> nw.Expr:
    """Pass names of letters first and some digit or joint: no placeholder is one, nor one character repeated."""
    return text.str.contains(r"^[A-Za-z]+[0-9_-][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*[A-Za-z0-9_])*\z") & (
        (text.str.len_chars() <= 63)
        & text.str.contains(r"[A-Za-z0-9_](\.|\z)")
        & ~text.str.contains(r"-\.|-\z|\.-")
    )


def _is_serial(text: nw.Expr) -> nw.Expr:
    """Pass letters mixed with digits, and digits alone that are not one repeated nor counted up."""
    length = text.str.len_chars()
    mixed = text.str.contains(r"^([A-Za-z][A-Za-z/._:-]*[0-9]|[0-9]+[A-Za-z])[A-Za-z0-9/._:-]*\z")
    digits = text.str.contains(r"^[0-9]{4,}\z") & ~_is_one_repeated(text) & ~text.is_in(_PLAIN)
    return (length >= 3) & (length <= 64) & (mixed | digits)


def _is_one_repeated(text: nw.Expr) -> nw.Expr:
    first = text.str.slice(0, 1)
    return nw.concat_str(first, text) == nw.concat_str(text, first)


def _is_imei(text: nw.Expr) -> nw.Expr:
    number = _number(text, text.str.contains(r"^[0-9]{15}\z"))
    return ((_luhn(number, 15) % 10 == 0) & (number % _ONES != 0)).fill_null(value=False)


def _is_iccid(text: nw.Expr) -> nw.Expr:
    """Check 19 or 20 digits from 89 on: the last 18 as two numbers that every engine divides exactly."""
    length = text.str.len_chars()
    lead = nw.when(length == 19).then(nw.lit(8)).otherwise(nw.lit(7 + 9))
    is_number = text.str.contains(r"^89[0-9]{17,18}\z")
    low, high = _number(text.str.tail(9), is_number), _number(text.str.tail(18).str.head(9), is_number)
    return ((_luhn(low, 9) + _luhn(high, 9, at=9) + lead) % 10 == 0).fill_null(value=False)


def _is_imsi(text: nw.Expr) -> nw.Expr:
    number = _number(text, text.str.contains(r"^([02-7]|90)[0-9]*\z") & text.str.len_chars().is_in((14, 15)))
    return ((number % _ONES != 0) & (number % (_ONES // 10) != 0)).fill_null(value=False)


def _number(text: nw.Expr, is_number: nw.Expr) -> nw.Expr:
    return nw.when(is_number).then(text).cast(nw.Int64)


def _luhn(number: nw.Expr, n_digits: int, at: int = 0) -> nw.Expr:
    """Sum up the last digits of numbers, which begin at a place, every other doubled (ISO/IEC 7812-1 annex B)."""
    total = nw.lit(0)
    for place in range(n_digits):
        digit = number // 10**place % 10
        nine = nw.when(digit > 4).then(nw.lit(9)).otherwise(nw.lit(0))
        total = total + (digit if (at + place) % 2 == 0 else digit * 2 - nine)
    return total


QUICK: Mapping[str, Quick] = {
    "mac": Quick(_is_mac, _colons),
    "ip": Quick(_is_ip),
    "inventory.hostname": Quick(_is_hostname, lambda text: text.str.to_lowercase()),
    "inventory.serial": Quick(_is_serial),
    "inventory.asset": Quick(_is_serial),
    "inventory.imei": Quick(_is_imei),
    "inventory.iccid": Quick(_is_iccid),
    "inventory.imsi": Quick(_is_imsi),
}


def split(name: str, text: nw.Expr, passes: nw.Expr | None = None) -> tuple[nw.Expr, nw.Expr]:
    """Give the canonical values of a column of text, and the texts that are not plainly canonical; else null.

    passes: a column that says already which are.
    """
    passes = QUICK[name].passes(text) if passes is None else passes
    rest = nw.when(~passes & (text != "")).then(text)
    return nw.when(passes).then(QUICK[name].prepare(text)), rest
