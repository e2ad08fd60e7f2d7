"""Cards and the modules that they are used in, by IMEI (3GPP TS 23.003)."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.cards.context import CardContext, reason, spell
from beholden.engine import Frame

_TAC_DIGITS = 8
"""Digits of an IMEI that are its type allocation code."""


def measure(context: CardContext) -> Iterator[Frame]:
    """Measure cards in other modules than theirs, modules on several cards, and numbers that are none."""
    bound = context.limits.filter(nw.col("what") == "imei").select("card", "value")
    yield _unbound(context, bound)
    yield _changed(context, bound)
    shared = context.engine.keep(
        context.modules.group_by("value").agg(n_cards=nw.len().cast(nw.Int64)).filter(nw.col("n_cards") > 1)
    )
    together = context.engine.keep(_on_the_same_days(context, shared))
    owners = _owners(context, shared, bound)
    yield _told_together(context, "equipment.shared", together.join(owners, on=["card", "value"], how="anti"))
    yield _told_together(
        context, "equipment.copied", together.join(owners, on=["card", "value"], how="inner")
    )
    yield _of_many(context, shared)
    yield _no_number(context)


def _unbound(context: CardContext, bound: Frame) -> Frame:
    """Give modules that a card was used in after it was first used in one that it is bound to, or that it never was."""
    firsts = bound.group_by("card").agg(bound_to=nw.col("value").min())
    known = context.modules.join(bound, on=["card", "value"], how="inner")
    since = known.group_by("card").agg(since=nw.col("begun").min())
    held = (
        context.modules.join(bound, on=["card", "value"], how="anti")
        .join(firsts, on="card", how="inner")
        .join(since, on="card", how="left")
        .filter(nw.col("since").is_null() | (nw.col("ended") > nw.col("since")))
        .filter(nw.col("n_days") >= context.number("equipment.moved", "min_days"))
    )
    told = nw.concat_str(nw.lit("in "), nw.col("value"), nw.lit(", bound to "), nw.col("bound_to"))
    return spell(held, "equipment.moved", "imei", strength=nw.lit(1.0), detail=told)


def _changed(context: CardContext, bound: Frame) -> Frame:
    """Give modules that a card without binding went into: of another type than its first, or by turns with it."""
    free = context.modules.join(bound.select("card").unique(), on="card", how="anti")
    start = free.group_by("card").agg(begun=nw.col("begun").min())
    first = (
        free.join(start, on=["card", "begun"], how="inner")
        .group_by("card")
        .agg(first=nw.col("value").min(), first_ended=nw.col("ended").max())
    )
    later = free.join(first, on="card", how="inner").filter(nw.col("value") != nw.col("first"))
    is_other = nw.col("value").str.slice(0, _TAC_DIGITS) != nw.col("first").str.slice(0, _TAC_DIGITS)
    is_by_turns = nw.col("first_ended") > nw.col("begun")
    held = later.filter(is_other | is_by_turns).filter(
        nw.col("n_days") >= context.number("equipment.moved", "min_days")
    )
    strength = (
        nw.when(is_other)
        .then(nw.lit(context.number("equipment.moved", "other_type")))
        .otherwise(nw.lit(context.number("equipment.moved", "swinging")))
    )
    told = nw.concat_str(nw.lit("in "), nw.col("value"), nw.lit(", first in "), nw.col("first"))
    return spell(held, "equipment.moved", "imei", strength=strength, detail=told)


def _on_the_same_days(context: CardContext, shared: Frame) -> Frame:
    """Give cards that were used with one IMEI on the same days, in several countries or for many days."""
    name = "equipment.shared"
    few = shared.filter(nw.col("n_cards") <= context.number(name, "most_cards")).rename({"value": "imei"})
    rows = context.engine.keep(
        context.usage.join(few, on="imei", how="inner")
        .group_by("imei", "day", "card")
        .agg(low=nw.col("country").min(), high=nw.col("country").max(), place=nw.col("place").min())
    )
    days = rows.group_by("imei", "day").agg(
        n=nw.len().cast(nw.Int64), low=nw.col("low").min(), high=nw.col("high").max()
    )
    together = days.filter(nw.col("n") > 1).with_columns(
        is_far=(nw.col("low") != nw.col("high")).fill_null(False)
    )
    by_module = together.group_by("imei").agg(
        n_shared=nw.len().cast(nw.Int64),
        n_far=nw.col("is_far").cast(nw.Int64).sum(),
        low=nw.col("low").min(),
        high=nw.col("high").max(),
    )
    least = (
        nw.when(nw.col("n_far") > 0)
        .then(context.number(name, "min_days"))
        .otherwise(context.number(name, "near_days"))
    )
    return (
        rows.select("imei", "day", "card", "place")
        .join(together.select("imei", "day"), on=["imei", "day"], how="inner")
        .group_by("imei", "card")
        .agg(
            begun=nw.col("day").min(),
            ended=nw.col("day").max(),
            n_days=nw.len().cast(nw.Int64),
            place=nw.col("place").min(),
        )
        .join(by_module, on="imei", how="inner")
        .filter(nw.col("n_shared") >= least)
        .rename({"imei": "value"})
    )


def _owners(context: CardContext, shared: Frame, bound: Frame) -> Frame:
    """Give of modules on several cards the one bound to it, else the one used in it first, if one was."""
    listed = bound.join(shared.select("value"), on="value", how="inner")
    free = context.modules.join(shared.select("value"), on="value", how="inner").join(
        listed.select("value").unique(), on="value", how="anti"
    )
    start = free.group_by("value").agg(nw.col("begun").min())
    first = free.join(start, on=["value", "begun"], how="inner").select("card", "value")
    alone = first.group_by("value").agg(n=nw.len().cast(nw.Int64)).filter(nw.col("n") == 1)
    first = first.join(alone.select("value"), on="value", how="inner")
    return context.engine.union([listed.select("card", "value"), first.select("card", "value")])


def _told_together(context: CardContext, signal: str, held: Frame) -> Frame:
    is_far = nw.col("n_far") > 0
    where = nw.when(is_far).then(
        nw.concat_str(nw.lit(", in "), nw.col("low"), nw.lit(" and "), nw.col("high"))
    )
    days = nw.concat_str(
        nw.col("value"), nw.lit(" for "), nw.col("n_shared").cast(nw.String), nw.lit(" days")
    )
    near = context.number("equipment.shared", "near")
    return spell(
        held,
        signal,
        "imei",
        strength=nw.when(is_far).then(nw.lit(1.0)).otherwise(nw.lit(near)),
        detail=nw.concat_str(days, where.otherwise(nw.lit(""))),
    )


def _of_many(context: CardContext, shared: Frame) -> Frame:
    """Give cards whose IMEI many others report."""
    name = "equipment.reused"
    many = shared.filter(nw.col("n_cards") >= context.number(name, "min_cards"))
    held = context.modules.join(many, on="value", how="inner")
    share = nw.col("n_cards").cast(nw.Float64) / context.number(name, "full_cards")
    told = nw.concat_str(nw.col("value"), nw.lit(" on "), nw.col("n_cards").cast(nw.String), nw.lit(" cards"))
    strength = nw.when(share > 1.0).then(nw.lit(1.0)).otherwise(share)
    return spell(held, name, "imei", strength=strength, detail=told)


def _no_number(context: CardContext) -> Frame:
    """Give cards whose module states what is no IMEI."""
    name = "equipment.number"
    held = context.seen("imei_stated").filter(nw.col("n_days") >= context.number(name, "min_days"))
    days = {"first_day": nw.col("begun"), "last_day": nw.col("ended")}
    return reason(
        held, name, **days, strength=nw.lit(context.number(name, "strength")), detail=nw.col("value"),
        property=nw.lit("imei_stated"),
    )  # fmt: skip
