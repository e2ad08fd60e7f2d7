"""The only place that touches a database: the query engine, the portable forms and the store."""

from beholden.engine.duck import Engine
from beholden.engine.schemas import arrow_schema, conform, empty, from_rows

__all__ = ["Engine", "arrow_schema", "conform", "empty", "from_rows"]
