"""beholden export: what a scan says, in forms that other programs read; one module a form, loaded when called."""

from importlib import import_module

import click

SUBVERBS = {
    "vex": "statements on flaws by product: CSAF 2.0, CycloneDX 1.6 or OpenVEX 0.2.0",
}
"""Every subverb with its line of help; its module is cli.verbs.export.<subverb>, with `command` in it."""


class _LazyGroup(click.Group):
    """Load a subverb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the subverbs."""
        return list(SUBVERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one subverb."""
        if cmd_name not in SUBVERBS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the subverbs without loading them."""
        with formatter.section("Forms"):
            formatter.write_dl(list(SUBVERBS.items()))


@click.command(name="export", cls=_LazyGroup)
def command() -> None:
    """Write what a scan says in forms that other programs read."""
