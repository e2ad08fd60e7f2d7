"""Opinions: what all evidence on one proposition of one device amounts to (risk-model, "opinion")."""

import narwhals as nw

from beholden.score.ageing import aged_confidence
from beholden.score.settings import Frame, ScoreSettings

KEYS = ("category", "factor", "proposition")
CONFLICT_TOLERANCE = 1e-12
"""Rounding of c*s + c*(1-s) is no conflict."""
_STEPS = float(2**40)


def rounded(value: nw.Expr, steps: float = _STEPS) -> nw.Expr:
    """Round to a binary grid, so that equal evidence gives equal numbers and sums do not depend on order."""
    return (value * steps + 0.5).floor() / steps


def with_half_lives(findings: Frame, rules: Frame) -> Frame:
    """Join the half-life of each finding's rule, unless it stands there already."""
    if "half_life_days" in findings.collect_schema().names():
        return findings
    return findings.join(rules.select("rule_id", "half_life_days"), on="rule_id", how="left")


def opinions(findings: Frame, settings: ScoreSettings) -> Frame:
    """Fuse findings with half-lives to (pattern_id, category, factor, proposition, belief, disbelief, is_conflicted).

    Maxima, not products: copies of one feed must not add up. No row means not looked.
    """
    evidence = findings.with_columns(c=aged_confidence(settings.as_of))
    strength = nw.col("strength").cast(nw.Float64)
    fused = (
        evidence.select(
            "pattern_id", *KEYS, held=nw.col("c") * strength, denied=nw.col("c") * (1.0 - strength)
        )
        .group_by("pattern_id", *KEYS)
        .agg(nw.col("held").max(), nw.col("denied").max())
    )
    room = 1.0 - nw.col("belief")
    denied = rounded(nw.col("denied"))
    return (
        fused.with_columns(
            belief=rounded(nw.col("held")),
            is_conflicted=nw.col("held") + nw.col("denied") > 1.0 + CONFLICT_TOLERANCE,
        )
        .with_columns(disbelief=nw.when(denied < room).then(denied).otherwise(room))
        .select("pattern_id", *KEYS, "belief", "disbelief", "is_conflicted")
    )


def mitigation_factors(mitigations: Frame) -> Frame:
    """Multiply 1 - effect * confidence to (device_id, category, mitigation), as exp of summed logarithms."""
    left = 1.0 - nw.col("effect").cast(nw.Float64) * nw.col("confidence").cast(nw.Float64)
    floored = nw.when(left > 1e-300).then(left).otherwise(nw.lit(1e-300))
    return (
        mitigations.select("device_id", "category", left=left, log_left=rounded(floored.log()))
        .group_by("device_id", "category")
        .agg(least=nw.col("left").min(), total=nw.col("log_left").sum())
        .select(
            "device_id",
            "category",
            mitigation=nw.when(nw.col("least") > 0)
            .then(rounded(nw.col("total").exp()))
            .otherwise(nw.lit(0.0)),
        )
    )
