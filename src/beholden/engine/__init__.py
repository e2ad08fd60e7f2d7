"""The only place that touches a database: the query engines, the portable forms and the store."""

from pathlib import Path

from beholden.engine.base import Engine, FleetEngine, Frame
from beholden.engine.schemas import arrow_schema, conform, empty, from_rows

MOST_IN_MEMORY = 10_000_000
"""Rows of observations and flows up to which memory holds what is made of them; they themselves stream."""
_LEAST_MB = 300
_ROWS_PER_MB = 1000


def engine_for(n_rows: int, spill: Path) -> Engine:
    """Give the engine for so many rows of observations and flows; the larger one spills into a folder.

    Both are loaded only when asked for: each takes a tenth of a second.
    """
    if n_rows <= MOST_IN_MEMORY:
        from beholden.engine.polar import PolarsEngine  # noqa: PLC0415

        return PolarsEngine()
    from beholden.engine.duck import DuckEngine  # noqa: PLC0415

    return DuckEngine(spill=spill, memory_limit=f"{_LEAST_MB + n_rows // _ROWS_PER_MB}MB")


__all__ = ["Engine", "FleetEngine", "Frame", "arrow_schema", "conform", "empty", "engine_for", "from_rows"]
