"""beholden report: one scan as one self-contained HTML file."""

from pathlib import Path

import click

from beholden.cli.garbage import unsought
from beholden.cli.options import json_option, print_json, say, scan_option, store_option


@click.command(name="report")
@store_option
@scan_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to write it; default report.html beside the scan.")  # fmt: skip
@click.option("--open", "opening", type=click.Choice(["auto", "always", "never"]), default="never",
              show_default=True, help="Open it in a browser; auto does so where a person looks.")  # fmt: skip
@json_option
def command(
    store: Path | None, scan_prefix: str | None, out: Path | None, opening: str, as_json: bool
) -> None:
    """Write one self-contained HTML report of a scan; with --json print the data it is made from."""
    import sys

    with unsought():
        from beholden.pipeline.opening import open_knowledge, open_store
        from beholden.pipeline.reporting import report_data, write_report

        opened = open_store(store)
        scan_id = opened.scan_id(scan_prefix)
        knowledge = open_knowledge(say)
        if as_json:
            print_json(report_data(opened, scan_id, knowledge))
            return
        path = write_report(opened, scan_id, knowledge, out or opened.scans / scan_id / "report.html")
    click.echo(str(path))
    if opening == "always" or (opening == "auto" and sys.stdout.isatty()):
        click.launch(path.resolve().as_uri())
