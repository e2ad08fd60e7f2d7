"""Filters of `show --where`: field, operator, value; several are joined by and."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.model.errors import BeholdenError

_FORM = re.compile(r"\s*([\w.]+)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Condition:
    """One condition: it holds where any value of the field does, or none of them where it is negated."""

    field: str
    holds: Callable[[object], bool]
    is_negated: bool = False

    @property
    def head(self) -> str:
        """Give the first name of the field."""
        return self.field.partition(".")[0]

    def test(self, row: dict[str, Any]) -> bool:
        """Say whether it holds for a row of plain values."""
        return any(self.holds(value) for value in _values(row, self.field)) is not self.is_negated

    def mask(self, column: pa.ChunkedArray) -> pa.Array:
        """Say for each value of a column whether it holds; each distinct value is tested once."""
        distinct = pc.unique(column)
        verdicts = pa.array([self.test({self.head: value}) for value in distinct.to_pylist()], pa.bool_())
        return verdicts.take(pc.index_in(column, distinct))


def parse(text: str) -> Condition:
    """Read one condition such as `maker.jurisdiction=CN`, `index>20`, `model~DCS`, `brand=null`.

    `~` looks for text in a value, without case. Raises BeholdenError for what is no condition.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise BeholdenError(f"--where {text!r}: give FIELD=VALUE, with =, !=, ~, <, <=, > or >=")
    field, sign, wanted = form.groups()
    if sign in _ORDER:
        return Condition(field, _compare(_ORDER[sign], _number(text, wanted)))
    folded = wanted.lower()
    if sign == "~":
        return Condition(field, lambda value: folded in str(value).lower())
    return Condition(field, lambda value: _equals(value, folded), is_negated=sign == "!=")


def select(rows: Iterable[dict[str, Any]], conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Keep the rows for which all conditions hold."""
    return [row for row in rows if all(condition.test(row) for condition in conditions)]


def _compare(compare: Callable[[float, float], bool], limit: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and compare(value, limit)


def _number(text: str, wanted: str) -> float:
    try:
        return float(wanted)
    except ValueError as error:
        raise BeholdenError(f"--where {text!r}: {wanted!r} is no number") from error


def _equals(value: object, folded: str) -> bool:
    return folded in ("", "null", "unknown") if value is None else str(value).lower() == folded


def _values(row: object, field: str) -> list[Any]:
    """Follow a dotted field; a list gives each of its members."""
    here: list[Any] = [row]
    for name in field.split("."):
        here = [value.get(name) if isinstance(value, dict) else None for value in here]
        here = [inner for value in here for inner in (value if isinstance(value, list) else [value])]
    return here
