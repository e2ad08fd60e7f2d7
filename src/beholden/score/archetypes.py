"""Archetypes: devices of one kind with the same evidence and mitigations are weighed once, and scored once a criticality.

Every distinct piece of evidence gets a number; a device's signature is the count and three sums of residues of its
numbers, so order does not matter and no text is gathered. Signatures may collide, so membership is verified: an
archetype in which some evidence is not held by every member is taken apart into single devices.
"""

import narwhals as nw

from beholden.score.opinions import KEYS
from beholden.score.settings import Frame, Keep

PRIME = 2_147_483_647
"""Mersenne prime below 2^31: products of two residues fit 64 bits, sums of four million are exact floats."""
_FACTOR = 1_103_515_245
_SIGNATURE = ("kind", "n", "first", "second", "third")
_SUMS = ("first", "second", "third")
_NONE = -1.0
"""Stands for a missing half-life, since joins do not find nulls."""


def evidence_codes(findings: Frame, keep: Keep) -> Frame:
    """Give (device_id, code) of findings; equal numbers mean equal opinions.

    The half-life stands in the finding, or follows from its rule.
    """
    columns: tuple[str, ...] = (*KEYS, "strength", "confidence", "rule_id")
    rows = findings
    if "half_life_days" in findings.collect_schema().names():
        columns = (*columns[:-1], "half_life_days")
        rows = findings.with_columns(nw.col("half_life_days").cast(nw.Float64).fill_null(_NONE))
    has_date = ~nw.col("observed_at").is_null()
    dated = _coded(rows.filter(has_date), (*columns, "observed_at"), 0, keep)
    return nw.concat([dated, _coded(rows.filter(~has_date), columns, 1, keep)], how="vertical")


def _coded(rows: Frame, columns: tuple[str, ...], remainder: int, keep: Keep) -> Frame:
    """Give (device_id, code), where distinct values of the columns are numbered 0, 3, 6, … plus a remainder."""
    numbers = distinct(rows, *columns).with_row_index("code", order_by=list(columns))
    numbers = keep(numbers.with_columns(code=nw.col("code").cast(nw.Int64) * 3 + remainder))
    return rows.join(numbers, on=list(columns), how="inner").select("device_id", "code")


def archetypes(devices: Frame, findings: Frame, mitigations: Frame, keep: Keep) -> Frame:
    """Give each of `devices(device_id, like_id, kind, criticality)` what stands for it: (device_id, pattern_id, unit_id).

    `findings` and `mitigations(device_id, category, mitigation)`, which count as evidence here, stand under the
    like_id. The pattern is the first like_id of those with the same evidence and kind; the unit is the first device of
    those with the same pattern and criticality.
    """
    mitigated = _coded(mitigations, ("category", "mitigation"), 2, keep)
    every = nw.concat([evidence_codes(findings, keep), mitigated], how="vertical")
    held = keep(distinct(every, "device_id", "code"))
    likes = distinct(devices.select("kind", device_id=nw.col("like_id")), "device_id", "kind")
    signed = keep(_by_signature(likes, held, keep))
    collided = (
        held.join(signed.select("device_id", "number", "size"), on="device_id", how="inner")
        .group_by("number", "code")
        .agg(holders=nw.len(), size=nw.col("size").max())
        .filter(nw.col("holders") != nw.col("size"))
    )
    collided = distinct(collided, "number").with_columns(is_collision=nw.lit(value=True))
    own = nw.when(nw.col("is_collision").fill_null(value=False)).then(nw.col("device_id"))
    patterns = signed.join(collided, on="number", how="left").select(
        like_id=nw.col("device_id"), pattern_id=own.otherwise(nw.col("pattern"))
    )
    rated = keep(
        devices.select("device_id", "like_id", "criticality").join(patterns, on="like_id", how="inner")
    )
    units = rated.group_by("pattern_id", "criticality").agg(unit_id=nw.col("device_id").min())
    joined = rated.join(units, on=["pattern_id", "criticality"], how="inner")
    return joined.select("device_id", "pattern_id", "unit_id")


def _by_signature(likes: Frame, held: Frame, keep: Keep) -> Frame:
    """Give (device_id, pattern, number, size): the first of those of the signature, its number, how many share it."""
    mixed = held.with_columns(first=((nw.col("code") + 1) * _FACTOR) % PRIME)
    mixed = mixed.with_columns(second=(nw.col("first") * nw.col("first")) % PRIME)
    mixed = mixed.with_columns(third=(nw.col("second") * nw.col("first")) % PRIME)
    mixed = mixed.with_columns(*(nw.col(name).cast(nw.Float64) for name in _SUMS))
    sums = mixed.group_by("device_id").agg(*(nw.col(name).sum() for name in _SUMS), n=nw.len())
    signed = keep(
        likes.join(sums, on="device_id", how="left").with_columns(
            nw.col("n").fill_null(0), *(nw.col(name).fill_null(0.0) for name in _SUMS)
        )
    )
    groups = signed.group_by(*_SIGNATURE).agg(pattern=nw.col("device_id").min(), size=nw.len())
    groups = groups.with_row_index("number", order_by=["pattern"])
    joined = signed.join(groups, on=list(_SIGNATURE), how="inner")
    return joined.select("device_id", "pattern", "number", "size")


def distinct(rows: Frame, *columns: str) -> Frame:
    """Give the distinct values by grouping; engines do `unique` by a window over every row."""
    return rows.group_by(*columns).agg(copies=nw.len()).select(*columns)
