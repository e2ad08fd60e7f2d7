"""Which devices a measure is about: those of known kinds but for the kinds that it exempts, and those like them."""

import narwhals as nw

from beholden.assess.context import Context
from beholden.engine import Frame
from beholden.knowledge.rules import lineage


def judged_by(context: Context, signal: str) -> Frame:
    """Give the devices whose kind is known and lies below none of the signal's parameter `exempt`."""
    exempt = set(context.words(signal, "exempt"))
    lines = lineage(context.knowledge.rows("kinds"))
    spared = ["", *(kind for kind, line in lines.items() if exempt & set(line))]
    return context.engine.keep(context.devices.filter(~nw.col("kind").is_in(spared)).select("device_id"))


def things(context: Context, signal: str) -> Frame:
    """Give the devices of `judged_by`, and those of unknown kind that do as things do: device_id, is_known.

    A thing has few uses (RFC 8520): over as many hours as the parameter says it calls few names, but some.
    """
    named = context.exposures.filter(~nw.col("is_inbound"), ~nw.col("name").is_null())
    n_names = named.select("device_id", "name").unique().group_by("device_id").agg(n_names=nw.len())
    few = (
        context.devices.filter(nw.col("kind") == "")
        .join(
            n_names.filter(nw.col("n_names") <= context.number(signal, "few_names")),
            on="device_id",
            how="semi",
        )
        .join(
            context.watched.filter(nw.col("hours") >= context.number(signal, "few_hours")),
            on="device_id",
            how="semi",
        )
    )
    known = judged_by(context, signal).with_columns(is_known=nw.lit(value=True))
    unknown = few.select("device_id", is_known=nw.lit(value=False))
    return context.engine.keep(context.engine.union([known, unknown]))
