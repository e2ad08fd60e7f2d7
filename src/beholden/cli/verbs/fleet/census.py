"""beholden fleet census: counts, shares and base over the scans of a store, and what their change is made of."""

from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json, say, store_option

Row = dict[str, Any]
_FIELDS = ("country", "jurisdiction", "kind", "maker", "module", "sector")
_MOST = 12
_PARTS = ("new", "gone", "re_identified", "re_ruled")


def _cells(document: Row) -> list[list[Row]]:
    """Give the rows of each cell over time, the largest cell of the last snapshot first."""
    n = len(document["snapshots"])
    cells = [document["cells"][at : at + n] for at in range(0, len(document["cells"]), n)]
    by = document["by"]
    return sorted(cells, key=lambda rows: (-(rows[-1]["n"] or 0), [rows[-1][name] or "" for name in by]))


def _line(row: Row, by: list[str]) -> list[str]:
    names = [row[name] or "unknown" for name in by]
    if row["is_suppressed"]:
        return [*names, f"{row['at']:%Y-%m-%d}", "few", *[""] * 6]
    share = "" if row["share"] is None else f"{row['share']:.1%}"
    between = f"±{(row['n_upper'] - row['n_lower']) / 2:,.0f}" if "n_lower" in row else ""
    hhi = "" if row["hhi"] is None else f"{row['hhi']:.0f}"
    parts = ["" if row[name] is None else f"{row[name]:+,}" for name in _PARTS]
    return [*names, f"{row['at']:%Y-%m-%d}", f"{row['n']:,}{between}", share, hhi, *parts]


def _print(document: Row, every: bool) -> None:
    from beholden.cli.tables import print_line, print_table

    for one in document["snapshots"]:
        base = f"{one['counted']:,} of {one['base']:,} counted"
        print_line(f"{one['at']:%Y-%m-%d} scan {one['scan'][:8]}: {one['n_devices']:,} devices, {base}")
    cells = _cells(document)
    shown = cells if every else cells[:_MOST]
    heads = [*document["by"], "at", "devices", "share", "HHI", "new", "gone", "re-id", "ruled"]
    rows = [_line(row, document["by"]) for of_cell in shown for row in of_cell]
    print_table(heads, rows, whole=heads[len(document["by"]) :])
    if len(cells) > len(shown):
        print_line(f"… {len(cells) - len(shown)} more cells; --all shows them")


@click.command(name="census")
@store_option
@click.option("--by", default="jurisdiction", show_default=True, metavar="FIELD[,FIELD]",
              help=f"Count by one or several of {', '.join(_FIELDS)}.")  # fmt: skip
@click.option("--over", type=click.Choice(["scan", "month"]), default="scan", show_default=True,
              help="Every scan, or the last of each month, by the end of its evidence.")  # fmt: skip
@click.option(
    "--scan", "scans", multiple=True, help="Only this scan, by the beginning of its id; repeat for several."
)
@click.option("--where", multiple=True, metavar="FIELD=VALUE",
              help="Count only these devices: =, !=, ~ (contains); repeat for and.")  # fmt: skip
@click.option(
    "--of", multiple=True, metavar="FIELD=VALUE", help="Base of the shares, as --where; default every device."
)
@click.option("--concentration", type=click.Choice(_FIELDS), default="maker", show_default=True,
              help="Whose share in each cell the index of concentration (HHI) is of.")  # fmt: skip
@click.option("--least", type=click.IntRange(1), default=10, show_default=True,
              help="Tell no count of fewer devices, nor what would tell it; 1 tells all.")  # fmt: skip
@click.option(
    "--sample",
    type=float,
    default=1.0,
    help="Read this share of the devices and estimate, with intervals of 95 %.",
)
@click.option("--all", "every", is_flag=True, help=f"All cells, not only the {_MOST} largest.")
@json_option
def command(
    store: Path | None,
    by: str,
    over: str,
    scans: tuple[str, ...],
    where: tuple[str, ...],
    of: tuple[str, ...],
    concentration: str,
    least: int,
    sample: float,
    every: bool,
    as_json: bool,
) -> None:
    """Count devices over the scans of a store: counts, shares and base, and what their change is made of.

    A change is the devices that are new, less those gone, and those that moved between cells: re-identified by
    other evidence, or re-ruled by other knowledge of the same evidence. The parts sum to the change.
    """
    from beholden.pipeline.fleet.census import Question, answer
    from beholden.pipeline.opening import open_knowledge, open_store

    question = Question(by.split(","), over, where, of, scans, concentration, least, sample)
    document = answer(open_store(store), question, lambda: open_knowledge(say))
    if as_json:
        print_json(document)
    else:
        _print(document, every)
