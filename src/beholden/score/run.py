"""The order of scoring: opinions, archetypes, factors, categories, impact."""

from dataclasses import dataclass

import narwhals as nw

from beholden.score.archetypes import archetypes
from beholden.score.categories import category_rows, narrowings, next_best
from beholden.score.contributions import contributions
from beholden.score.factors import BLANK, Factors, factor_rows, grid
from beholden.score.index import severity_of, with_impact
from beholden.score.opinions import mitigation_factors, opinions, with_half_lives
from beholden.score.settings import Frame, Inputs, Keep, ScoreSettings, recompute_each_time
from beholden.score.slots import slot_table, wide_slots


@dataclass(frozen=True)
class Scored:
    """Results of scoring.

    `members(device_id, unit_id)` names the device whose evidence stands for each device; `scores` and
    `contributions` are the model's tables for such units alone.
    """

    scores: Frame
    contributions: Frame
    members: Frame


def score(
    inputs: Inputs,
    settings: ScoreSettings,
    *,
    keep: Keep = recompute_each_time,
    by_archetype: bool = True,
) -> Scored:
    """Score what stands for all devices on every category with a severity; lazy but for what `keep` computes."""
    impacts = keep(inputs.impacts)
    slots = keep(slot_table(inputs.applies))
    wide = keep(wide_slots(slots, settings.veto))
    mitigated = keep(mitigation_factors(inputs.mitigations))
    devices = _known(inputs.devices, impacts, settings)
    members = keep(_members(devices, inputs.findings, mitigated, keep, by_archetype=by_archetype))

    of_unit = nw.col("unit_id") == nw.col("device_id")
    units = keep(members.filter(of_unit).select("unit_id", "like_id", "kind", "criticality"))
    evidence = _of_units(inputs.findings, units)
    held = keep(opinions(with_half_lives(evidence, inputs.rules), settings))
    computed = keep(factor_rows(keep(grid(units.select("unit_id", "kind"), held, slots, wide)), settings))
    has_evidence = nw.col("unit_id") != BLANK
    factors = Factors(computed.filter(has_evidence), computed.filter(~has_evidence))
    asked = impacts.filter(nw.col("category").is_in(list(settings.severities)))
    rows = units.drop("like_id").join(asked.rename({"impact": "base_impact"}), on="kind", how="inner")
    categories = keep(
        category_rows(
            rows.with_columns(severity=severity_of(settings)),
            factors,
            _of_units(mitigated, units),
            settings,
        )
    )
    narrowed = narrowings(factors, categories, settings)
    unit_scores = keep(categories.join(next_best(narrowed), on=["unit_id", "category"], how="left"))
    return Scored(
        scores=with_impact(unit_scores, settings),
        contributions=contributions(narrowed, slots, settings),
        members=members.select("device_id", "unit_id"),
    )


def _of_units(rows: Frame, units: Frame) -> Frame:
    """Give what is said of devices, by device_id, for the units that it stands for, by unit_id."""
    likes = units.select("unit_id", "like_id")
    return rows.rename({"device_id": "like_id"}).join(likes, on="like_id", how="inner").drop("like_id")


def _known(devices: Frame, impacts: Frame, settings: ScoreSettings) -> Frame:
    """Treat a kind that the tables do not know as unknown, and a criticality that nobody stated as the default."""
    kinds = impacts.select("kind").unique().with_columns(is_known=nw.lit(value=True))
    kind = nw.when(nw.col("is_known").fill_null(value=False)).then(nw.col("kind")).otherwise(nw.lit(""))
    criticality = nw.col("criticality").cast(nw.Float64).fill_null(settings.default_criticality)
    like = "like_id" if "like_id" in devices.collect_schema().names() else "device_id"
    return (
        devices.select("device_id", "kind", "criticality", like_id=nw.col(like))
        .join(kinds, on="kind", how="left")
        .select("device_id", "like_id", kind=kind, criticality=criticality)
    )


def _members(devices: Frame, findings: Frame, mitigated: Frame, keep: Keep, *, by_archetype: bool) -> Frame:
    if not by_archetype:
        return devices.with_columns(unit_id=nw.col("device_id"))
    return devices.join(archetypes(devices, findings, mitigated, keep), on="device_id", how="inner")
