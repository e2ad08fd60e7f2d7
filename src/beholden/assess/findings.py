"""The stage `assess`: measures in order, joined with the rules that read them."""

from dataclasses import dataclass

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.assess import advisories, channels, content, destinations, law, lists, structure
from beholden.assess.context import SIGNAL_COLUMNS, Context
from beholden.engine.duck import Frame
from beholden.model.ids import content_id

MEASURES = (law, lists, channels, destinations, content, structure, advisories)
"""Every module that measures signals: what beholden can find, on one screen."""

_MOST_PROOFS = 20
"""Observations kept under one finding; the rest says the same."""


@dataclass(frozen=True)
class Assessed:
    """What the stage gives, as frames of the model's tables."""

    findings: Frame
    finding_evidence: Frame
    device_listings: Frame


def assess(context: Context, judgements: pa.Table) -> Assessed:
    """Measure every signal and turn it into findings by the rules; suppressed findings are left out."""
    engine = context.engine
    signals = engine.keep(
        nw.concat([frame for module in MEASURES for frame in module.measure(context)]).select(SIGNAL_COLUMNS)
    )
    strongest = engine.keep(_strongest(signals))
    rules = engine.bind(_rules(context))
    applies = engine.bind(context.knowledge.table("applies")).select(
        "kind", "category", "factor", "proposition"
    )
    kinds = context.devices.select("device_id", "kind")
    held = strongest.join(rules, on="signal", how="inner").join(kinds, on="device_id", how="inner")
    held = engine.keep(held.join(applies, on=["kind", "category", "factor", "proposition"], how="inner"))
    identified = _identified(context, held, judgements)
    numbered = held.join(identified, on=["device_id", "rule_id"], how="inner")
    return Assessed(
        engine.keep(_findings(numbered)),
        engine.keep(_evidence(context, numbered)),
        engine.keep(lists.device_listings(context)),
    )


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
    names = {"strength": "fixed_strength", "fact_id": "rule_fact"}
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def _identified(context: Context, held: Frame, judgements: pa.Table) -> Frame:
    """Give each finding its content id; leave out those that a person suppressed."""
    pairs = context.engine.collect(held.select("device_id", "rule_id").unique())
    ids = [
        content_id("finding", device, rule)
        for device, rule in zip(pairs["device_id"].to_pylist(), pairs["rule_id"].to_pylist(), strict=True)
    ]
    numbered = pairs.append_column("finding_id", pa.array(ids, pa.string()))
    mask = pc.equal(judgements["action"], "suppress") if judgements.num_rows else None
    suppressed = judgements.filter(mask)["subject"] if mask is not None else pa.array([], pa.string())
    kept = numbered.filter(
        pc.invert(pc.is_in(numbered["finding_id"], pa.array(suppressed.to_pylist(), pa.string())))
    )
    return context.engine.bind(kept)


def _findings(numbered: Frame) -> Frame:
    keys = [
        "finding_id", "device_id", "rule_id", "title", "category", "factor", "proposition", "weight", "attack",
    ]  # fmt: skip
    stated = numbered.with_columns(
        strength=nw.when((nw.col("strength") > 0) & ~nw.col("fixed_strength").is_null())
        .then(nw.col("fixed_strength"))
        .otherwise(nw.col("strength")),
        detail=nw.concat_str(nw.col("says_before"), nw.col("detail"), nw.col("says_after")),
    )
    return stated.group_by(keys).agg(
        nw.col("strength").max(),
        nw.col("confidence").max(),
        nw.col("observed_at").max(),
        nw.col("detail").min(),
    )


def _evidence(context: Context, numbered: Frame) -> Frame:
    """Give observations and facts under each finding, at most some of each."""
    engine = context.engine
    seen = (
        numbered.filter(~nw.col("place").is_null())
        .select("finding_id", "place", "property", "value")
        .unique()
    )
    ranked = seen.with_columns(rank=nw.col("place").rank("dense").over("finding_id"))
    observed = ranked.filter(nw.col("rank") <= _MOST_PROOFS).drop("rank")
    observed = observed.with_columns(fact_id=nw.lit(None, dtype=nw.String))
    paths = engine.collect(numbered.select("finding_id", "path", "rule_fact").unique())
    joined = pc.binary_join_element_wise(paths["path"], paths["rule_fact"], " ")
    split = pc.split_pattern_regex(joined, " +")
    facts = pa.table(
        {
            "finding_id": paths["finding_id"].take(pc.list_parent_indices(split)),
            "fact_id": pc.list_flatten(split),
        }
    )
    facts = facts.filter(pc.not_equal(facts["fact_id"], "")).group_by(["finding_id", "fact_id"]).aggregate([])
    known = engine.bind(facts).with_columns(
        place=nw.lit(None, dtype=nw.Int64),
        property=nw.lit(None, dtype=nw.String),
        value=nw.lit(None, dtype=nw.String),
    )
    columns = ["finding_id", "place", "property", "value", "fact_id"]
    return nw.concat([observed.select(columns), known.select(columns)])
