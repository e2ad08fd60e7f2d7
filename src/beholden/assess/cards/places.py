"""Where cards are used, what they come out by, and under whose law they come home."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.cards.context import CardContext, reason, spell
from beholden.engine import Frame


def measure(context: CardContext) -> Iterator[Frame]:
    """Measure access points and places outside what lists allow, cards that never come home, and their homes."""
    for what, signal in (("apn", "apn.outside"), ("country", "place.outside")):
        seen = context.engine.keep(context.seen(what))
        strength = nw.lit(context.number(signal, "listed"))
        yield spell(_outside(context, seen, what), signal, what, strength=strength, detail=nw.col("value"))
        strength = nw.lit(context.number(signal, "alike"))
        told = nw.concat_str(nw.col("value"), nw.lit(", as none of its like"))
        yield spell(_unlike(context, seen, what, signal), signal, what, strength=strength, detail=told)
    cells = _outside(context, _cells(context), "cell")
    strength = nw.lit(context.number("place.outside", "cell"))
    told = nw.concat_str(nw.lit("cell "), nw.col("value"))
    yield spell(cells, "place.outside", "cell", strength=strength, detail=told)
    yield _never_home(context)
    yield _compelled(context)


def _allowed(context: CardContext, what: str) -> Frame:
    return context.limits.filter(nw.col("what") == what).select("card", "value")


def _outside(context: CardContext, seen: Frame, what: str) -> Frame:
    """Give what cards were seen with that their lists do not have; a card without a list may do anything."""
    allowed = _allowed(context, what)
    limited = allowed.select("card").unique()
    return seen.join(limited, on="card", how="inner").join(allowed, on=["card", "value"], how="anti")


def _unlike(context: CardContext, seen: Frame, what: str, signal: str) -> Frame:
    """Give what a card without a list was seen with for days on end, besides what it and its like usually are.

    Only where cards of the same kind and group hardly ever change: what most of them never do.
    """
    limited = _allowed(context, what).select("card").unique()
    likes = context.own.select("card", "like")
    held = seen.join(likes, on="card", how="inner")
    by_card = held.group_by("like", "card").agg(n=nw.len().cast(nw.Int64), most=nw.col("n_days").max())
    is_several = (nw.col("n") > 1).cast(nw.Int64)
    settled = by_card.group_by("like").agg(n_cards=nw.len().cast(nw.Int64), n_several=is_several.sum())
    few = nw.col("n_cards").cast(nw.Float64) * context.number(signal, "rare")
    settled = settled.filter(
        nw.col("n_cards") >= context.number(signal, "min_like"),
        nw.col("n_several").cast(nw.Float64) <= few,
    )
    several = (
        by_card.filter(nw.col("n") > 1)
        .join(settled.select("like"), on="like", how="inner")
        .join(limited, on="card", how="anti")
        .select("card", "most")
    )
    rows = context.engine.keep(held.join(several, on="card", how="inner"))
    usual = rows.filter(nw.col("n_days") == nw.col("most")).group_by("card").agg(usual=nw.col("value").min())
    others = rows.join(usual, on="card", how="inner").filter(
        nw.col("value") != nw.col("usual"), nw.col("n_days") >= context.number(signal, "min_days")
    )
    return others.join(_came_and_went(context, others, what), on=["card", "value"], how="anti")


def _came_and_went(context: CardContext, others: Frame, what: str) -> Frame:
    """Give what a card was not seen with alone, between the first day and the last of it: heard beyond a border."""
    spans = others.select("card", "value", "begun", "ended")
    days = context.usage.join(spans, on="card", how="inner").filter(
        nw.col("day") >= nw.col("begun"), nw.col("day") <= nw.col("ended"), nw.col(what) != nw.col("value")
    )
    return days.select("card", "value").unique()


def _cells(context: CardContext) -> Frame:
    limited = _allowed(context, "cell").select("card").unique()
    held = context.usage.filter(~nw.col("cell").is_null()).join(limited, on="card", how="inner")
    return (
        held.rename({"cell": "value"})
        .group_by("card", "value")
        .agg(
            begun=nw.col("day").min(),
            ended=nw.col("day").max(),
            n_days=nw.len().cast(nw.Int64),
            place=nw.col("place").min(),
        )
    )


def _homes(context: CardContext) -> Frame:
    """Give each card's home network: card, home (country, null of a global one), and the columns of `Homes`."""
    homes = context.engine.bind(context.homes.of(context.engine, context.own))
    by_imsi = context.own.with_columns(prefix=context.homes.prefix)
    return by_imsi.select("card", "begun", "ended", "n_days", "prefix").join(homes, on="prefix", how="inner")


def _never_home(context: CardContext) -> Frame:
    """Give cards that were abroad all the time, in countries that no list of theirs allows."""
    name = "roaming.permanent"
    homes = _homes(context).filter(~nw.col("home").is_null()).select("card", "home")
    seen = context.seen("country").join(homes, on="card", how="inner")
    is_abroad = nw.col("value") != nw.col("home")
    days = seen.with_columns(abroad=nw.when(is_abroad).then(nw.col("n_days")).otherwise(nw.lit(0)))
    whole = days.group_by("card", "home").agg(
        nw.col("abroad").sum(),
        nw.col("n_days").sum(),
        nw.col("begun").min(),
        nw.col("ended").max(),
        nw.col("place").min(),
        value=nw.col("value").max(),
        n_countries=nw.len().cast(nw.Int64),
    )
    span = nw.col("ended") - nw.col("begun") + 1
    share = nw.col("abroad").cast(nw.Float64) / nw.col("n_days").cast(nw.Float64)
    held = whole.filter(
        share >= context.number(name, "share"),
        span >= context.number(name, "min_days"),
        nw.col("n_days") >= nw.col("n_countries") * context.number(name, "min_seen"),
    )
    allowed = _allowed(context, "country").select("card").unique()
    held = held.join(allowed, on="card", how="anti")
    strength = span.cast(nw.Float64) / context.number(name, "full_days")
    told = nw.concat_str(
        nw.col("abroad").cast(nw.String),
        nw.lit(" days in "),
        nw.col("value"),
        nw.lit(", at home in "),
        nw.col("home"),
    )
    strength = nw.when(strength > 1.0).then(nw.lit(1.0)).otherwise(strength)
    return spell(held, name, "country", strength=strength, detail=told)


def _compelled(context: CardContext) -> Frame:
    """Give cards whose home network answers to a law that the profile names."""
    held = _homes(context).filter(nw.col("strength") > 0)
    first = context.spells.group_by("card").agg(nw.col("place").min())
    return reason(
        held.join(first, on="card", how="inner"),
        "home.compelled",
        strength=nw.col("strength"),
        first_day=nw.col("begun"),
        last_day=nw.col("ended"),
        detail=nw.col("told"),
        property=nw.lit("imsi"),
        value=nw.col("prefix"),
        path=nw.col("path"),
    )
