"""The only place that touches a database: the query engines, the portable forms and the store."""

from pathlib import Path

from beholden.engine.base import Engine, FleetEngine, Frame
from beholden.engine.schemas import arrow_schema, conform, empty, from_rows

MOST_IN_MEMORY = 10_000_000
"""Rows of observations and flows up to which memory holds what is made of them; they themselves stream."""
_LEAST_MB = 300
_ROWS_PER_MB = 1000


def engine_for(
    n_rows: int, spill: Path, most: int = MOST_IN_MEMORY, memory_limit: str | None = None
) -> Engine:
    """Give the engine for so many rows, of observations and flows by default; the larger one spills into a folder.

    most: rows up to which memory holds what is made of them. memory_limit: of the larger one, else by the rows.
    Both are loaded only when asked for: each takes a tenth of a second.
    """
    if n_rows <= most:
        from beholden.engine.polar import PolarsEngine  # noqa: PLC0415

        return PolarsEngine()
    from beholden.engine.duck import DuckEngine  # noqa: PLC0415

    by_rows = f"{_LEAST_MB + n_rows // _ROWS_PER_MB}MB"
    return DuckEngine(spill=spill, memory_limit=memory_limit or by_rows)


__all__ = ["Engine", "FleetEngine", "Frame", "arrow_schema", "conform", "empty", "engine_for", "from_rows"]
