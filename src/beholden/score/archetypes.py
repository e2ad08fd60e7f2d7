"""Archetypes: devices of one kind with the same opinions and mitigations are scored once.

Every distinct opinion gets a number; a device's signature is the count and three sums of residues of its
numbers, so order does not matter and no text is gathered. Signatures may collide, so membership is verified:
an archetype in which some opinion is not held by every member is taken apart into single devices.
"""

import narwhals as nw

from beholden.score.opinions import KEYS
from beholden.score.settings import Frame, Keep

PRIME = 2_147_483_647
"""Mersenne prime below 2^31: products of two residues fit 64 bits."""
_FACTOR = 1_103_515_245
_VALUES = ("belief", "disbelief", "is_conflicted")
_SIGNATURE = ("kind", "n", "first", "second", "third")


def marks(opinions: Frame, mitigations: Frame) -> Frame:
    """List what tells devices apart: opinions, and mitigation factors as if they were opinions."""
    mitigated = mitigations.select(
        "device_id",
        "category",
        factor=nw.lit("M"),
        proposition=nw.lit(""),
        belief=nw.col("mitigation"),
        disbelief=nw.lit(0.0),
        is_conflicted=nw.lit(value=False),
    )
    return nw.concat([opinions.select("device_id", *KEYS, *_VALUES), mitigated], how="vertical")


def coded(rows: Frame, keep: Keep) -> Frame:
    """Replace each mark by its number and three residues of it."""
    columns = (*KEYS, *_VALUES)
    numbers = rows.select(*columns).unique().with_row_index("code", order_by=list(columns))
    numbers = numbers.with_columns(first=((nw.col("code") + 1) * _FACTOR) % PRIME)
    numbers = numbers.with_columns(second=(nw.col("first") * nw.col("first")) % PRIME)
    numbers = keep(numbers.with_columns(third=(nw.col("second") * nw.col("first")) % PRIME))
    return keep(
        rows.join(numbers, on=list(columns), how="inner").select(
            "device_id", "code", "first", "second", "third"
        )
    )


def archetypes(devices: Frame, opinions: Frame, mitigations: Frame, keep: Keep) -> Frame:
    """Give each of `devices(device_id, kind)` the unit that is scored for it: (device_id, kind, unit_id)."""
    numbered = coded(marks(opinions, mitigations), keep)
    sums = numbered.group_by("device_id").agg(
        nw.col("first").sum(), nw.col("second").sum(), nw.col("third").sum(), n=nw.len()
    )
    signed = keep(
        devices.select("device_id", "kind")
        .join(sums, on="device_id", how="left")
        .with_columns(*(nw.col(name).fill_null(0) for name in _SIGNATURE[1:]))
    )
    groups = signed.group_by(*_SIGNATURE).agg(unit_id=nw.col("device_id").min(), size=nw.len())
    members = keep(
        signed.join(groups, on=list(_SIGNATURE), how="inner").select("device_id", "kind", "unit_id", "size")
    )
    collided = (
        numbered.select("device_id", "code")
        .join(members, on="device_id", how="inner")
        .group_by("unit_id", "code")
        .agg(holders=nw.len(), size=nw.col("size").max())
        .filter(nw.col("holders") != nw.col("size"))
        .select("unit_id")
        .unique()
        .with_columns(is_collision=nw.lit(value=True))
    )
    own = nw.when(nw.col("is_collision").fill_null(value=False)).then(nw.col("device_id"))
    return members.join(collided, on="unit_id", how="left").select(
        "device_id", "kind", unit_id=own.otherwise(nw.col("unit_id"))
    )
