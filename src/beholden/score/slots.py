"""Slots: the at most six propositions of a kind, category and factor side by side in one row.

Side by side, a factor is a product of at most six terms: no logarithms, no sums whose order matters.
"""

from collections.abc import Iterator
from functools import reduce
from itertools import combinations
from operator import and_, mul

import narwhals as nw

from beholden.model.errors import BeholdenError
from beholden.score.settings import MAX_PROPOSITIONS, Frame

SLOTS = tuple(range(1, MAX_PROPOSITIONS + 1))
GROUP = ("kind", "category", "factor")


def product(terms: list[nw.Expr]) -> nw.Expr:
    """Multiply expressions."""
    return reduce(mul, terms) if terms else nw.lit(1.0)


def total(terms: list[nw.Expr]) -> nw.Expr:
    """Add expressions from left to right."""
    return reduce(lambda a, b: a + b, terms)


def all_of(terms: list[nw.Expr]) -> nw.Expr:
    """Combine conditions."""
    return reduce(and_, terms)


def in_slot(column: str, slot: int) -> nw.Expr:
    """Pick a column where the row stands in this slot; for use inside an aggregation."""
    return nw.when(nw.col("slot") == slot).then(nw.col(column)).max().alias(f"{column}_{slot}")


def of_slot(column: str) -> nw.Expr:
    """Pick `<column>_<slot>` of a wide row by the row's own slot."""
    picked = nw.col(f"{column}_{SLOTS[-1]}")
    for slot in SLOTS[:-1]:
        picked = nw.when(nw.col("slot") == slot).then(nw.col(f"{column}_{slot}")).otherwise(picked)
    return picked


def choices(gamma: int, slots: tuple[int, ...] = SLOTS) -> Iterator[tuple[int, ...]]:
    """List every set of exactly min(gamma, all) slots that may turn out bad; fewer is never worse."""
    return combinations(slots, min(max(gamma, 0), len(slots)))


def slot_table(applies: Frame) -> Frame:
    """Give each proposition of a kind, category and factor its slot 1, 2, … by name."""
    rows = applies.select(
        *GROUP, "proposition", nw.col("weight").cast(nw.Float64), nw.col("base_rate").cast(nw.Float64)
    )
    others = rows.select(*GROUP, other=nw.col("proposition"))
    numbers = (
        rows.select(*GROUP, "proposition")
        .join(others, on=list(GROUP), how="inner")
        .filter(nw.col("other") <= nw.col("proposition"))
        .group_by(*GROUP, "proposition")
        .agg(slot=nw.len())
    )
    return rows.join(numbers, on=[*GROUP, "proposition"], how="inner")


def wide_slots(slots: Frame, veto: tuple[str, ...]) -> Frame:
    """Set propositions side by side: proposition_i, weight_i, base_rate_i, veto_i; weight 0 where none."""
    is_veto = nw.col("proposition").is_in(list(veto)) if veto else nw.lit(value=False)
    flagged = slots.with_columns(veto=nw.when(is_veto).then(nw.lit(1)).otherwise(nw.lit(0)))
    columns = ("proposition", "weight", "base_rate", "veto")
    wide = flagged.group_by(*GROUP).agg(*(in_slot(column, slot) for column in columns for slot in SLOTS))
    return wide.with_columns(
        *(nw.col(f"{column}_{slot}").fill_null(0.0) for column in ("weight", "base_rate") for slot in SLOTS),
        *(nw.col(f"veto_{slot}").fill_null(0) for slot in SLOTS),
    )


def check_applies(applies: Frame) -> None:
    """Raise BeholdenError where a group repeats a name, has more than six, or a number is outside 0-1."""
    groups = applies.group_by(*GROUP).agg(
        n=nw.len(),
        n_names=nw.col("proposition").n_unique(),
        least=nw.min_horizontal("weight", "base_rate").min(),
        most=nw.max_horizontal("weight", "base_rate").max(),
    )
    wrong = groups.filter(
        (nw.col("n") > MAX_PROPOSITIONS)
        | (nw.col("n") != nw.col("n_names"))
        | (nw.col("least") < 0)
        | (nw.col("most") > 1)
    )
    rows = wrong.select(*GROUP, "n", "n_names").collect().sort(*GROUP).rows()
    if rows:
        kind, category, factor, n, n_names = rows[0]
        raise BeholdenError(
            f"{category}, factor {factor}, kind {kind or 'unknown'}: {n} propositions of {n_names} names; "
            f"at most {MAX_PROPOSITIONS}, each once, with weight and base rate between 0 and 1"
        )
