"""beholden fleet score: folders of partitions in, an ordinary scan out."""

from datetime import UTC, datetime
from pathlib import Path

import click

from beholden.cli.engines import engine_options, open_engine
from beholden.cli.instants import read_instant
from beholden.cli.options import json_option, print_json, profile_option, say
from beholden.cli.problems import Problems


@click.command(name="score")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", "--store", "store", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of scans; default $BEHOLDEN_STORE, else the user's data folder.")  # fmt: skip
@engine_options
@profile_option
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
    from beholden.pipeline.fleet.run import LEDGERS, Fleet, FleetRequest
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
    scratch = opened.folder / LEDGERS / ".engine"
    with progress(inputs) as bar, open_engine(engine_name, master, memory, scratch) as engine:
        run = Fleet(
            request, opened, knowledge, engine, problems, lambda: datetime.now(UTC), bar.step, bar.share_read,
            lambda: say("compiling the kernels of fleets (once, some ten seconds) …"),
        )  # fmt: skip
        outcome = run.run()
    digest = summary(opened, outcome.scan_id) | {"is_new": outcome.is_new, "n_problems": problems.count}
    digest["report"] = None
    if as_json:
        print_json(digest)
    else:
        print_summary(digest)
    problems.end(strict=strict)
