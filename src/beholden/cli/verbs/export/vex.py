"""beholden export vex: what a scan answers of flaws, as statements by product."""

import getpass
import json
from pathlib import Path

import click

from beholden.cli.options import print_json, scan_option, store_option


@click.command(name="vex")
@store_option
@scan_option
@click.option("--format", "form", type=click.Choice(["csaf", "cyclonedx", "openvex"]), default="csaf", show_default=True,
              help="Form of the document.")  # fmt: skip
@click.option("--author", help="Who states it; default the user's login name.")
@click.option("--namespace", default="urn:beholden", show_default=True,
              help="Address (URI) under which names are the author's own.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to write it; default standard output.")  # fmt: skip
def command(
    store: Path | None,
    scan_prefix: str | None,
    form: str,
    author: str | None,
    namespace: str,
    out: Path | None,
) -> None:
    """Write statements on flaws (VEX): affected, fixed, not affected, or under investigation.

    A flaw affects a product only where its version is known to have it or somebody states so; where the model is
    known and the version is not, it is under investigation.
    """
    from beholden.export.vex import Author
    from beholden.pipeline.exporting import vex
    from beholden.pipeline.opening import open_store

    opened = open_store(store)
    made = vex(opened, opened.scan_id(scan_prefix), form, Author(author or getpass.getuser(), namespace))
    if out is None:
        print_json(made)
    else:
        out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
