"""Factors: at most six opinions become lower bound, point and two upper bounds (risk-model, "factor").

A unit is whatever is scored once: a device, or the representative of all devices with the same evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import narwhals as nw

from beholden.score.settings import Frame, ScoreSettings
from beholden.score.slots import GROUP, SLOTS, choices, in_slot, product, total

KNOWN = ("belief", "disbelief", "seen", "conflicted")
BOUNDS = ("lower", "point", "upper", "full")


@dataclass(frozen=True)
class Bounds:
    """Four numbers of a factor; `upper` lets at most gamma unknown propositions turn out bad."""

    lower: nw.Expr
    point: nw.Expr
    upper: nw.Expr
    full: nw.Expr


Columns = tuple[list[nw.Expr], list[nw.Expr], list[nw.Expr]]
"""Per slot: belief, expectation b + a*u, plausibility 1 - d."""


def mixtures(low: list[nw.Expr], high: list[nw.Expr], gamma: int) -> list[list[nw.Expr]]:
    """List the terms for every choice of gamma slots that turn out bad."""
    return [[high[s - 1] if s in chosen else low[s - 1] for s in SLOTS] for chosen in choices(gamma)]


def noisy_or(columns: Columns, gamma: int) -> Bounds:
    """Combine as 1 - product(1 - w*x)."""
    low, point, high = ([1.0 - nw.col(f"weight_{s}") * x[s - 1] for s in SLOTS] for x in columns)
    expected = 1.0 - product(point)
    worst = 1.0 - nw.min_horizontal(*(product(terms) for terms in mixtures(low, high, gamma)))
    return Bounds(1.0 - product(low), expected, nw.max_horizontal(worst, expected), 1.0 - product(high))


def weighted_mean(columns: Columns, gamma: int, veto_floor: float) -> Bounds:
    """Combine as sum(w*x) / sum(w), at least veto_floor times the weakest of the veto propositions."""
    weight = total([nw.col(f"weight_{s}") for s in SLOTS])
    low, point, high = ([nw.col(f"weight_{s}") * x[s - 1] for s in SLOTS] for x in columns)

    def mean(terms: list[nw.Expr]) -> nw.Expr:
        return nw.when(weight > 0).then(total(terms) / weight).otherwise(nw.lit(0.0))

    def lifted(value: nw.Expr, held: nw.Expr) -> nw.Expr:
        return nw.max_horizontal(value, held * veto_floor)

    def both(terms: list[nw.Expr]) -> nw.Expr:
        weakest = nw.min_horizontal(
            *(nw.when(nw.col(f"veto_{s}") == 1).then(terms[s - 1]).otherwise(nw.lit(1.0)) for s in SLOTS)
        )
        return nw.when(nw.col("can_veto")).then(weakest).otherwise(nw.lit(0.0))

    expected = lifted(mean(point), both(columns[1]))
    worst = lifted(
        nw.max_horizontal(*(mean(terms) for terms in mixtures(low, high, gamma))),
        nw.max_horizontal(*(both(terms) for terms in mixtures(columns[0], columns[2], gamma))),
    )
    return Bounds(
        lifted(mean(low), both(columns[0])),
        expected,
        nw.max_horizontal(worst, expected),
        lifted(mean(high), both(columns[2])),
    )


def slot_columns(known: int | None = None) -> Columns:
    """Name the slots' columns; with `known`, that slot is taken to be known at its expectation."""
    names = ("belief", "expected", "plausible")
    low, point, high = ([nw.col(f"{name}_{s}") for s in SLOTS] for name in names)
    if known is not None:
        low[known - 1] = high[known - 1] = point[known - 1]
    return low, point, high


def side_by_side(units: Frame, opinions: Frame, slots: Frame, wide: Frame) -> Frame:
    """Join each unit's opinions to the propositions of its kind: one row per unit, category and factor.

    `units(unit_id, kind)`; `opinions` as fused, with unit_id for device_id. Opinions on what
    does not apply to the kind are left out.
    """
    flag = nw.when(nw.col("is_conflicted")).then(nw.lit(1)).otherwise(nw.lit(0))
    evidence = (
        opinions.join(units, on="unit_id", how="inner")
        .join(slots.select(*GROUP, "proposition", "slot"), on=[*GROUP, "proposition"], how="inner")
        .with_columns(seen=nw.lit(1), conflicted=flag)
        .group_by("unit_id", "category", "factor")
        .agg(*(in_slot(column, slot) for column in KNOWN for slot in SLOTS))
    )
    grid = units.join(wide, on="kind", how="inner").join(
        evidence, on=["unit_id", "category", "factor"], how="left"
    )
    grid = grid.with_columns(
        *(nw.col(f"{column}_{s}").fill_null(0.0) for column in ("belief", "disbelief") for s in SLOTS),
        *(nw.col(f"{column}_{s}").fill_null(0) for column in ("seen", "conflicted") for s in SLOTS),
    )
    unknown = {s: 1.0 - nw.col(f"belief_{s}") - nw.col(f"disbelief_{s}") for s in SLOTS}
    return grid.with_columns(
        *(
            (nw.col(f"belief_{s}") + nw.col(f"base_rate_{s}") * unknown[s]).alias(f"expected_{s}")
            for s in SLOTS
        ),
        *((1.0 - nw.col(f"disbelief_{s}")).alias(f"plausible_{s}") for s in SLOTS),
        *(unknown[s].alias(f"uncertainty_{s}") for s in SLOTS),
    )


def factor_rows(grid: Frame, settings: ScoreSettings) -> Frame:
    """Add the four bounds, the bounds with each slot known, and the weights applicable and looked at."""
    n_veto = len(settings.veto)
    can_veto = total([nw.col(f"veto_{s}") for s in SLOTS]) == (n_veto or -1)
    seen = total([nw.col(f"weight_{s}") * nw.col(f"seen_{s}") for s in SLOTS])
    grid = grid.with_columns(
        can_veto=can_veto,
        weight_applicable=total([nw.col(f"weight_{s}") for s in SLOTS]),
        weight_seen=seen,
        n_conflicts=total([nw.col(f"conflicted_{s}") for s in SLOTS]),
    )
    is_mean = nw.col("category").is_in(list(settings.mean_combined))
    noisy = _with_bounds(grid.filter(~is_mean), lambda columns: noisy_or(columns, settings.gamma))
    if not settings.mean_combined:
        return noisy
    mean = _with_bounds(
        grid.filter(is_mean), lambda columns: weighted_mean(columns, settings.gamma, settings.veto_floor)
    )
    return nw.concat([noisy, mean], how="vertical")


def _with_bounds(grid: Frame, combine: Callable[[Columns], Bounds]) -> Frame:
    whole = combine(slot_columns())
    known = {s: combine(slot_columns(s)) for s in SLOTS}
    return grid.with_columns(
        *(getattr(whole, bound).alias(bound) for bound in BOUNDS),
        *(known[s].lower.alias(f"known_lower_{s}") for s in SLOTS),
        *(known[s].upper.alias(f"known_upper_{s}") for s in SLOTS),
    )
