"""Options that several verbs share."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


def store_option(function: Command) -> Command:
    """Add --store."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of scans; default $BEHOLDEN_STORE, else the user's data folder.",
    )(function)


def profile_option(function: Command) -> Command:
    """Add --profile."""
    return click.option(
        "--profile", default="article", show_default=True, help="Shipped profile, or a TOML file."
    )(function)


def scan_option(function: Command) -> Command:
    """Add --scan."""
    return click.option("--scan", "scan_prefix", help="Id of a scan, or its beginning; default the newest.")(
        function
    )


def indicators_option(function: Command) -> Command:
    """Add --indicators."""
    return click.option(
        "--indicators",
        type=click.Path(path_type=Path, exists=True),
        multiple=True,
        metavar="PATH",
        help="List of indicators, or a folder: STIX 2.1, MISP, Zeek intelligence, plain text; repeat for several.",
    )(function)


def sigma_option(function: Command) -> Command:
    """Add --sigma."""
    return click.option(
        "--sigma",
        type=click.Path(path_type=Path, exists=True),
        multiple=True,
        metavar="PATH",
        help="Sigma rules, a file or a folder of them; repeat for several. `knowledge sigma` says which run.",
    )(function)


def json_option(function: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(
        function
    )


def print_json(document: object) -> None:
    """Print one JSON document on standard output and nothing else."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1, default=str)
    sys.stdout.write("\n")


def print_json_rows(rows: Iterable[object]) -> None:
    """Print one JSON array on standard output, a row on each line, as the rows come: they may be many."""
    separator = "[\n"
    for row in rows:
        sys.stdout.write(separator + json.dumps(row, ensure_ascii=False, default=str))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator.startswith("[") else "\n]\n")


def say(text: str) -> None:
    """Say a line on standard error."""
    click.echo(text, err=True)
