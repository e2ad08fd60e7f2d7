"""beholden fleet share: roll-ups and counts of a scan in one signed file, without its devices."""

from pathlib import Path

import click

from beholden.cli.options import json_option, print_json, say, scan_option, store_option

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="share")
@store_option
@scan_option
@click.option("--out", type=_FILE, help="File to write the share to.")
@click.option("--key", type=_FILE, help="Private key to sign with.")
@click.option(
    "--new-key", type=_FILE, help="Make a key here, and beside it the public one to give away, .pub."
)
@click.option("--site", help="Name of the site, under which a later share replaces this one.")
@click.option("--by", multiple=True, metavar="FIELD[,FIELD]",
              help="Counts of which cells to share, as in census; repeat for several.")  # fmt: skip
@click.option("--least", type=click.IntRange(1), default=10, show_default=True,
              help="Groups of fewer devices are put together as one.")  # fmt: skip
@json_option
def command(
    store: Path | None,
    scan_prefix: str | None,
    out: Path | None,
    key: Path | None,
    new_key: Path | None,
    site: str | None,
    by: tuple[str, ...],
    least: int,
    as_json: bool,
) -> None:
    """Share roll-ups, histograms and counts of a scan in one signed file, without sharing devices."""
    from beholden.pipeline.fleet import shares
    from beholden.pipeline.fleet.sharing import DEFAULT_BY, write_share
    from beholden.pipeline.opening import open_knowledge, open_store

    if new_key is not None:
        shares.new_key(new_key)
        say(f"key {new_key}, for you alone; give {new_key}.pub to who merges")
        if out is None:
            return
    if out is None or (key or new_key) is None or not site:
        raise click.UsageError("give --out, --site and --key, or --new-key alone")
    opened = open_store(store)
    scan_id = opened.scan_id(scan_prefix)
    signed_by = key or new_key or out
    told = write_share(
        opened, scan_id, out, signed_by, site, by or DEFAULT_BY, least, lambda: open_knowledge(say)
    )
    if as_json:
        print_json(told)
    else:
        click.echo(f"share {out} of {told['n_devices']:,} devices of {site}, as of {told['as_of']}")
