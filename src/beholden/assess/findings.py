"""The stage `assess`: measures in order, joined with the rules that read them."""

from dataclasses import dataclass

import narwhals as nw
import pyarrow as pa

from beholden.assess import (
    advised,
    advisories,
    beacons,
    channels,
    conditions,
    content,
    destinations,
    exposed,
    identifiers,
    indicators,
    law,
    leaving,
    lists,
    relays,
    scanning,
    structure,
    support,
    tunnels,
    unusual,
)
from beholden.assess.context import Context
from beholden.assess.flaws import device_flaws
from beholden.engine import Frame

MEASURES = (
    law,
    lists,
    channels,
    destinations,
    content,
    structure,
    advised,
    advisories,
    support,
    scanning,
    beacons,
    tunnels,
    relays,
    unusual,
    exposed,
    leaving,
    identifiers,
    indicators,
    conditions,
)
"""Every module that measures signals: what beholden can find, on one screen."""

_MOST_PROOFS = 20
"""Observations kept under one finding; the rest says the same."""


@dataclass(frozen=True)
class Assessed:
    """What the stage gives, as frames of the model's tables."""

    findings: Frame
    finding_evidence: Frame
    device_listings: Frame
    device_flaws: Frame


def assess(context: Context, judgements: pa.Table) -> Assessed:
    """Measure every signal and turn it into findings by the rules; suppressed findings are left out."""
    engine = context.engine
    signals = engine.keep(engine.union([frame for module in MEASURES for frame in module.measure(context)]))
    strongest = engine.keep(_strongest(signals))
    rules = engine.bind(_rules(context))
    applies = engine.bind(context.knowledge.table("applies")).select(
        "kind", "category", "factor", "proposition"
    )
    kinds = context.devices.select("device_id", "kind")
    read = rules.select("signal", "rule_id", "category", "factor", "proposition")
    summed = engine.keep(_summed(strongest))
    held = summed.join(kinds, on="device_id", how="inner").join(read, on="signal", how="inner")
    held = held.join(applies, on=["kind", "category", "factor", "proposition"], how="inner")
    held = engine.keep(_unsuppressed(held.drop("kind", "category", "factor", "proposition"), judgements))
    return Assessed(
        _findings(held, rules),
        _evidence(held, strongest),
        context.device_listings,
        device_flaws(context.judged),
    )


def _finding_id() -> nw.Expr:
    """Name a finding by what it is: the device, which is a content hash, and the rule."""
    return nw.concat_str(nw.col("device_id"), nw.lit(":"), nw.col("rule_id"))


def _strongest(signals: Frame) -> Frame:
    """Keep the rows of the largest strength per device and signal: weaker ones add nothing to it."""
    top = signals.group_by("device_id", "signal").agg(best=nw.col("strength").max())
    return signals.join(top, on=["device_id", "signal"], how="inner").filter(
        nw.col("strength") == nw.col("best")
    )


def _rules(context: Context) -> pa.Table:
    table = context.knowledge.table("rules")
    says = [str(text).partition("{detail}") for text in table["says"].to_pylist()]
    for name, part in (("says_before", 0), ("says_after", 2)):
        table = table.append_column(name, pa.array([text[part] for text in says], pa.string()))
    names = {"strength": "fixed_strength", "fact_id": "rule_fact", "attack": "rule_attack"}
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def _unsuppressed(held: Frame, judgements: pa.Table) -> Frame:
    """Leave out findings that a person suppressed."""
    rows = judgements.to_pylist()
    suppressed = [row["subject"] for row in rows if row["action"] == "suppress"]
    return held.filter(~_finding_id().is_in(suppressed)) if suppressed else held


def _summed(strongest: Frame) -> Frame:
    """Give one row per device and signal; a path stands in it where knowledge alone shows it."""
    of_knowledge = nw.when(nw.col("place").is_null()).then(nw.col("path")).otherwise(nw.lit(""))
    return (
        strongest.with_columns(path=of_knowledge)
        .group_by("device_id", "signal")
        .agg(
            nw.col("strength").max(),
            nw.col("confidence").max(),
            nw.col("observed_at").max(),
            nw.col("detail").min(),
            nw.col("path").max(),
            nw.col("attack").max(),
        )
    )


def _findings(held: Frame, rules: Frame) -> Frame:
    """Give one row per device and rule, with what its rule says of it and the facts it rests on."""
    fixed = (nw.col("strength") > 0) & ~nw.col("fixed_strength").is_null()
    return held.join(rules.drop("signal"), on="rule_id", how="inner").with_columns(
        finding_id=_finding_id(),
        strength=nw.when(fixed).then(nw.col("fixed_strength")).otherwise(nw.col("strength")),
        detail=nw.concat_str(nw.col("says_before"), nw.col("detail"), nw.col("says_after")),
        path=nw.concat_str(nw.col("path"), nw.lit(" "), nw.col("rule_fact")).str.strip_chars(),
        attack=nw.coalesce("attack", "rule_attack"),
    )


def _evidence(held: Frame, strongest: Frame) -> Frame:
    """Give the observations under each finding, at most some of each, with the facts that read them."""
    of = ["device_id", "signal"]
    seen = strongest.filter(~nw.col("place").is_null()).select(*of, "place", "property", "value", "path")
    ranked = seen.unique().with_columns(rank=nw.col("place").rank("dense").over(*of))
    proofs = ranked.filter(nw.col("rank") <= _MOST_PROOFS).drop("rank")
    found = held.select(*of, finding_id=_finding_id())
    return found.join(proofs, on=of, how="inner").drop(*of)
