"""Hand the findings to the score stage, and group its results for roll-ups."""

import dataclasses
import json
from datetime import datetime
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context
from beholden.engine import Frame
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile
from beholden.score import Inputs, ScoreSettings, rollup_bins, rollups, score

_ROLE_DIMENSIONS = {"brand": "brand", "maker": "maker", "owner": "owner"}
_LIKE = ("like_id", "criticality")
_NO_MITIGATIONS = pa.schema(
    [
        pa.field("device_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("effect", pa.float64()),
        pa.field("confidence", pa.float64()),
    ]
)


def settings_of(knowledge: Knowledge, profile: Profile, as_of: datetime) -> ScoreSettings:
    """Give the settings of a profile; propositions with a veto are named by their rules."""
    rules = knowledge.rows("rules")
    veto = sorted({str(row["proposition"]) for row in rules if row["veto_floor"] is not None})
    floors = [float(row["veto_floor"]) for row in rules if row["veto_floor"] is not None]
    extra: dict[str, Any] = {"veto": tuple(veto), "veto_floor": max(floors)} if floors else {}
    return ScoreSettings(
        severities=profile.severities,
        as_of=as_of,
        gamma=profile.gamma,
        default_criticality=profile.default_criticality,
        **extra,
    )


def written(settings: ScoreSettings) -> str:
    """Write settings as JSON, so that a scan can be explained by itself."""
    fields = dataclasses.asdict(settings) | {"severities": dict(settings.severities)}
    return json.dumps(fields, default=lambda value: value.isoformat(), sort_keys=True)


def read_settings(text: str) -> ScoreSettings:
    """Read settings from JSON."""
    fields = json.loads(text)
    fields["as_of"] = datetime.fromisoformat(fields["as_of"])
    tuples = {name: tuple(fields[name]) for name in ("mean_combined", "veto")}
    return ScoreSettings(**fields | tuples)


def score_devices(
    context: Context, findings: Frame, members: Frame, settings: ScoreSettings
) -> dict[str, Frame]:
    """Score under every risk what stands for all devices; gives members, scores, contributions and roll-ups.

    members: device_id, like_id, site, country and criticality of every device, or of as many as n_devices says. Devices
    that are alike but for their criticality are scored apart, one of each.
    """
    engine, knowledge = context.engine, context.knowledge
    rules = knowledge.table("rules").select(["rule_id", "half_life_days"])
    rated = members.with_columns(nw.col("criticality").fill_null(settings.default_criticality))
    likes = engine.keep(rated.group_by(*_LIKE).agg(nw.col("device_id").min()))
    kinds = context.devices.select("kind", like_id=nw.col("device_id"))
    inputs = Inputs(
        findings=findings,
        rules=engine.bind(rules),
        applies=engine.bind(knowledge.table("applies")),
        impacts=engine.bind(knowledge.table("impacts").select(["kind", "category", "impact"])),
        devices=likes.join(kinds, on="like_id", how="inner"),
        mitigations=engine.bind(_NO_MITIGATIONS.empty_table()),
    )
    scored = score(inputs, settings, keep=engine.keep)
    scores = engine.keep(scored.scores)
    units = likes.join(scored.members, on="device_id", how="inner").drop("device_id")
    every = engine.keep(rated.join(units, on=list(_LIKE), how="inner"))
    groups = engine.keep(_groups(context, every))
    return {
        "members": every,
        "scores": scores,
        "contributions": scored.contributions,
        "rollups": rollups(scores, groups),
        "rollup_bins": rollup_bins(scores, groups),
    }


def _groups(context: Context, members: Frame) -> Frame:
    """Say for how many devices of each group of a dimension each unit stands; unknown is a group of its own."""
    likes = (
        members.group_by("like_id", "unit_id").agg(nw.col("n_devices").sum()).rename({"like_id": "device_id"})
    )
    alike = context.devices.select("device_id", "kind").join(likes, on="device_id", how="inner")
    each = members.select("device_id", "unit_id", "site", "country", "n_devices")
    parts = [
        _counted(alike.with_columns(group=nw.lit("")), "all"),
        _counted(alike.with_columns(group=nw.col("kind")), "kind"),
        *(_counted(each.with_columns(group=nw.col(name)), name) for name in ("site", "country")),
        *(
            _counted(_by_role(context, alike, role, "name"), dimension)
            for role, dimension in _ROLE_DIMENSIONS.items()
        ),
        _counted(_by_role(context, alike, "owner", "jurisdiction"), "jurisdiction"),
    ]
    return context.engine.union(parts)


def _counted(rows: Frame, dimension: str) -> Frame:
    counts = rows.with_columns(nw.col("group").fill_null("")).group_by("unit_id", "group")
    return counts.agg(nw.col("n_devices").sum()).select(
        "group", "n_devices", device_id=nw.col("unit_id"), dimension=nw.lit(dimension)
    )


def _by_role(context: Context, alike: Frame, role: str, column: str) -> Frame:
    held = (
        context.attributions.filter(nw.col("role") == role)
        .group_by("device_id")
        .agg(group=nw.col(column).min())
    )
    return alike.join(held, on="device_id", how="left")
