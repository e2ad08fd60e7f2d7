"""Which engine computes a fleet, chosen on the command line."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from beholden.engine import FleetEngine

Command = Callable[..., Any]
_OPTIONS = (
    click.option("--engine", "engine_name", type=click.Choice(["duckdb", "spark"]), default="duckdb",
                 show_default=True, help="What computes."),
    click.option("--master", help="Of Spark, as spark-submit takes it; default that of its configuration."),
    click.option("--memory", default=3, show_default=True, type=click.IntRange(min=1),
                 help="GiB that DuckDB may hold before it spills."),
)  # fmt: skip


def engine_options(function: Command) -> Command:
    """Add --engine, --master and --memory."""
    return reduce(lambda command, option: option(command), reversed(_OPTIONS), function)


def open_engine(name: str, master: str | None, memory: int, folder: Path) -> "FleetEngine":
    """Start an engine that keeps in a folder what it cannot hold; a Spark on several machines wants one that all reach.

    What Spark's JVM has to say stands there in `log`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if name == "duckdb":
        from beholden.engine.duck import DuckEngine  # noqa: PLC0415 - loaded only when asked for

        return DuckEngine(spill=folder, memory_limit=f"{memory}GB")
    from beholden.engine.spark import SparkEngine, session  # noqa: PLC0415

    return SparkEngine(session(master, {}, folder / "log"), folder)
