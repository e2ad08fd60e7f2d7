"""Hand the findings to the score stage, and group its results for roll-ups."""

import dataclasses
import json
from datetime import datetime
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context
from beholden.engine import Frame
from beholden.score import Inputs, ScoreSettings, rollup_bins, rollups, score

_ROLE_DIMENSIONS = {"brand": "brand", "maker": "maker", "owner": "owner"}
_NO_MITIGATIONS = pa.schema(
    [
        pa.field("device_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("effect", pa.float64()),
        pa.field("confidence", pa.float64()),
    ]
)


def settings_of(context: Context, as_of: datetime) -> ScoreSettings:
    """Give the settings of a profile; propositions with a veto are named by their rules."""
    rules = context.knowledge.rows("rules")
    veto = sorted({str(row["proposition"]) for row in rules if row["veto_floor"] is not None})
    floors = [float(row["veto_floor"]) for row in rules if row["veto_floor"] is not None]
    extra: dict[str, Any] = {"veto": tuple(veto), "veto_floor": max(floors)} if floors else {}
    return ScoreSettings(
        severities=context.profile.severities,
        as_of=as_of,
        gamma=context.profile.gamma,
        default_criticality=context.profile.default_criticality,
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


def score_devices(context: Context, findings: Frame, settings: ScoreSettings) -> dict[str, Frame]:
    """Score every device under every risk; gives scores, contributions, rollups and rollup_bins."""
    engine, knowledge = context.engine, context.knowledge
    rules = knowledge.table("rules").select(["rule_id", "half_life_days"])
    inputs = Inputs(
        findings=findings,
        rules=engine.bind(rules),
        applies=engine.bind(knowledge.table("applies")),
        impacts=engine.bind(knowledge.table("impacts").select(["kind", "category", "impact"])),
        devices=context.devices.select("device_id", "kind", "criticality"),
        mitigations=engine.bind(_NO_MITIGATIONS.empty_table()),
    )
    scored = score(inputs, settings, keep=engine.keep)
    scores = engine.keep(scored.scores)
    groups = engine.keep(_groups(context))
    return {
        "scores": scores,
        "contributions": scored.contributions,
        "rollups": rollups(scores, groups),
        "rollup_bins": rollup_bins(scores, groups),
    }


def _groups(context: Context) -> Frame:
    """Say for every device to which group of each dimension it belongs; unknown is a group of its own."""
    devices = context.devices.select("device_id", "site", "country", "kind")
    parts = [devices.select("device_id", dimension=nw.lit("all"), group=nw.lit(""))]
    for name in ("site", "country", "kind"):
        group = nw.col(name).fill_null("")
        parts.append(devices.select("device_id", dimension=nw.lit(name), group=group))
    for role, dimension in _ROLE_DIMENSIONS.items():
        parts.append(_by_role(context, role, "name", dimension))
    parts.append(_by_role(context, "owner", "jurisdiction", "jurisdiction"))
    return nw.concat(parts)


def _by_role(context: Context, role: str, column: str, dimension: str) -> Frame:
    held = (
        context.attributions.filter(nw.col("role") == role)
        .group_by("device_id")
        .agg(group=nw.col(column).min())
    )
    joined = context.devices.select("device_id").join(held, on="device_id", how="left")
    return joined.select("device_id", dimension=nw.lit(dimension), group=nw.col("group").fill_null(""))
