"""Factors: at most six opinions become lower bound, point and two upper bounds (risk-model, "factor").

A unit is whatever is scored once: a device, or the representative of all devices with the same evidence.
"""

import narwhals as nw

from beholden.score.combine import noisy_or, weighted_mean
from beholden.score.settings import Frame, ScoreSettings
from beholden.score.slots import GROUP, SLOTS, in_slot, total

KNOWN = ("belief", "disbelief", "seen", "conflicted")
BOUNDS = ("lower", "point", "upper", "full")


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
    grid = grid.with_columns(
        weight_applicable=total([nw.col(f"weight_{s}") for s in SLOTS]),
        weight_seen=total([nw.col(f"weight_{s}") * nw.col(f"seen_{s}") for s in SLOTS]),
        n_conflicts=total([nw.col(f"conflicted_{s}") for s in SLOTS]),
    )
    if not settings.mean_combined:
        return noisy_or(grid, settings.gamma).select(*_kept())
    is_mean = nw.col("category").is_in(list(settings.mean_combined))
    noisy = noisy_or(grid.filter(~is_mean), settings.gamma)
    mean = weighted_mean(grid.filter(is_mean), settings.gamma, len(settings.veto), settings.veto_floor)
    return nw.concat([noisy.select(*_kept()), mean.select(*_kept())], how="vertical")


def _kept() -> list[str]:
    per_slot = ("proposition", "weight", *KNOWN[:2], "expected", "uncertainty", "known_lower", "known_upper")
    whole = (*BOUNDS, "weight_applicable", "weight_seen", "n_conflicts")
    return ["unit_id", *GROUP, *whole, *(f"{column}_{s}" for column in per_slot for s in SLOTS)]
