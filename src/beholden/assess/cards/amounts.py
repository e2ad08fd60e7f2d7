"""How much cards are used: against their kind, their own past, and their like."""

import math
from collections.abc import Iterator

import narwhals as nw

from beholden.assess.cards.classes import classes
from beholden.assess.cards.context import CardContext, reason
from beholden.engine import Frame

_TO_DEVIATION = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
_LEAST = 0.1
"""No card is taken to be steadier than this, in doublings."""
_MB = 1_000_000
_WAYS = {"up": "sent", "down": "bytes_down"}
"""Scales of `daily` that are held against a card's past, each by itself, and their amounts: updates come down."""


def measure(context: CardContext) -> Iterator[Frame]:
    """Measure traffic unfit for a kind of device, usage out of pattern, silence, and short messages."""
    needs = context.engine.keep(context.engine.bind(classes(context.knowledge)))
    yield _unfit(context, needs)
    yield _unlike(context)
    yield _silent(context)
    yield _messages(context, needs)


def _enough(context: CardContext, held: Frame, signal: str) -> Frame:
    """Keep days of cards that have enough of them; `counts` is how much a day counts."""
    counted = held.group_by("card").agg(n=nw.len().cast(nw.Int64), total=nw.col("counts").sum())
    is_enough = nw.col("total") >= context.number(signal, "enough")
    enough = counted.filter(is_enough, nw.col("n") >= context.number(signal, "min_days"))
    return held.join(enough.select("card"), on="card", how="inner")


def _on_days(days: Frame, signal: str, strength: nw.Expr, detail: nw.Expr) -> Frame:
    """Shape days of cards into reasons."""
    columns = {"property": nw.lit("bytes"), "value": nw.col("bytes").cast(nw.String)}
    span = {"first_day": nw.col("day"), "last_day": nw.col("day"), "n_days": nw.lit(1)}
    return reason(days, signal, strength=strength, detail=detail, **span, **columns)


def _unfit(context: CardContext, needs: Frame) -> Frame:
    """Give days on which a card carried or sent more than its kind of device needs, and far more than most of them.

    A day counts for one, one of sixteen times for two, of sixty-four for three.
    """
    name = "traffic.unfit"
    suspects = (
        context.own.join(needs, on="kind", how="inner")
        .filter((nw.col("most") > nw.col("bytes_needed")) | (nw.col("most_up") > nw.col("up_needed")))
        .join(_usual(context), on="kind", how="left")
        .filter(nw.col("usual").is_null() | (nw.col("top") > nw.col("usual")))
        .select("card", "kind", "bytes_needed", "up_needed", "usual")
    )
    days = context.daily.join(suspects, on="card", how="inner").with_columns(
        times=nw.max_horizontal(
            nw.col("bytes").cast(nw.Float64).fill_null(0.0) / nw.col("bytes_needed"),
            nw.col("bytes_up").cast(nw.Float64).fill_null(0.0) / nw.col("up_needed"),
        )
    )
    is_far = nw.col("usual").is_null() | (nw.col("scale") > nw.col("usual"))
    counts = nw.max_horizontal(nw.lit(1.0), nw.col("times").log(4))
    held = context.engine.keep(days.filter(nw.col("times") > 1.0, is_far).with_columns(counts=counts))
    told = nw.concat_str(_megabytes(nw.col("bytes")), nw.lit(" MB a day, a "), nw.col("kind"))
    return _on_days(_enough(context, held, name), name, context.ramp(name, nw.col("times")), told)


def _usual(context: CardContext) -> Frame:
    """Give up to where cards of a kind usually are, on the scale of logarithms, for kinds of which there are enough."""
    name = "traffic.unfit"
    levels = context.own.filter(~nw.col("kind").is_null()).select("kind", "level")
    medians = levels.group_by("kind").agg(n=nw.len().cast(nw.Int64), middle=nw.col("level").median())
    medians = medians.filter(nw.col("n") >= context.number(name, "min_kind"))
    rest = (nw.col("level") - nw.col("middle")).abs()
    reach = levels.join(medians, on="kind", how="inner").group_by("kind", "middle").agg(spread=rest.median())
    spreads = nw.col("spread") * (_TO_DEVIATION * context.number(name, "spreads"))
    return reach.select("kind", usual=nw.col("middle") + spreads)


def _above_mean(context: CardContext) -> Frame:
    """Give the days of cards with their like, and by how much they lie above the card's mean, either way."""
    means = context.own.select("card", "like", "n_days", **{f"mean_{way}": nw.col(way) for way in _WAYS})
    above = {f"above_{way}": nw.col(way) - nw.col(f"mean_{way}") for way in _WAYS}
    return context.daily.join(means, on="card", how="inner").with_columns(**above)


def _moved(context: CardContext) -> Frame:
    """Give days on which half of the cards alike carried more than they do on average: by how much, either way."""
    name = "usage.unlike"
    by_day = (
        _above_mean(context)
        .group_by("like", "day")
        .agg(n=nw.len().cast(nw.Int64), **{f"moved_{way}": nw.col(f"above_{way}").median() for way in _WAYS})
    )
    enough = by_day.filter(nw.col("n") >= context.number(name, "min_like"))
    return context.engine.keep(enough.select("like", "day", *(f"moved_{way}" for way in _WAYS)))


def _suspects(context: CardContext) -> Frame:
    """Count for cards the days that may lie far above their median: half as far above the mean, which these raise."""
    name = "usage.unlike"
    least, amount = math.log2(context.number(name, "times")) / 2, context.number(name, "least_mb") * _MB
    days = {
        f"n_{way}": ((nw.col(f"above_{way}") >= least) & (nw.col(of) >= amount)).cast(nw.Int64).sum()
        for way, of in _WAYS.items()
    }
    known = _above_mean(context).filter(nw.col("n_days") >= context.number(name, "min_seen"))
    return context.engine.keep(known.group_by("card", "like").agg(**days))


def _unlike(context: CardContext) -> Frame:
    """Give days on which a card sent or received many times its usual amount, by how often it doubled."""
    name = "usage.unlike"
    moved, suspects = _moved(context), _suspects(context)
    high = context.engine.union(
        [_enough(context, _high(context, way, moved, suspects), name) for way in _WAYS]
    )
    held = high.group_by("card", "day").agg(
        nw.col("bytes").max(), nw.col("place").min(), nw.col("rest").max()
    )
    strength = nw.col("rest") / math.log2(context.number(name, "full_times"))
    strength = nw.when(strength > 1.0).then(nw.lit(1.0)).otherwise(strength)
    told = nw.concat_str(_megabytes(nw.col("bytes")), nw.lit(" MB a day"))
    return _on_days(held, name, strength, told)


def _high(context: CardContext, way: str, moved: Frame, suspects: Frame) -> Frame:
    """Give days far above a card's median, less what its like did, beyond its own spread, and beside another such day.

    The spread is that of the days below the median, which what is looked for does not widen, or what is usual for
    cards alike, where that is more: of thirty days it is known but roughly. A day counts for the
    spreads that it lies above, for a few at most: what was once is no pattern.
    """
    name = "usage.unlike"
    least = math.log2(context.number(name, "times"))
    known = suspects.filter(nw.col(f"n_{way}") >= context.number(name, "min_days"))
    by_like = nw.max_horizontal(nw.col(f"moved_{way}").fill_null(0.0), nw.lit(0.0))
    days = context.engine.keep(
        context.daily.join(known.select("card", "like"), on="card", how="inner")
        .join(moved, on=["like", "day"], how="left")
        .select(
            "card", "like", "day", "bytes", "place", amount=nw.col(_WAYS[way]), scale=nw.col(way) - by_like
        )
    )
    levels = days.group_by("card").agg(level=nw.col("scale").median())
    days = context.engine.keep(
        days.join(levels, on="card", how="inner").with_columns(rest=nw.col("scale") - nw.col("level"))
    )
    below = days.filter(nw.col("rest") <= 0).group_by("like", "card")
    own = context.engine.keep(below.agg(spread=nw.col("rest").abs().median() * _TO_DEVIATION))
    spreads = own.join(own.group_by("like").agg(usual=nw.col("spread").median()), on="like", how="inner")
    spreads = spreads.select("card", spread=nw.max_horizontal("spread", "usual", nw.lit(_LEAST)))
    high = days.filter(nw.col("rest") >= least, nw.col("amount") >= context.number(name, "least_mb") * _MB)
    above = high.join(spreads, on="card", how="inner").with_columns(above=nw.col("rest") / nw.col("spread"))
    held = context.engine.keep(above.filter(nw.col("above") >= context.number(name, "spreads")))
    beside = context.engine.union([held.select("card", day=nw.col("day") + step) for step in (-1, 1)])
    counts = nw.min_horizontal(nw.col("above"), nw.lit(context.number(name, "most")))
    held = held.join(beside.unique(), on=["card", "day"], how="inner")
    return context.engine.keep(held.with_columns(counts=counts))


def _silent(context: CardContext) -> Frame:
    """Give cards that stopped for longer than chance would have it by how often they were used until then.

    Not those whose module went on with another card.
    """
    name = "usage.silent"
    (last,) = context.engine.collect(context.own.select(last=nw.col("ended").max()))["last"].to_pylist()
    gap = nw.lit(last or 0) - nw.col("ended")
    days = (nw.col("ended") - nw.col("begun") + 1).cast(nw.Float64)
    unused = (days - nw.col("n_days").cast(nw.Float64) + 0.5) / (days + 1.0)
    ended = context.parameters[name]["ended"].split()
    held = context.own.filter(
        gap >= context.number(name, "min_days"),
        nw.col("n_days") >= context.number(name, "min_seen"),
        gap.cast(nw.Float64) * unused.log(10) <= -math.log10(context.number(name, "odds")),
        ~nw.col("state").fill_null("").is_in(ended),
    ).select("card", "ended")
    used_in = context.modules.join(held, on="card", how="inner", suffix="_of_card").select(
        "card", "value", "ended"
    )
    went_on = used_in.join(context.modules, on="value", how="inner", suffix="_other").filter(
        nw.col("ended_other") > nw.col("ended")
    )
    held = held.join(went_on.select("card").unique(), on="card", how="anti")
    final = context.spells.group_by("card").agg(nw.col("place").max())
    strength = gap.cast(nw.Float64) / context.number(name, "full_days")
    return reason(
        held.join(final, on="card", how="inner"),
        name,
        strength=nw.when(strength > 1.0).then(nw.lit(1.0)).otherwise(strength),
        first_day=nw.col("ended") + 1,
        last_day=nw.lit(last or 0),
        n_days=gap,
        detail=nw.concat_str(nw.lit("for "), gap.cast(nw.String), nw.lit(" days")),
        property=nw.lit("day"),
        value=nw.lit(None, dtype=nw.String),
    )


def _messages(context: CardContext, needs: Frame) -> Frame:
    """Give days with more short messages than a kind of device needs, and many times the card's own."""
    name = "sms.many"
    suspects = (
        context.own.filter(nw.col("most_sms") > context.number(name, "most_a_day"))
        .join(needs, on="kind", how="left")
        .select("card", "sms_needed")
    )
    days = context.engine.keep(context.daily.join(suspects, on="card", how="inner"))
    usual = days.group_by("card").agg(usual=nw.col("sms").median())
    most = nw.max_horizontal(
        nw.col("sms_needed").fill_null(0.0),
        nw.lit(context.number(name, "most_a_day")),
        nw.col("usual").fill_null(0.0) * context.number(name, "times"),
    )
    days = days.join(usual, on="card", how="inner").with_columns(most=most)
    held = days.filter(nw.col("sms").cast(nw.Float64) > nw.col("most"))
    return reason(
        held,
        name,
        strength=context.ramp(name, nw.col("sms").cast(nw.Float64) / nw.col("most")),
        first_day=nw.col("day"),
        last_day=nw.col("day"),
        n_days=nw.lit(1),
        detail=nw.concat_str(nw.col("sms").cast(nw.String), nw.lit(" on a day")),
        property=nw.lit("sms"),
        value=nw.col("sms").cast(nw.String),
    )


def _megabytes(amount: nw.Expr) -> nw.Expr:
    """Write whole megabytes, rounded down: the same on every engine."""
    return (amount // _MB).cast(nw.String)
