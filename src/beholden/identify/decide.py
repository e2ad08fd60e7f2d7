"""Weigh the claims about each device and choose one value per field, or none.

Claims of independent channels add up by noisy-or; claims of one channel count once.
A value is chosen where it passes the threshold and no other maker's value comes near.
"""

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.engine import Engine, Frame

_KEYS = ["device_id", "field"]
_ALMOST_ONE = 0.999999


def decide(
    engine: Engine, claims: Frame, groups: pa.Table, general: Frame, settings: Mapping[str, Any]
) -> Frame:
    """Give `claims` with is_chosen.

    claims: device_id, property, value, field, found, confidence and what they rest on.
    groups: company, root (the maker a brand belongs to; spellings of one maker do not contradict each other).
    general: device_id of general-purpose devices, whose questions to the DNS say nothing of them.
    """
    channelled = claims.with_columns(channel=_channel(settings["channels"]))
    silent = general.with_columns(is_general=nw.lit(value=True))
    heard = channelled.join(silent, on="device_id", how="left").with_columns(
        is_heard=~((nw.col("channel") == "asked") & ~nw.col("is_general").is_null())
    )
    heard = engine.keep(heard)
    scored = _scores(heard.filter(nw.col("is_heard")))
    rooted = _rooted(engine, scored, groups)
    winners = _winners(
        engine.keep(rooted), float(settings["decide"]["threshold"]), float(settings["decide"]["margin"])
    )
    chosen = winners.with_columns(is_winner=nw.lit(value=True))
    marked = heard.join(chosen, on=[*_KEYS, "found"], how="left")
    return marked.with_columns(is_chosen=~nw.col("is_winner").is_null() & nw.col("is_heard")).drop(
        "is_winner", "is_heard", "is_general", "channel"
    )


def _channel(channels: Mapping[str, list[str]]) -> nw.Expr:
    """Name the channel of a property: a declared one, else the part before its first dot."""
    chosen = nw.col("property")
    for name, properties in channels.items():
        chosen = nw.when(nw.col("property").is_in(properties)).then(nw.lit(name)).otherwise(chosen)
    return chosen.str.replace_all(r"\..*$", "")


def _scores(claims: Frame) -> Frame:
    best = claims.group_by([*_KEYS, "found", "channel"]).agg(nw.col("confidence").max())
    capped = (
        nw.when(nw.col("confidence") > _ALMOST_ONE).then(nw.lit(_ALMOST_ONE)).otherwise(nw.col("confidence"))
    )
    survival = best.with_columns(log_doubt=(1.0 - capped).log())
    return survival.group_by([*_KEYS, "found"]).agg(nw.col("log_doubt").sum())


def _rooted(engine: Engine, scored: Frame, groups: pa.Table) -> Frame:
    roots = engine.bind(groups.select(["company", "root"])).rename({"company": "found"})
    return scored.join(roots, on="found", how="left").with_columns(root=nw.coalesce("root", "found"))


def _winners(scored: Frame, threshold: float, margin: float) -> Frame:
    """Choose the value of the strongest root, where it passes the threshold and the margin."""
    roots = scored.group_by([*_KEYS, "root"]).agg(nw.col("log_doubt").sum())
    belief = roots.with_columns(belief=1.0 - nw.col("log_doubt").exp())
    top = belief.group_by(_KEYS).agg(best=nw.col("belief").max())
    ranked = belief.join(top, on=_KEYS, how="inner")
    near = (
        ranked.filter(nw.col("belief") > nw.col("best") - margin)
        .group_by(_KEYS)
        .agg(n_near=nw.len(), root=nw.col("root").min())
    )
    clear = near.filter(nw.col("n_near") == 1).join(
        top.filter(nw.col("best") >= threshold), on=_KEYS, how="inner"
    )
    within = scored.join(clear.select(*_KEYS, "root"), on=[*_KEYS, "root"], how="inner")
    strongest = within.group_by(_KEYS).agg(nw.col("log_doubt").min())
    values = within.join(strongest, on=[*_KEYS, "log_doubt"], how="inner")
    return values.group_by(_KEYS).agg(nw.col("found").min())


def general_purpose(
    engine: Engine, claims: Frame, routers: Frame, groups: pa.Table, settings: Mapping[str, Any]
) -> Frame:
    """Give the devices (device_id) on which apps of many makers run, or which forward others' questions.

    routers: device_id of devices that stand in front of others.
    """
    stated = settings["general_purpose"]
    asked = nw.col("property").is_in(settings["channels"]["asked"])
    by_kind = claims.filter(nw.col("field") == "kind", nw.col("found").is_in(stated["kinds"]), ~asked)
    roots = engine.bind(groups.select(["company", "root"])).rename({"company": "found"})
    makers = (
        claims.filter(nw.col("field") == "brand", asked)
        .join(roots, on="found", how="inner")
        .select("device_id", "root")
        .unique()
        .group_by("device_id")
        .agg(n=nw.len())
        .filter(nw.col("n") >= int(stated["n_makers"]))
    )
    every = nw.concat([by_kind.select("device_id"), makers.select("device_id"), routers.select("device_id")])
    return engine.keep(every.unique())
