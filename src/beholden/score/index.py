"""Impact, risk units and the headline index (risk-model, "impact" and "index")."""

import narwhals as nw

from beholden.model.risks import CONTEXT_CATEGORIES
from beholden.model.tables import SCORES
from beholden.score.settings import Frame, ScoreSettings

HIGHEST_SEVERITY = 5.0


def severity_of(settings: ScoreSettings) -> nw.Expr:
    """Give the severity of the row's category in the profile."""
    chosen = nw.lit(0.0)
    for category, severity in settings.severities.items():
        chosen = nw.when(nw.col("category") == category).then(nw.lit(float(severity))).otherwise(chosen)
    return chosen


def with_impact(unit_scores: Frame, settings: ScoreSettings) -> Frame:
    """Add impact and risk units to units' scores with their criticality; gives the model's scores."""
    base = nw.col("base_impact").cast(nw.Float64).fill_null(settings.default_impact)
    rows = unit_scores.with_columns(impact=base * nw.col("criticality"))
    unit = nw.col("severity") / HIGHEST_SEVERITY * nw.col("impact")
    rows = rows.with_columns(
        device_id=nw.col("unit_id"),
        risk=unit * nw.col("likelihood"),
        risk_lower=unit * nw.col("lower"),
        risk_upper=unit * nw.col("upper"),
        is_context=nw.col("category").is_in(list(CONTEXT_CATEGORIES)),
    )
    return rows.select(*SCORES.column_names)


def index_of(scores: Frame) -> Frame:
    """Give (device_id, index, lower, upper, sum_risk): 100 times the largest risk; sum of risk units."""
    return (
        scores.select("device_id", "risk", "risk_lower", "risk_upper")
        .group_by("device_id")
        .agg(
            index=nw.col("risk").max() * 100.0,
            lower=nw.col("risk_lower").max() * 100.0,
            upper=nw.col("risk_upper").max() * 100.0,
            sum_risk=nw.col("risk").sum(),
        )
    )
