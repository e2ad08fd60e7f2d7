"""beholden fleet: devices by the million, from folders of partitions; one module a subverb, loaded when called."""

from importlib import import_module

import click

SUBVERBS = {
    "score": "score the devices of Parquet and CSV folders; only new or changed partitions are computed",
    "cards": "find cards whose module, place, access point, amount or home is not as it should be",
    "census": "count devices over the scans of a store, and say what their change is made of",
    "share": "write roll-ups and counts of a scan to one signed file, without its devices",
    "merge": "merge the shares of sites, as if all their devices had been scanned together",
}
"""Every subverb with its line of help; its module is cli.verbs.fleet.<subverb>, with `command` in it."""


class _LazyGroup(click.Group):
    """Load a subverb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the subverbs in the order of work."""
        return list(SUBVERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one subverb."""
        if cmd_name not in SUBVERBS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the subverbs without loading them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(SUBVERBS.items()))


@click.command(name="fleet", cls=_LazyGroup)
def command() -> None:
    """Score, count and merge fleets: millions of devices, in folders of partitions."""
