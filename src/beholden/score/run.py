"""The order of scoring: opinions, archetypes, factors, categories, impact."""

from dataclasses import dataclass

import narwhals as nw

from beholden.score.archetypes import archetypes, distinct
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

    `members(device_id, pattern_id, unit_id)` names for each device the one whose `contributions` and the one whose
    `scores` stand for it: these are the model's tables for such patterns and units alone.
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
    """Score what stands for all devices on every category with a severity; lazy but for what `keep` computes.

    Criticality is in the impact alone, so what is known is weighed once a pattern, and only then set against it.
    """
    impacts = keep(inputs.impacts)
    slots = keep(slot_table(inputs.applies))
    wide = keep(wide_slots(slots, settings.veto))
    mitigated = keep(mitigation_factors(inputs.mitigations))
    devices = _known(inputs.devices, impacts, settings)
    members = keep(_members(devices, inputs.findings, mitigated, keep, by_archetype=by_archetype))

    of_pattern = nw.col("pattern_id") == nw.col("like_id")
    patterns = keep(distinct(members.filter(of_pattern), "pattern_id", "kind"))
    evidence = _of_patterns(inputs.findings, patterns)
    held = keep(opinions(with_half_lives(evidence, inputs.rules), settings))
    computed = keep(factor_rows(keep(grid(patterns, held, slots, wide)), settings))
    has_evidence = nw.col("pattern_id") != BLANK
    factors = Factors(computed.filter(has_evidence), computed.filter(~has_evidence))
    asked = impacts.filter(nw.col("category").is_in(list(settings.severities)))
    rows = patterns.join(asked.rename({"impact": "base_impact"}), on="kind", how="inner")
    categories = keep(
        category_rows(
            rows.with_columns(severity=severity_of(settings)),
            factors,
            _of_patterns(mitigated, patterns),
            settings,
        )
    )
    narrowed = narrowings(factors, categories, settings)
    weighed = keep(categories.join(next_best(narrowed), on=["pattern_id", "category"], how="left"))
    of_unit = members.filter(nw.col("unit_id") == nw.col("device_id"))
    units = of_unit.select("pattern_id", "unit_id", "criticality")
    return Scored(
        scores=with_impact(units.join(weighed, on="pattern_id", how="inner"), settings),
        contributions=contributions(narrowed, slots, settings),
        members=members.select("device_id", "pattern_id", "unit_id"),
    )


def _of_patterns(rows: Frame, patterns: Frame) -> Frame:
    """Give what is said of devices, by device_id, of the patterns alone, by pattern_id."""
    return rows.rename({"device_id": "pattern_id"}).join(
        patterns.select("pattern_id"), on="pattern_id", how="inner"
    )


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
        return devices.with_columns(pattern_id=nw.col("like_id"), unit_id=nw.col("device_id"))
    return devices.join(archetypes(devices, findings, mitigated, keep), on="device_id", how="inner")
