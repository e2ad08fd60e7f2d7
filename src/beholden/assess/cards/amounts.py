"""How much cards are used: against their kind, their own past, and their like."""

import math
from collections.abc import Iterator

import narwhals as nw

from beholden.assess.cards.classes import classes
from beholden.assess.cards.context import CardContext, reason
from beholden.engine import Frame

_TO_DEVIATION = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
_MB = 1_000_000


def measure(context: CardContext) -> Iterator[Frame]:
    """Measure traffic unfit for a kind of device, usage out of pattern, silence, and short messages."""
    needs = context.engine.keep(context.engine.bind(classes(context.knowledge)))
    yield _unfit(context, needs)
    yield _unlike(context)
    yield _silent(context)
    yield _messages(context, needs)


def _on_days(context: CardContext, held: Frame, signal: str, columns: dict[str, nw.Expr]) -> Frame:
    """Keep days of cards that have enough of them, as a reason each."""
    days = held.join(_with_days(context, held, signal), on="card", how="inner")
    return reason(days, signal, first_day=nw.col("day"), last_day=nw.col("day"), n_days=nw.lit(1), **columns)


def _with_days(context: CardContext, held: Frame, signal: str) -> Frame:
    """Give the cards that have enough days for a signal."""
    counted = held.group_by("card").agg(n=nw.len().cast(nw.Int64))
    return counted.filter(nw.col("n") >= context.number(signal, "min_days")).select("card")


def _unfit(context: CardContext, needs: Frame) -> Frame:
    """Give days on which a card carried or sent more than its kind of device needs, and far more than most of them."""
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
    held = context.engine.keep(days.filter(nw.col("times") > 1.0, is_far))
    told = nw.concat_str(_megabytes(nw.col("bytes")), nw.lit(" MB a day, a "), nw.col("kind"))
    columns = {
        "strength": context.ramp(name, nw.col("times")),
        "detail": told,
        "property": nw.lit("bytes"),
        "value": nw.col("bytes").cast(nw.String),
    }
    return _on_days(context, held, name, columns)


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


def _unlike(context: CardContext) -> Frame:
    """Give days on which a card carried many times its usual amount, less what its like did, beyond its own spread."""
    name = "usage.unlike"
    least = math.log2(context.number(name, "times"))
    levels = context.own.select("card", "like", "level")
    rest = nw.col("scale") - nw.col("level")
    moved = (
        context.daily.join(levels, on="card", how="inner")
        .group_by("like", "day")
        .agg(n=nw.len().cast(nw.Int64), moved=rest.median())
        .filter(nw.col("n") >= context.number(name, "min_like"), nw.col("moved") > 0)
    )
    moved = context.engine.keep(moved.select("like", "day", "moved"))
    known = context.own.filter(nw.col("n_days") >= context.number(name, "min_seen")).select(
        "card", "like", "level"
    )
    days = (
        context.daily.join(known, on="card", how="inner")
        .join(moved, on=["like", "day"], how="left")
        .with_columns(rest=rest - nw.col("moved").fill_null(0.0))
        .select("card", "day", "bytes", "rest", "place")
    )
    high = context.engine.keep(
        days.filter(nw.col("rest") >= least, nw.col("bytes") >= context.number(name, "least_mb") * _MB)
    )
    suspects = _with_days(context, high, name)
    spread = (
        days.join(suspects, on="card", how="inner")
        .group_by("card")
        .agg(spread=nw.col("rest").abs().median() * (_TO_DEVIATION * context.number(name, "spreads")))
    )
    held = context.engine.keep(
        high.join(spread, on="card", how="inner").filter(nw.col("rest") >= nw.col("spread"))
    )
    strength = nw.col("rest") / math.log2(context.number(name, "full_times"))
    columns = {
        "strength": nw.when(strength > 1.0).then(nw.lit(1.0)).otherwise(strength),
        "detail": nw.concat_str(_megabytes(nw.col("bytes")), nw.lit(" MB a day")),
        "property": nw.lit("bytes"),
        "value": nw.col("bytes").cast(nw.String),
    }
    return _on_days(context, held, name, columns)


def _silent(context: CardContext) -> Frame:
    """Give cards that were used nearly every day and stopped; not where the module went on with another card."""
    name = "usage.silent"
    (last,) = context.engine.collect(context.own.select(last=nw.col("ended").max()))["last"].to_pylist()
    gap = nw.lit(last or 0) - nw.col("ended")
    days = (nw.col("ended") - nw.col("begun") + 1).cast(nw.Float64)
    ended = context.parameters[name]["ended"].split()
    held = context.own.filter(
        gap >= context.number(name, "min_days"),
        nw.col("n_days") >= context.number(name, "min_seen"),
        nw.col("n_days").cast(nw.Float64) / days >= context.number(name, "regular"),
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
