"""Factors: at most six opinions become lower bound, point and two upper bounds (risk-model, "factor").

A pattern is whatever is weighed once: a device, or the representative of all devices of a kind with the same evidence.
"""

from dataclasses import dataclass

import narwhals as nw

from beholden.score.combine import noisy_or, weighted_mean
from beholden.score.settings import Frame, ScoreSettings
from beholden.score.slots import GROUP, SLOTS, in_slot, total

KNOWN = ("belief", "disbelief", "seen", "conflicted")
BLANK = ""
"""The unit of rows without evidence; no device has an empty id."""
BOUNDS = ("lower", "point", "upper", "full")


@dataclass(frozen=True)
class Factors:
    """Factor rows: of units where evidence applies, and of a unit without any, per kind."""

    evidenced: Frame
    blank: Frame


def grid(units: Frame, opinions: Frame, slots: Frame, wide: Frame) -> Frame:
    """Set each unit's opinions side by side: one row per unit, category and factor with evidence that applies.

    `units(pattern_id, kind)`; `opinions` as fused. Below stand, per kind, the rows of a unit without any evidence:
    what nobody looked at is a constant of the kind.
    """
    flag = nw.when(nw.col("is_conflicted")).then(nw.lit(1)).otherwise(nw.lit(0))
    evidence = (
        opinions.join(units, on="pattern_id", how="inner")
        .join(slots.select(*GROUP, "proposition", "slot"), on=[*GROUP, "proposition"], how="inner")
        .with_columns(seen=nw.lit(1), conflicted=flag)
        .group_by("pattern_id", *GROUP)
        .agg(*(in_slot(column, slot) for column in KNOWN for slot in SLOTS))
    )
    blank = wide.with_columns(
        *(nw.lit(0.0).alias(f"{column}_{s}") for column in KNOWN[:2] for s in SLOTS),
        *(nw.lit(0).alias(f"{column}_{s}") for column in KNOWN[2:] for s in SLOTS),
        pattern_id=nw.lit(BLANK),
    )
    evidenced = evidence.join(wide, on=list(GROUP), how="inner").with_columns(
        *(nw.col(f"{column}_{s}").fill_null(0.0) for column in KNOWN[:2] for s in SLOTS),
        *(nw.col(f"{column}_{s}").fill_null(0) for column in KNOWN[2:] for s in SLOTS),
    )
    columns = blank.collect_schema().names()
    return nw.concat([evidenced.select(*columns), blank], how="vertical")


def _expectations(rows: Frame) -> Frame:
    unknown = {s: 1.0 - nw.col(f"belief_{s}") - nw.col(f"disbelief_{s}") for s in SLOTS}
    return rows.with_columns(
        *(
            (nw.col(f"belief_{s}") + nw.col(f"base_rate_{s}") * unknown[s]).alias(f"expected_{s}")
            for s in SLOTS
        ),
        *((1.0 - nw.col(f"disbelief_{s}")).alias(f"plausible_{s}") for s in SLOTS),
        *(unknown[s].alias(f"uncertainty_{s}") for s in SLOTS),
    )


def factor_rows(rows: Frame, settings: ScoreSettings) -> Frame:
    """Add the four bounds, the bounds with each slot known, and the weights applicable and looked at."""
    rows = _expectations(rows).with_columns(
        weight_applicable=total([nw.col(f"weight_{s}") for s in SLOTS]),
        weight_seen=total([nw.col(f"weight_{s}") * nw.col(f"seen_{s}") for s in SLOTS]),
        n_conflicts=total([nw.col(f"conflicted_{s}") for s in SLOTS]),
    )
    rows = rows.drop(*(f"{column}_{s}" for column in ("base_rate", *KNOWN[2:]) for s in SLOTS))
    if not settings.mean_combined:
        return noisy_or(rows, settings.gamma).select(*_kept())
    is_mean = nw.col("category").is_in(list(settings.mean_combined))
    noisy = noisy_or(rows.filter(~is_mean), settings.gamma)
    mean = weighted_mean(rows.filter(is_mean), settings.gamma, len(settings.veto), settings.veto_floor)
    return nw.concat([noisy.select(*_kept()), mean.select(*_kept())], how="vertical")


def _kept() -> list[str]:
    per_slot = ("proposition", "weight", *KNOWN[:2], "expected", "uncertainty", "known_lower", "known_upper")
    whole = (*BOUNDS, "weight_applicable", "weight_seen", "n_conflicts")
    return ["pattern_id", *GROUP, *whole, *(f"{column}_{s}" for column in per_slot for s in SLOTS)]
