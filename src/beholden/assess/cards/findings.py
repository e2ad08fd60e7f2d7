"""Findings about cards: measures in order, joined with the rules of knowledge/cards that read them."""

from dataclasses import dataclass

import narwhals as nw
import pyarrow as pa

from beholden.assess.cards import amounts, modules, places
from beholden.assess.cards.context import CardContext
from beholden.engine import Frame

MEASURES = (modules, places, amounts)
"""Every module that measures cards."""
_MOST_PROOFS = 5
"""Rows of exports kept under one finding."""


@dataclass(frozen=True)
class Assessed:
    """The tables `card_findings` and, with places yet as numbers, `card_evidence`."""

    findings: Frame
    evidence: Frame


def assess_cards(context: CardContext) -> Assessed:
    """Measure cards and turn what was measured into findings."""
    engine = context.engine
    reasons = engine.keep(engine.union([frame for measure in MEASURES for frame in measure.measure(context)]))
    rules = engine.bind(_rules(context))
    top = reasons.group_by("card", "signal").agg(
        nw.col("strength").max(),
        nw.col("first_day").min(),
        nw.col("last_day").max(),
        nw.col("n_days").sum(),
        nw.col("path").max(),
    )
    best = reasons.join(
        top.select("card", "signal", best=nw.col("strength")), on=["card", "signal"], how="inner"
    ).filter(nw.col("strength") == nw.col("best"))
    told = best.group_by("card", "signal").agg(nw.col("detail").min())
    used_in = context.modules.group_by("card").agg(begun=nw.col("begun").min())
    first_used = (
        context.modules.join(used_in, on=["card", "begun"], how="inner")
        .group_by("card")
        .agg(first_imei=nw.col("value").min())
    )
    bound = (
        context.limits.filter(nw.col("what") == "imei").group_by("card").agg(bound_imei=nw.col("value").min())
    )
    about = context.own.select("card", "imsi", "kind", "group")
    held = (
        top.join(told, on=["card", "signal"], how="inner")
        .join(rules, on="signal", how="inner")
        .join(about, on="card", how="left")
        .join(bound, on="card", how="left")
        .join(first_used, on="card", how="left")
    )
    until = nw.when(nw.col("for_days") > 0).then(nw.col("last_day") + nw.col("for_days"))
    findings = held.with_columns(
        finding_id=_finding_id(),
        imei=nw.coalesce("bound_imei", "first_imei"),
        detail=nw.concat_str(nw.col("says_before"), nw.col("detail"), nw.col("says_after")),
        until=until.otherwise(nw.lit(None, dtype=nw.Int64)),
        path=nw.concat_str(nw.col("path"), nw.lit(" "), nw.col("fact_id")).str.strip_chars(),
    )
    return Assessed(engine.keep(findings), _evidence(reasons, rules))


def _finding_id() -> nw.Expr:
    return nw.concat_str(nw.col("card"), nw.lit(":"), nw.col("rule_id"))


def _rules(context: CardContext) -> pa.Table:
    table = context.knowledge.table("card_rules").drop_columns(["parameters"])
    says = [str(text).partition("{detail}") for text in table["says"].to_pylist()]
    for name, part in (("says_before", 0), ("says_after", 2)):
        table = table.append_column(name, pa.array([text[part] for text in says], pa.string()))
    return table


def _evidence(reasons: Frame, rules: Frame) -> Frame:
    """Give the rows under each finding, the first of them, at most some of each."""
    named = reasons.join(rules.select("signal", "rule_id"), on="signal", how="inner")
    ranked = named.with_columns(rank=nw.col("place").rank("dense").over("card", "signal"))
    first = ranked.filter(nw.col("rank") <= _MOST_PROOFS)
    return first.select("place", "property", "value", finding_id=_finding_id(), day=nw.col("first_day"))
