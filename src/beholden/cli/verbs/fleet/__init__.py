"""beholden fleet: devices by the million, from folders of partitions; one module a subverb, loaded when called."""

import click

from beholden.cli.lazy import LazyGroup

SUBVERBS = {
    "score": "score the devices of Parquet and CSV folders; only new or changed partitions are computed",
    "cards": "find cards whose module, place, access point, amount or home is not as it should be",
    "census": "count devices over the scans of a store, and say what their change is made of",
    "share": "write roll-ups and counts of a scan to one signed file, without its devices",
    "merge": "merge the shares of sites, as if all their devices had been scanned together",
}
"""Every subverb with its line of help; its module is cli.verbs.fleet.<subverb>, with `command` in it."""


@click.command(name="fleet", cls=LazyGroup, lines=SUBVERBS, package=__name__)
def command() -> None:
    """Score, count and merge fleets: millions of devices, in folders of partitions."""
