"""beholden export: what a scan says, in forms that other programs read; one module a form, loaded when called."""

import click

from beholden.cli.lazy import LazyGroup

SUBVERBS = {
    "vex": "statements on flaws by product: CSAF 2.0, CycloneDX 1.6 or OpenVEX 0.2.0",
}
"""Every subverb with its line of help; its module is cli.verbs.export.<subverb>, with `command` in it."""


@click.command(name="export", cls=LazyGroup, lines=SUBVERBS, package=__name__)
def command() -> None:
    """Write what a scan says in forms that other programs read."""
