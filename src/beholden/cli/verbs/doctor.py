"""beholden doctor: check that this installation is fit for work."""

import platform
import shutil
import sys
from pathlib import Path

import click

from beholden import __version__
from beholden.cli.options import json_option, print_json, say, store_option
from beholden.cli.tables import print_table


@click.command(name="doctor")
@store_option
@json_option
def command(store: Path | None, as_json: bool) -> None:
    """Check versions, knowledge, store and compiled packet kernels; exit 1 where something is not fit."""
    from beholden.engine import engine_for
    from beholden.ingest.capture import is_compiled
    from beholden.pipeline.opening import open_knowledge, open_store

    knowledge = open_knowledge(say)
    opened = open_store(store)
    free = shutil.disk_usage(opened.folder).free >> 30
    rows = {
        "beholden": __version__,
        "python": platform.python_version(),
        "engine": engine_for(0, opened.folder).name,
        "knowledge": f"{knowledge.knowledge_id}, {knowledge.manifest['rows']['facts']} facts",
        "store": f"{opened.folder}, {len(opened.runs())} scans, {free} GiB free",
        "packet kernels": "compiled" if is_compiled() else "will be compiled by the first scan of a capture",
    }
    if as_json:
        print_json(rows)
    else:
        print_table(["what", "is"], [[name, value] for name, value in rows.items()])
    if free < 1:
        say("less than 1 GiB is free at the store")
        sys.exit(1)
