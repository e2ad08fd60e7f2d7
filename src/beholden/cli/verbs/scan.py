"""beholden scan: evidence in, devices found and scored, a summary out."""

from datetime import UTC, datetime
from pathlib import Path

import click

from beholden.cli.garbage import sought_anew, unsought
from beholden.cli.instants import read_instant
from beholden.cli.options import (
    indicators_option,
    json_option,
    print_json,
    profile_option,
    say,
    sigma_option,
    store_option,
)
from beholden.cli.problems import Problems


def _tell_of_compiling() -> None:
    say("compiling the packet kernels (once, about half a minute) …")


@click.command(name="scan")
@click.argument("paths", nargs=-1, required=True)
@store_option
@profile_option
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="TOML file that names an inventory's columns.")  # fmt: skip
@indicators_option
@sigma_option
@click.option("--as-of", help="Instant to age evidence to, or 'now'; default the end of the evidence.")
@click.option("--limit", type=click.IntRange(min=1), default=2048, show_default=True,
              help="MiB that one compressed evidence may grow to.")  # fmt: skip
@click.option(
    "--report/--no-report", "with_report", default=True, help="Write the HTML report beside the scan."
)
@click.option("--strict", is_flag=True, help="Exit 2 where evidence had a problem.")
@json_option
def command(
    paths: tuple[str, ...],
    store: Path | None,
    profile: str,
    mapping: Path | None,
    indicators: tuple[Path, ...],
    sigma: tuple[Path, ...],
    as_of: str | None,
    limit: int,
    with_report: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Read evidence (captures, inventories, folders of them, - for a capture on standard input) and score it."""
    with unsought():
        from beholden.cli.progress import progress
        from beholden.cli.summary import print_summary
        from beholden.ingest.read import Options
        from beholden.ingest.tabular.headers import read_mapping
        from beholden.knowledge.profiles import load_profile
        from beholden.pipeline.opening import open_knowledge, open_store
        from beholden.pipeline.scan import Request, scan
        from beholden.pipeline.summary import summary

    problems = Problems()
    knowledge = open_knowledge(say)
    opened = open_store(store)
    with sought_anew(), progress(paths) as bar:
        request = Request(
            paths=paths,
            profile=load_profile(knowledge, profile),
            started_at=datetime.now(UTC),
            as_of=read_instant(as_of),
            indicators=indicators,
            sigma=sigma,
            options=Options(
                read_mapping(mapping) if mapping else None, limit << 20, bar.advance, _tell_of_compiling
            ),
        )
        outcome = scan(request, opened, knowledge, problems, on_step=bar.step)
    path = None
    with unsought():
        if with_report:
            from beholden.pipeline.reporting import write_report

            page = opened.scans / outcome.scan_id / "report.html"
            path = write_report(opened, outcome.scan_id, knowledge, page)
        digest = summary(opened, outcome.scan_id) | {"is_new": outcome.is_new, "n_problems": problems.count}
        digest["report"] = str(path) if path else None
    if as_json:
        print_json(digest)
    else:
        print_summary(digest)
    problems.end(strict=strict)
