"""beholden fleet census: counts, shares and base over the scans of a store, and what their change is made of."""

from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json, say, store_option

Row = dict[str, Any]
_FIELDS = ("country", "jurisdiction", "kind", "maker", "module", "sector")
_MOST = 12
_CHANGES = ("change", "new", "gone", "re_identified", "re_ruled")


def _cells(document: Row) -> list[list[Row]]:
    """Give the rows of each cell over time, the largest cell of the last snapshot first."""
    cells: dict[tuple[str, ...], list[Row]] = {}
    for row in document["cells"]:
        cells.setdefault(tuple(row[name] or "" for name in document["by"]), []).append(row)
    return [rows for _, rows in sorted(cells.items(), key=lambda one: (-(one[1][-1]["n"] or 0), one[0]))]


def _line(row: Row, by: list[str]) -> list[str]:
    names = [row[name] or "unknown" for name in by]
    if row.get("is_suppressed"):
        return [*names, f"{row['at']:%Y-%m-%d}", "few", *[""] * (2 + len(_CHANGES))]
    share = "" if row["share"] is None else f"{row['share']:.1%}"
    between = f"±{(row['n_upper'] - row['n_lower']) / 2:,.0f}" if "n_lower" in row else ""
    hhi = "" if row.get("hhi") is None else f"{row['hhi']:.0f}"
    hidden = "" if row.get("change") is None else "few"
    parts = [hidden if row.get(name) is None else f"{row[name]:+,}" for name in _CHANGES]
    return [*names, f"{row['at']:%Y-%m-%d}", f"{row['n']:,}{between}", share, hhi, *parts]


def _head(one: Row) -> str:
    at = f"{one['at']:%Y-%m-%d} scan {one['scan'][:8]}"
    if "epsilon" in one:
        spent = f"epsilon {one['epsilon']:g}, {one['epsilon_spent']:g} spent on it so far"
        return f"{at}: about {one['base']:,} devices, with noise: {spent}"
    counted, base = ("few" if one[name] is None else f"{one[name]:,}" for name in ("counted", "base"))
    return f"{at}: {one['n_devices']:,} devices, {counted} of {base} counted"


def _print(document: Row, every: bool) -> None:
    from beholden.cli.tables import print_line, print_table

    for one in document["snapshots"]:
        print_line(_head(one))
    cells = _cells(document)
    shown = cells if every else cells[:_MOST]
    heads = [*document["by"], "at", "devices", "share", "HHI", "change", "new", "gone", "re-id", "ruled"]
    rows = [_line(row, document["by"]) for of_cell in shown for row in of_cell]
    print_table(heads, rows, whole=heads[len(document["by"]) :])
    if len(cells) > len(shown):
        print_line(f"… {len(cells) - len(shown)} more cells; --all shows them")


def _draw(document: Row, path: Path) -> None:
    from beholden.report.lines import Line
    from beholden.report.lines import chart as drawn

    at = {one["scan"]: place for place, one in enumerate(document["snapshots"])}
    lines = []
    for rows in _cells(document):
        counts: list[int | None] = [None] * len(at)
        for row in rows:
            counts[at[row["scan"]]] = row["n"]
        lines.append(Line(", ".join(rows[0][name] or "unknown" for name in document["by"]), counts))
    times = [one["at"] for one in document["snapshots"]]
    path.write_text(drawn(f"Devices by {', '.join(document['by'])}", times, lines), encoding="utf-8")


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
@click.option("--epsilon", type=float, metavar="E",
              help="Publish with noise of differential privacy, which spends E of each snapshot's budget.")  # fmt: skip
@click.option("--budget", type=float, default=2.0, show_default=True, help="Privacy budget of each snapshot.")
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the largest cells over time to this SVG.",
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
    epsilon: float | None,
    budget: float,
    chart: Path | None,
    every: bool,
    as_json: bool,
) -> None:
    """Count devices over the scans of a store: counts, shares and base, and what their change is made of.

    A change is the devices that are new, less those gone, and those that moved between cells: re-identified by
    other evidence, or re-ruled by other knowledge of the same evidence. The parts sum to the change.
    """
    from beholden.pipeline.fleet.census import Question, answer
    from beholden.pipeline.fleet.privacy import private_census
    from beholden.pipeline.opening import open_knowledge, open_store

    question = Question(by.split(","), over, where, of, scans, concentration, least, sample)
    if epsilon is None:
        document = answer(open_store(store), question, lambda: open_knowledge(say))
    elif sample != 1.0:
        raise click.UsageError("--epsilon counts every device; leave out --sample")
    else:
        document = private_census(open_store(store), question, epsilon, budget, lambda: open_knowledge(say))
    if chart is not None:
        _draw(document, chart)
    if as_json:
        print_json(document)
    else:
        _print(document, every)
