"""Slots: the at most six propositions of a kind, category and factor side by side in one row.

Side by side, a factor is a product of at most six terms: no logarithms, no sums whose order matters.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add, mul

import narwhals as nw

from beholden.score.settings import MAX_PROPOSITIONS, Frame

SLOTS = tuple(range(1, MAX_PROPOSITIONS + 1))
GROUP = ("kind", "category", "factor")


def product(terms: list[nw.Expr]) -> nw.Expr:
    """Multiply expressions."""
    return reduce(mul, terms) if terms else nw.lit(1.0)


def total(terms: list[nw.Expr]) -> nw.Expr:
    """Add expressions from left to right."""
    return reduce(add, terms)


def in_slot(column: str, slot: int) -> nw.Expr:
    """Pick a column where the row stands in this slot; for use inside an aggregation."""
    return nw.when(nw.col("slot") == slot).then(nw.col(column)).max().alias(f"{column}_{slot}")


def of_slot(column: str) -> nw.Expr:
    """Pick `<column>_<slot>` of a wide row by the row's own slot."""
    picked = nw.col(f"{column}_{SLOTS[-1]}")
    for slot in SLOTS[:-1]:
        picked = nw.when(nw.col("slot") == slot).then(nw.col(f"{column}_{slot}")).otherwise(picked)
    return picked


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


def wide_slots(slots: Frame, veto: Sequence[str]) -> Frame:
    """Set propositions side by side: proposition_i, weight_i, base_rate_i; weight 0 where there is none.

    `veto_slot_<k>` is the slot of the k-th veto proposition, 0 unless all of them apply.
    """
    columns = ("proposition", "weight", "base_rate")
    vetoes = [f"veto_slot_{k}" for k in range(len(veto))]
    wide = slots.group_by(*GROUP).agg(
        *(in_slot(column, slot) for column in columns for slot in SLOTS),
        *(
            nw.when(nw.col("proposition") == name).then(nw.col("slot")).max().alias(column)
            for name, column in zip(veto, vetoes, strict=True)
        ),
    )
    wide = wide.with_columns(
        *(nw.col(f"{column}_{slot}").fill_null(0.0) for column in columns[1:] for slot in SLOTS),
        *(nw.col(column).fill_null(0) for column in vetoes),
    )
    if not vetoes:
        return wide
    all_apply = nw.min_horizontal(*vetoes) > 0
    return wide.with_columns(
        *(nw.when(all_apply).then(nw.col(column)).otherwise(nw.lit(0)).alias(column) for column in vetoes)
    )
