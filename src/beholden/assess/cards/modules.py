"""Cards and the modules that they are used in, by IMEI (3GPP TS 23.003)."""

import math
from collections.abc import Iterator

import narwhals as nw

from beholden.assess.cards.context import CardContext, reason, spell
from beholden.engine import Frame

_TAC_DIGITS = 8
"""Digits of an IMEI that are its type allocation code."""


def measure(context: CardContext) -> Iterator[Frame]:
    """Measure cards in other modules than theirs, modules on several cards, and numbers that are none."""
    bound = context.limits.filter(nw.col("what") == "imei").select("card", "value")
    yield from _changed(context, bound)
    shared = context.engine.keep(
        context.modules.group_by("value").agg(n_cards=nw.len().cast(nw.Int64)).filter(nw.col("n_cards") > 1)
    )
    together = context.engine.keep(_together(context, shared))
    owners = _owners(context, shared, bound)
    yield _told_together(context, "equipment.shared", together.join(owners, on=["card", "value"], how="anti"))
    yield _told_together(
        context, "equipment.copied", together.join(owners, on=["card", "value"], how="inner")
    )
    yield _of_many(context, shared)
    yield _no_number(context)


def _changed(context: CardContext, bound: Frame) -> Iterator[Frame]:
    """Give modules that cards are not bound to, or went into: taken out of theirs, or a module that was replaced.

    A module was replaced where the card did not come back and carries no more than before; without a binding, one of
    the same type tells nothing.
    """
    name = "equipment.moved"
    others = context.engine.keep(_others(context, bound))
    levels = _levels(context, others)
    is_back = (nw.col("own_begun") < nw.col("begun")) & (nw.col("own_ended") > nw.col("begun"))
    is_heavier = nw.col("level") - nw.col("own_level") >= math.log2(context.number(name, "times"))
    is_other = nw.col("value").str.slice(0, _TAC_DIGITS) != nw.col("own").str.slice(0, _TAC_DIGITS)
    never_own = nw.col("own_begun").is_null()
    told = others.join(levels, on=["card", "value"], how="left").with_columns(
        is_other=is_other,
        is_moved=is_back | is_heavier.fill_null(False) | (never_own & is_other),
    )
    told = context.engine.keep(told)
    where = nw.when(nw.col("is_bound")).then(nw.lit(", bound to ")).otherwise(nw.lit(", first in "))
    detail = nw.concat_str(nw.lit("in "), nw.col("value"), where, nw.col("own"))
    free = nw.lit(context.number(name, "unbound"))
    strength = nw.when(nw.col("is_bound")).then(nw.lit(1.0)).otherwise(free)
    yield spell(told.filter(nw.col("is_moved")), name, "imei", strength=strength, detail=detail)
    replaced = told.filter(~nw.col("is_moved"), nw.col("is_bound") | nw.col("is_other"))
    strength = nw.lit(context.number("equipment.replaced", "strength"))
    yield spell(replaced, "equipment.replaced", "imei", strength=strength, detail=detail)


def _others(context: CardContext, bound: Frame) -> Frame:
    """Give modules that a card was used in besides its own, with when it was in its own: bound to, else first used in.

    What it was only used in before its own was replaced since, as the list says.
    """
    listed = bound.group_by("card").agg(own=nw.col("value").min()).with_columns(is_bound=nw.lit(value=True))
    free = context.modules.join(listed.select("card"), on="card", how="anti")
    start = free.group_by("card").agg(nw.col("begun").min())
    first = (
        free.join(start, on=["card", "begun"], how="inner").group_by("card").agg(own=nw.col("value").min())
    )
    own = context.engine.union([listed, first.with_columns(is_bound=nw.lit(value=False))])
    allowed = context.engine.union([bound, first.select("card", value=nw.col("own"))])
    in_own = context.modules.join(allowed, on=["card", "value"], how="inner").group_by("card")
    spans = in_own.agg(own_begun=nw.col("begun").min(), own_ended=nw.col("ended").max())
    others = context.modules.join(allowed, on=["card", "value"], how="anti").join(own, on="card", how="inner")
    others = others.filter(nw.col("n_days") >= context.number("equipment.moved", "min_days"))
    return others.join(spans, on="card", how="left").filter(
        nw.col("own_begun").is_null() | (nw.col("ended") > nw.col("own_begun"))
    )


def _levels(context: CardContext, others: Frame) -> Frame:
    """Give how much cards carried in other modules than theirs, and in theirs: medians of days, by logarithms."""
    cards = others.select("card").unique()
    days = context.usage.select("card", "day", "imei").join(cards, on="card", how="inner")
    days = days.join(context.daily.select("card", "day", "scale"), on=["card", "day"], how="inner")
    levels = days.group_by("card", "imei").agg(level=nw.col("scale").median())
    levels = context.engine.keep(levels.filter(~nw.col("imei").is_null()).rename({"imei": "value"}))
    elsewhere = levels.join(others.select("card", "value"), on=["card", "value"], how="inner")
    own = levels.join(others.select("card", "value"), on=["card", "value"], how="anti")
    own = own.group_by("card").agg(own_level=nw.col("level").max())
    return elsewhere.join(own, on="card", how="left")


def _together(context: CardContext, shared: Frame) -> Frame:
    """Give cards that were used with one IMEI while another was: in several countries, from elsewhere, or for days.

    That of an exchanged card ends where its successor's begins; a second profile of a module was never in another.
    """
    name = "equipment.shared"
    few = shared.filter(nw.col("n_cards") <= context.number(name, "most_cards")).select("value")
    cards = context.engine.keep(context.modules.join(few, on="value", how="inner"))
    homes = context.modules.join(cards.select("card").unique(), on="card", how="inner")
    n_modules = homes.group_by("card").agg(n_modules=nw.len().cast(nw.Int64))
    cards = cards.join(n_modules, on="card", how="inner")
    span = ["card", "value", "begun", "ended", "n_modules"]
    pairs = cards.join(cards.select(span), on="value", how="inner", suffix="_of_other")
    pairs = pairs.filter(
        nw.col("card") != nw.col("card_of_other"),
        nw.col("ended_of_other") > nw.col("begun"),
        nw.col("begun_of_other") < nw.col("ended"),
    )
    over = pairs.group_by("card", "value").agg(
        nw.col("begun").min(),
        nw.col("ended").max(),
        nw.col("n_days").max(),
        nw.col("place").min(),
        n_modules=nw.max_horizontal("n_modules", "n_modules_of_other").max(),
    )
    same = _on_the_same_days(context, few)
    held = over.join(same, on="value", how="left").with_columns(
        n_shared=nw.col("n_shared").fill_null(0), n_far=nw.col("n_far").fill_null(0)
    )
    is_long = nw.col("n_shared") >= context.number(name, "near_days")
    return held.filter((nw.col("n_far") > 0) | (nw.col("n_modules") > 1) | is_long)


def _on_the_same_days(context: CardContext, few: Frame) -> Frame:
    """Count for IMEIs the days on which several cards used them, and those in several countries: which."""
    rows = (
        context.usage.join(few.rename({"value": "imei"}), on="imei", how="inner")
        .group_by("imei", "day", "card")
        .agg(low=nw.col("country").min(), high=nw.col("country").max())
    )
    days = rows.group_by("imei", "day").agg(
        n=nw.len().cast(nw.Int64), low=nw.col("low").min(), high=nw.col("high").max()
    )
    is_far = (nw.col("low") != nw.col("high")).fill_null(False)
    together = days.filter(nw.col("n") > 1).with_columns(is_far=is_far.cast(nw.Int64))
    return (
        together.group_by("imei")
        .agg(
            n_shared=nw.len().cast(nw.Int64),
            n_far=nw.col("is_far").sum(),
            low=nw.col("low").min(),
            high=nw.col("high").max(),
        )
        .rename({"imei": "value"})
    )


def _owners(context: CardContext, shared: Frame, bound: Frame) -> Frame:
    """Give of modules on several cards the one bound to it, else the one that came from no other, else the first."""
    listed = bound.join(shared.select("value"), on="value", how="inner").select("card", "value")
    begun = context.modules.group_by("card").agg(first_day=nw.col("begun").min())
    free = (
        context.modules.join(shared.select("value"), on="value", how="inner")
        .join(listed.select("value").unique(), on="value", how="anti")
        .join(begun, on="card", how="inner")
    )
    native = free.filter(nw.col("begun") == nw.col("first_day"))
    start = native.group_by("value").agg(nw.col("begun").min())
    first = native.join(start, on=["value", "begun"], how="inner").select("card", "value")
    alone = first.group_by("value").agg(n=nw.len().cast(nw.Int64)).filter(nw.col("n") == 1)
    return context.engine.union([listed, first.join(alone.select("value"), on="value", how="inner")])


def _told_together(context: CardContext, signal: str, held: Frame) -> Frame:
    is_far = nw.col("n_far") > 0
    where = nw.when(is_far).then(
        nw.concat_str(nw.lit(", in "), nw.col("low"), nw.lit(" and "), nw.col("high"))
    )
    days = nw.concat_str(nw.lit(" for "), nw.col("n_shared").cast(nw.String), nw.lit(" days"))
    days = nw.when(nw.col("n_shared") > 0).then(days).otherwise(nw.lit(" by turns"))
    near = context.number("equipment.shared", "near")
    return spell(
        held,
        signal,
        "imei",
        strength=nw.when(is_far).then(nw.lit(1.0)).otherwise(nw.lit(near)),
        detail=nw.concat_str(nw.col("value"), days, where.otherwise(nw.lit(""))),
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
