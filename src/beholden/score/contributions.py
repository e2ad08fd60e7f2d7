"""Contributions: the share of each proposition in its factor, and what knowing it would narrow."""

import narwhals as nw

from beholden.model.tables import CONTRIBUTIONS
from beholden.score.settings import Frame, ScoreSettings
from beholden.score.slots import GROUP, SLOTS, of_slot, total

LEAST_SURVIVAL = 1e-12
"""Floor of 1 - w*x under the logarithm, so that certainty keeps a finite share."""
_PICKED = ("belief", "disbelief", "uncertainty", "share", "narrowing")


def with_shares(narrowed: Frame, settings: ScoreSettings) -> Frame:
    """Add share_i: -ln(1 - w*x) over its sum in the factor; plain w*x in averaged categories."""
    is_mean = nw.col("category").is_in(list(settings.mean_combined)) if settings.mean_combined else None
    terms = []
    for s in SLOTS:
        held = nw.col(f"weight_{s}") * nw.col(f"expected_{s}")
        term = nw.max_horizontal(1.0 - held, nw.lit(LEAST_SURVIVAL)).log() * -1.0
        terms.append(
            (term if is_mean is None else nw.when(is_mean).then(held).otherwise(term)).alias(f"term_{s}")
        )
    rows = narrowed.with_columns(*terms).with_columns(whole=total([nw.col(f"term_{s}") for s in SLOTS]))
    whole = nw.col("whole")
    return rows.with_columns(
        *(
            nw.when(whole > 0).then(nw.col(f"term_{s}") / whole).otherwise(nw.lit(0.0)).alias(f"share_{s}")
            for s in SLOTS
        )
    )


def contributions(narrowed: Frame, slots: Frame, settings: ScoreSettings) -> Frame:
    """Give the model's contributions per unit and proposition."""
    wide = with_shares(narrowed, settings).select(
        "pattern_id", *GROUP, *(f"{column}_{s}" for column in _PICKED for s in SLOTS)
    )
    long = wide.join(slots, on=list(GROUP), how="inner").with_columns(
        *(of_slot(column).alias(column) for column in _PICKED)
    )
    return long.rename({"pattern_id": "device_id"}).select(*CONTRIBUTIONS.column_names)
