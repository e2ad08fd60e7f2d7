"""Ageing of confidence: c' = c * 2^(-age / half-life), age in days."""

import math
from datetime import UTC, datetime

import narwhals as nw

_ORDINAL_OFFSET = 306
"""Days by which a calendar that begins years in March runs ahead of the proleptic Gregorian ordinal."""


def ordinal_day(instant: nw.Expr) -> nw.Expr:
    """Give the day number with its fraction, equal to `date.toordinal`, from calendar fields alone.

    Engines disagree on what the difference of two instants is; all of them give year, month and day, but some
    in integers so short that products overflow.
    """
    date = instant.dt
    month, day = date.month().cast(nw.Int64), date.day().cast(nw.Int64)
    hour, minute = date.hour().cast(nw.Int64), date.minute().cast(nw.Int64)
    late = nw.when(month > 2).then(nw.lit(0)).otherwise(nw.lit(1))
    year = date.year().cast(nw.Int64) - late
    months_since_march = month - 3 + late * 12
    days = (
        year * 365
        + (year / 4).floor()
        - (year / 100).floor()
        + (year / 400).floor()
        + ((months_since_march * 153 + 2) / 5).floor()
        + day
        - _ORDINAL_OFFSET
    )
    seconds = hour * 3600 + minute * 60 + date.second() + date.microsecond() / 1_000_000
    return days + seconds / 86_400


def ordinal_of(instant: datetime) -> float:
    """Give the same number for a Python instant; naive means UTC."""
    utc = instant.astimezone(UTC) if instant.tzinfo else instant
    seconds = utc.hour * 3600 + utc.minute * 60 + utc.second + utc.microsecond / 1_000_000
    return utc.toordinal() + seconds / 86_400


def aged_confidence(as_of: datetime) -> nw.Expr:
    """Give c' of confidence, observed_at, half_life_days; without half-life or instant nothing ages."""
    days = nw.lit(ordinal_of(as_of)) - ordinal_day(nw.col("observed_at"))
    age = nw.when(days > 0).then(days).otherwise(nw.lit(0.0))
    half_life = nw.col("half_life_days")
    decay = (age / half_life * -math.log(2)).exp()
    confidence = nw.col("confidence").cast(nw.Float64)
    is_ageing = (half_life > 0) & (~nw.col("observed_at").is_null())
    return nw.when(is_ageing).then(confidence * decay).otherwise(confidence)
