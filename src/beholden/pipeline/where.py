"""Filters of `show --where`: field, operator, value; several are joined by and."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beholden.model.errors import BeholdenError

_FORM = re.compile(r"\s*([\w.]+)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
Test = Callable[[dict[str, Any]], bool]


def parse(text: str) -> Test:
    """Read one condition such as `maker.jurisdiction=CN`, `index>20`, `model~DCS`, `brand=null`.

    `~` looks for text in a value, without case. Raises BeholdenError for what is no condition.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise BeholdenError(f"--where {text!r}: give FIELD=VALUE, with =, !=, ~, <, <=, > or >=")
    field, sign, wanted = form.groups()
    if sign in _ORDER:
        return _compare(field, _ORDER[sign], _number(text, wanted))
    if sign == "~":
        return lambda row: any(wanted.lower() in str(value).lower() for value in _values(row, field))
    is_wanted = sign == "="
    return lambda row: any(_equals(value, wanted) for value in _values(row, field)) is is_wanted


def select(rows: Iterable[dict[str, Any]], conditions: Sequence[str]) -> list[dict[str, Any]]:
    """Keep the rows for which all conditions hold."""
    tests = [parse(text) for text in conditions]
    return [row for row in rows if all(test(row) for test in tests)]


def _compare(field: str, compare: Callable[[float, float], bool], limit: float) -> Test:
    def test(row: dict[str, Any]) -> bool:
        numbers = (value for value in _values(row, field) if isinstance(value, int | float))
        return any(compare(number, limit) for number in numbers)

    return test


def _number(text: str, wanted: str) -> float:
    try:
        return float(wanted)
    except ValueError as error:
        raise BeholdenError(f"--where {text!r}: {wanted!r} is no number") from error


def _equals(value: object, wanted: str) -> bool:
    if value is None:
        return wanted.lower() in ("", "null", "unknown")
    return str(value).lower() == wanted.lower()


def _values(row: object, field: str) -> list[Any]:
    """Follow a dotted field; a list gives each of its members."""
    here: list[Any] = [row]
    for name in field.split("."):
        here = [value.get(name) if isinstance(value, dict) else None for value in here]
        here = [inner for value in here for inner in (value if isinstance(value, list) else [value])]
    return here
