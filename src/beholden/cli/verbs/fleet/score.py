"""beholden fleet score: folders of partitions in, an ordinary scan out."""

from pathlib import Path

import click

from beholden.cli.options import store_option


@click.command(name="score")
@click.argument("inputs", nargs=-1, required=True)
@store_option
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True,
              help="What computes.")  # fmt: skip
def command(inputs: tuple[str, ...], store: Path | None, engine: str) -> None:
    """Score the devices of Parquet and CSV files and folders of them; the result is an ordinary scan."""
    raise click.UsageError(f"not there yet: {inputs}, {store}, {engine}")
