"""Instruments of law that compel access, as knowledge tells of them."""

from collections.abc import Collection

from beholden.knowledge.base import Knowledge
from beholden.knowledge.law import is_in_force
from beholden.pipeline.documents import Document


def compelling(knowledge: Knowledge, day: str, seats: Collection[str]) -> list[Document]:
    """Give the instruments in force on a day that bind any of these seats and compel access."""
    return [
        row
        for row in knowledge.rows("regimes")
        if row["binds"] in seats
        and row["compelled_access"] not in ("none", "unknown")
        and is_in_force(row, day)
    ]
