"""What the measures of cards read and what they give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import narwhals as nw

from beholden.assess.cards.homes import Homes
from beholden.assess.context import read_parameters
from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge

REASON_COLUMNS = [
    "card",
    "signal",
    "strength",
    "first_day",
    "last_day",
    "n_days",
    "detail",
    "place",
    "property",
    "value",
    "path",
]
"""One row per card, signal and reason: how strongly, when, what it rests on; `place` is a row of an export."""

_SPELL = ["card", "imei", "imei_stated", "apn", "country"]
_UNIT = 1024
"""Bytes that stand for nothing on the scale of logarithms."""


@dataclass(frozen=True)
class CardContext:
    """The tables of cards, knowledge and profile; frames of the model's tables `card_usage`, `cards`, `card_limits`."""

    engine: Engine
    usage: Frame
    cards: Frame
    limits: Frame
    homes: Homes
    knowledge: Knowledge
    today: date

    @cached_property
    def parameters(self) -> Mapping[str, Mapping[str, str]]:
        """Give the parameters of every signal: signal → name → value."""
        return {
            row["signal"]: read_parameters(row["parameters"]) for row in self.knowledge.rows("card_rules")
        }

    def number(self, signal: str, name: str) -> float:
        """Give one number of a signal's parameters."""
        return float(self.parameters[signal][name])

    @cached_property
    def spells(self) -> Frame:
        """Give what each card was used in, by and where: begun, ended, n_days and the first place."""
        return self.engine.keep(
            self.usage.group_by(*_SPELL).agg(
                begun=nw.col("day").min(),
                ended=nw.col("day").max(),
                n_days=nw.len().cast(nw.Int64),
                place=nw.col("place").min(),
            )
        )

    def seen(self, name: str) -> Frame:
        """Give what each card was seen with of one column of `spells`, as `value`."""
        return (
            self.spells.filter(~nw.col(name).is_null())
            .group_by("card", name)
            .agg(nw.col("begun").min(), nw.col("ended").max(), nw.col("n_days").sum(), nw.col("place").min())
            .rename({name: "value"})
        )

    @cached_property
    def modules(self) -> Frame:
        """Give the modules that each card was used in, by IMEI."""
        return self.engine.keep(self.seen("imei"))

    @cached_property
    def daily(self) -> Frame:
        """Give one row per card and day: bytes, bytes_up, bytes_down, sms, imsi and place, and amounts by logarithms.

        scale, up and down are log2 of bytes, of those sent, and of those received; where an export does not tell both
        ways apart, all of them count as sent.
        """
        names = ["card", "day", "imsi", "bytes", "bytes_up", "sent", "bytes_down", "sms", "place"]
        usage = self.usage.with_columns(sent=nw.coalesce("bytes_up", "bytes"))
        shared = self.engine.keep(
            usage.filter(nw.col("is_shared"))
            .group_by("card", "day")
            .agg(nw.col("imsi").max(), *(nw.col(name).sum() for name in names[3:8]), nw.col("place").min())
        )
        single = usage.filter(~nw.col("is_shared")).select(names)
        amounts = {"scale": "bytes", "up": "sent", "down": "bytes_down"}
        scales = {name: (nw.col(amount).cast(nw.Float64) + _UNIT).log(2) for name, amount in amounts.items()}
        return self.engine.union([single, shared.select(names)]).with_columns(**scales)

    @cached_property
    def own(self) -> Frame:
        """Give what each card usually does: days, means and largest of amounts; kind, group, state, like.

        level, up and down are means of the scales of `daily`.
        """
        seen = self.daily.group_by("card").agg(
            seen_imsi=nw.col("imsi").max(),
            begun=nw.col("day").min(),
            ended=nw.col("day").max(),
            n_days=nw.len().cast(nw.Int64),
            **{name: nw.col(of).mean() for name, of in (("level", "scale"), ("up", "up"), ("down", "down"))},
            top=nw.col("scale").max(),
            most=nw.col("bytes").max(),
            most_up=nw.col("bytes_up").max(),
            most_sms=nw.col("sms").max(),
        )
        joined = seen.join(self.cards, on="card", how="left")
        joined = joined.with_columns(
            imsi=nw.coalesce("imsi", "seen_imsi"),
            like=nw.concat_str(nw.col("kind").fill_null(""), nw.lit("|"), nw.col("group").fill_null("")),
        )
        return self.engine.keep(joined.drop("seen_imsi"))

    def ramp(self, signal: str, times: nw.Expr) -> nw.Expr:
        """Give a strength that grows from `least`, at the limit itself, to 1 at `full_times` of it, by logarithms."""
        least, full = self.number(signal, "least"), self.number(signal, "full_times")
        grown = least + (1.0 - least) * times.log(2) / nw.lit(full).log(2)
        return nw.when(grown > 1.0).then(nw.lit(1.0)).otherwise(grown)


def reason(frame: Frame, signal: str, **columns: nw.Expr) -> Frame:
    """Shape a frame into the columns of a reason; what is not given is taken from the frame, or empty."""
    given: dict[str, nw.Expr] = {"signal": nw.lit(signal), "path": nw.lit(""), **columns}
    given["strength"] = given["strength"].cast(nw.Float64)
    return frame.select(*(given.get(name, nw.col(name)).alias(name) for name in REASON_COLUMNS))


def spell(frame: Frame, signal: str, name: str, **columns: nw.Expr) -> Frame:
    """Shape rows of `seen` into reasons; their property is the column of `card_usage` that they are of."""
    days = {"first_day": nw.col("begun"), "last_day": nw.col("ended"), "n_days": nw.col("n_days")}
    return reason(frame, signal, **days, property=nw.lit(name), value=nw.col("value"), **columns)
