"""Roll-ups that merge: counts, sums, maxima, histogram per group and category (risk-model, "Roll-ups")."""

import narwhals as nw

from beholden.model.tables import ROLLUP_BINS, ROLLUPS
from beholden.score.contributions import LEAST_SURVIVAL
from beholden.score.opinions import rounded
from beholden.score.settings import Frame

_GROUP = ("dimension", "group", "category")
_SUMS = ("sum_lower", "sum_likelihood", "sum_upper", "sum_log_survival", "sum_risk", "sum_coverage")
_STEPS = float(2**30)
"""Terms are rounded to 2^-30: sums up to eight million are exact, and every way of merging gives equal bytes."""
_BINS = 100


def rollups(scores: Frame, groups: Frame) -> Frame:
    """Sum scores over `groups(device_id, dimension, group, n_devices)` to the model's rollups.

    n_devices: for how many devices the scores of this one stand in the group.
    """
    survival = nw.max_horizontal(1.0 - nw.col("likelihood"), nw.lit(LEAST_SURVIVAL))
    terms = scores.select(
        "device_id",
        "category",
        "likelihood",
        sum_lower=rounded(nw.col("lower"), _STEPS),
        sum_likelihood=rounded(nw.col("likelihood"), _STEPS),
        sum_upper=rounded(nw.col("upper"), _STEPS),
        sum_log_survival=rounded(survival.log(), _STEPS),
        sum_risk=rounded(nw.col("risk"), _STEPS),
        sum_coverage=rounded(nw.col("coverage"), _STEPS),
    )
    rows = groups.select("device_id", "dimension", "group", "n_devices").join(
        terms, on="device_id", how="inner"
    )
    return (
        rows.with_columns(*(nw.col(name) * nw.col("n_devices") for name in _SUMS))
        .group_by(*_GROUP)
        .agg(
            *(nw.col(name).sum() for name in _SUMS),
            nw.col("n_devices").sum(),
            max_likelihood=nw.col("likelihood").max(),
        )
        .with_columns(nw.col("n_devices").cast(nw.Int64))
        .select(*ROLLUPS.column_names)
    )


def rollup_bins(scores: Frame, groups: Frame) -> Frame:
    """Count devices per group, category and hundredth of likelihood to the model's rollup_bins; groups as above."""
    hundredth = (nw.col("likelihood") * float(_BINS)).floor()
    capped = nw.when(hundredth < _BINS).then(hundredth).otherwise(nw.lit(float(_BINS - 1)))
    rows = groups.select("device_id", "dimension", "group", "n_devices").join(
        scores.select("device_id", "category", bin=capped.cast(nw.Int64)), on="device_id", how="inner"
    )
    return (
        rows.group_by(*_GROUP, "bin")
        .agg(nw.col("n_devices").sum())
        .with_columns(nw.col("n_devices").cast(nw.Int64))
        .select(*ROLLUP_BINS.column_names)
    )


def merge_rollups(left: Frame, right: Frame) -> Frame:
    """Merge the roll-ups of two disjoint sets of devices."""
    both = nw.concat(
        [left.select(*ROLLUPS.column_names), right.select(*ROLLUPS.column_names)], how="vertical"
    )
    return (
        both.group_by(*_GROUP)
        .agg(*(nw.col(name).sum() for name in ("n_devices", *_SUMS)), nw.col("max_likelihood").max())
        .with_columns(nw.col("n_devices").cast(nw.Int64))
        .select(*ROLLUPS.column_names)
    )


def merge_bins(left: Frame, right: Frame) -> Frame:
    """Merge the histograms of two disjoint sets of devices."""
    columns = ROLLUP_BINS.column_names
    both = nw.concat([left.select(*columns), right.select(*columns)], how="vertical")
    return (
        both.group_by(*_GROUP, "bin")
        .agg(nw.col("n_devices").sum())
        .with_columns(nw.col("n_devices").cast(nw.Int64))
        .select(*columns)
    )


def frechet_bounds(rolled: Frame) -> Frame:
    """Add at_least_one_lower and at_least_one_upper: [max p, min(1, sum p)], whatever fails together."""
    total = nw.col("sum_likelihood")
    return rolled.with_columns(
        at_least_one_lower=nw.col("max_likelihood"),
        at_least_one_upper=nw.max_horizontal(
            nw.col("max_likelihood"), nw.when(total < 1.0).then(total).otherwise(nw.lit(1.0))
        ),
    )
