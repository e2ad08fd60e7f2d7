"""Which devices a measure is about: those of known kinds but for the kinds that it exempts."""

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
