"""Which identifiers of a column are plainly canonical, told byte by byte.

What passes here is what `ingest.tabular.forms` gives for it (a test says so); what does not pass is no error, but
goes there value by value.
"""

from beholden.ingest.capture.jit import kernel, part
from beholden.ingest.capture.memory import byte
from beholden.pipeline.fleet.kernels.layout import (
    HOSTNAME,
    ICCID,
    IMEI,
    IMSI,
    IP,
    LOCAL,
    MAC,
    PASSES,
    REST,
    Bytes,
    Cells,
    Numbers,
    Words,
)

_COLON, _DASH, _DOT, _UNDERSCORE = 58, 45, 46, 95
_MOST_SERIAL, _MOST_HOSTNAME = 64, 63


@part
def _is_digit(one: int) -> bool:
    return 48 <= one <= 57


@part
def _is_letter(one: int) -> bool:
    return 97 <= one | 32 <= 122


@part
def _hex(one: int) -> int:
    """Give the value of a hexadecimal digit, -1 for what is none."""
    if 48 <= one <= 57:
        return one - 48
    folded = one | 32
    return folded - 87 if 97 <= folded <= 102 else -1


@part
def _mac(data: Bytes, at: int, end: int, lowered: Bytes) -> int:
    """Give the number of a link address that one station can have, and write it with colons; else -1."""
    if end - at != 17:
        return -1
    sign, number = byte(data, at + 2), 0
    if sign not in (_COLON, _DASH):
        return -1
    for place in range(17):
        one = byte(data, at + place)
        if place % 3 == 2:
            if one != sign:
                return -1
            lowered[at + place] = _COLON
        else:
            digit = _hex(one)
            if digit < 0:
                return -1
            number = number << 4 | digit
            lowered[at + place] = one | 32 if digit > 9 else one
    return -1 if number >> 40 & 1 or number == 0 else number


@part
def _is_ip(data: Bytes, at: int, end: int) -> bool:
    """Pass IPv4 in dotted decimal that one host can have: neither its own network, loopback nor multicast."""
    dots, value, n_digits = 0, 0, 0
    for place in range(at, end):
        one = byte(data, place)
        if one == _DOT:
            if n_digits == 0 or (dots == 0 and (value in (0, 127) or value > 223)):
                return False
            dots, value, n_digits = dots + 1, 0, 0
        elif not _is_digit(one) or (n_digits and value == 0) or n_digits == 3:
            return False
        else:
            value, n_digits = value * 10 + one - 48, n_digits + 1
            if value > 255:
                return False
    return dots == 3 and n_digits > 0


@part
def _may_follow(one: int, before: int) -> bool:
    """Tell whether a character may stand behind another in a host name: labels neither begin nor end with a dash."""
    if one == _DOT:
        return before not in (_DOT, _DASH)
    if one == _DASH:
        return before != _DOT
    return _is_letter(one) or _is_digit(one) or one == _UNDERSCORE


@part
def _is_hostname(data: Bytes, at: int, end: int, lowered: Bytes) -> bool:
    """Pass names that begin with a letter and have a digit or a joint in their first label: no placeholder is one."""
    if not 0 < end - at <= _MOST_HOSTNAME or not _is_letter(byte(data, at)):
        return False
    is_mixed, is_first, before = False, True, _DOT
    for place in range(at, end):
        one = byte(data, place)
        if not _may_follow(one, before):
            return False
        is_first &= one != _DOT
        is_mixed |= is_first and not _is_letter(one)
        lowered[place] = one | 32 if _is_letter(one) else one
        before = one
    return is_mixed and before not in (_DOT, _DASH)


@part
def _is_serial(data: Bytes, at: int, end: int) -> bool:
    """Pass letters mixed with digits, and digits alone that are not one repeated nor counted up."""
    length = end - at
    if not 3 <= length <= _MOST_SERIAL:
        return False
    n_digits, n_letters, is_repeated, number = 0, 0, True, 0
    first = byte(data, at)
    for place in range(at, end):
        one = byte(data, place)
        if _is_digit(one):
            n_digits += 1
            number = number * 10 + one - 48
        elif _is_letter(one):
            n_letters += 1
        elif not (_DASH <= one <= 47 or one in (_COLON, _UNDERSCORE)):
            return False
        is_repeated &= one == first
    if n_letters:
        return n_digits > 0
    return n_digits == length and length > 3 and not is_repeated and not _is_counted(number, length)


@part
def _is_counted(number: int, length: int) -> bool:
    """Tell what firmware writes for a serial number and is none: 12345678, 0123456789 and their like."""
    if length == 8:
        return number == 12_345_678
    if length == 9:
        return number == 123_456_789
    return length == 10 and number in (123_456_789, 1_234_567_890)


@part
def _digits(data: Bytes, at: int, end: int, is_checked: int) -> int:
    """Give the number of digits that are not one repeated (of 20 its last bits), checked by Luhn if asked; else -1."""
    total, number, is_repeated = 0, 0, True
    first = byte(data, at)
    for place in range(at, end):
        one = byte(data, place)
        if not _is_digit(one):
            return -1
        digit = one - 48
        number = number * 10 + digit
        is_repeated &= one == first
        if (end - place) & 1:
            total += digit
        else:
            total += digit * 2 - (9 if digit > 4 else 0)
    if is_repeated or (is_checked and total % 10):
        return -1
    return number & 0x7FFFFFFFFFFFFFFF


@part
def _card(kind: int, data: Bytes, at: int, end: int) -> int:
    """Give the number of an IMEI (15 digits), an ICCID or an IMSI, else -1."""
    length = end - at
    if kind == IMEI:
        return _digits(data, at, end, 1) if length == 15 else -1
    if kind == ICCID:
        is_card = 18 <= length <= 20 and byte(data, at) == 56 and byte(data, at + 1) == 57
        return _digits(data, at, end, 1) if is_card else -1
    if not 14 <= length <= 15:
        return -1
    first = byte(data, at)
    is_country = (48 <= first <= 55 and first != 49) or (first == 57 and byte(data, at + 1) == 48)
    return _digits(data, at, end, 0) if is_country else -1


@part
def _number(kind: int, data: Bytes, at: int, end: int, lowered: Bytes) -> int:
    """Give -1 for what does not pass, else a number: of link addresses and IMEIs their own."""
    if kind == MAC:
        return _mac(data, at, end, lowered)
    if kind == IP:
        return 0 if _is_ip(data, at, end) else -1
    if kind == HOSTNAME:
        return 0 if _is_hostname(data, at, end, lowered) else -1
    if kind & (IMEI | ICCID | IMSI):
        return _card(kind, data, at, end)
    return 0 if _is_serial(data, at, end) else -1


@kernel
def form(
    kind: int, cells: Cells, skipped: int, lowered: Bytes, marks: Bytes, numbers: Numbers, states: Words
) -> int:
    """Mark cells as PASSES or REST, 0 where there is nothing; gives how many are REST.

    kind: the bit of the identifier in states, which is set where it passes. skipped: bits before those of the cells.
    lowered: the cells as they are written, of link addresses and host names. numbers: what passes as one.
    """
    n_rest = 0
    for row in range(len(cells.offsets) - 1):
        at, end = cells.offsets[row], cells.offsets[row + 1]
        bit = skipped + row
        marks[row] = 0
        if end <= at or (len(cells.valid) and not cells.valid[bit >> 3] >> (bit & 7) & 1):
            continue
        number = _number(kind, cells.data, at, end, lowered)
        if number < 0:
            marks[row] = REST
            n_rest += 1
            continue
        marks[row] = PASSES
        states[row] |= kind
        if kind == MAC and number >> 41 & 1:
            states[row] |= LOCAL
        if len(numbers):
            numbers[row] = number
    return n_rest
