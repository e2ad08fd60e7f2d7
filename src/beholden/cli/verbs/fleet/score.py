"""beholden fleet score: folders of partitions in, an ordinary scan out."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beholden.cli.instants import read_instant
from beholden.cli.options import json_option, print_json, say
from beholden.cli.problems import Problems

if TYPE_CHECKING:
    from beholden.engine import FleetEngine

_STRICT_EXIT = 2


@click.command(name="score")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", "--store", "store", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of scans; default $BEHOLDEN_STORE, else the user's data folder.")  # fmt: skip
@click.option("--engine", "engine_name", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True,
              help="What computes.")  # fmt: skip
@click.option("--master", help="Of Spark, as spark-submit takes it; default that of its configuration.")
@click.option("--memory", default=3, show_default=True, type=click.IntRange(min=1),
              help="GiB that DuckDB may hold before it spills.")  # fmt: skip
@click.option("--profile", default="article", show_default=True, help="Shipped profile, or a TOML file.")
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="TOML file that names the inputs' columns.")  # fmt: skip
@click.option("--as-of", help="Instant to age evidence to, or 'now'; default the end of the evidence.")
@click.option("--strict", is_flag=True, help="Exit 2 where the inputs had a problem.")
@json_option
def command(
    inputs: tuple[str, ...],
    store: Path | None,
    engine_name: str,
    master: str | None,
    memory: int,
    profile: str,
    mapping: Path | None,
    as_of: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Score the devices of Parquet and CSV files and folders of them; the result is an ordinary scan.

    Only partitions that are new or changed since the last time are computed. What was killed goes on where it was.
    """
    from beholden.cli.progress import progress
    from beholden.cli.summary import print_summary
    from beholden.ingest.tabular.headers import read_mapping
    from beholden.knowledge.profiles import load_profile
    from beholden.pipeline.fleet.run import Fleet, FleetRequest
    from beholden.pipeline.opening import open_knowledge, open_store
    from beholden.pipeline.summary import summary

    problems = Problems()
    knowledge = open_knowledge(say)
    opened = open_store(store)
    request = FleetRequest(
        inputs=inputs,
        profile=load_profile(knowledge, profile),
        started_at=datetime.now(UTC),
        as_of=read_instant(as_of),
        mapping=read_mapping(mapping) if mapping else None,
    )
    with progress(inputs) as bar, _engine(engine_name, master, memory, opened.folder) as engine:
        run = Fleet(
            request, opened, knowledge, engine, problems, lambda: datetime.now(UTC), bar.step, bar.share_read
        )
        outcome = run.run()
    digest = summary(opened, outcome.scan_id) | {"is_new": outcome.is_new, "n_problems": problems.count}
    digest["report"] = None
    if as_json:
        print_json(digest)
    else:
        print_summary(digest)
    if strict and problems.count:
        sys.exit(_STRICT_EXIT)


def _engine(name: str, master: str | None, memory: int, folder: Path) -> "FleetEngine":
    """Start an engine; Spark keeps what it computes, and what its JVM has to say, below a folder that all reach."""
    if name == "duckdb":
        from beholden.engine.duck import DuckEngine

        return DuckEngine(memory_limit=f"{memory}GB")
    from beholden.engine.spark import SparkEngine, session

    scratch = folder / "fleet" / ".spark"
    scratch.mkdir(parents=True, exist_ok=True)
    return SparkEngine(session(master, {}, scratch / "log"), scratch)
