"""beholden fleet cards: exports of connectivity platforms in, findings about cards and files of bulk actions out."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beholden.cli.engines import engine_options, open_engine
from beholden.cli.options import json_option, print_json, profile_option, say
from beholden.cli.problems import Problems
from beholden.cli.tables import print_table

if TYPE_CHECKING:
    from beholden.engine.store import Store
    from beholden.knowledge.base import Knowledge
    from beholden.pipeline.card_devices import Entered
    from beholden.pipeline.cards import CardRun


@click.command(name="cards")
@click.argument("inputs", nargs=-1, required=True)
@engine_options
@profile_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for card_findings.parquet and card_evidence.parquet.")  # fmt: skip
@click.option("--actions", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for block.csv, throttle.csv, rebind.csv and actions.json; nothing is sent.")  # fmt: skip
@click.option("--least", type=click.FloatRange(0, 1), default=0.5, show_default=True,
              help="Strength from which a finding is worth an action.")  # fmt: skip
@click.option("--store", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Store with the cards' devices; a scan with these findings is put into it.")  # fmt: skip
@click.option("--scan", "scan_prefix", help="Id of that scan, or its beginning; default the newest.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True,
              help="Findings shown; with --json all are.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 2 where an export had a problem.")
@json_option
def command(
    inputs: tuple[str, ...],
    engine_name: str,
    master: str | None,
    memory: int,
    profile: str,
    out: Path | None,
    actions: Path | None,
    least: float,
    store: Path | None,
    scan_prefix: str | None,
    limit: int,
    strict: bool,
    as_json: bool,
) -> None:
    """Read use of cards by day and lists of cards (Parquet, delimited text, folders of them), and hold rules to them."""
    from beholden.knowledge.profiles import load_profile
    from beholden.pipeline.card_actions import write_actions
    from beholden.pipeline.cards import run_cards
    from beholden.pipeline.opening import open_knowledge, open_store

    problems = Problems()
    knowledge = open_knowledge(say)
    opening = partial(open_engine, engine_name, master, memory)
    run = run_cards(inputs, knowledge, load_profile(knowledge, profile), problems, opening)
    entered = None
    if store is not None:
        run, entered = _entered(run, open_store(store), scan_prefix, knowledge)
    if out is not None:
        run.write(out)
    acted = write_actions(run.findings, actions, least) if actions is not None else {}
    if as_json:
        scan = {} if entered is None else {"scan": asdict(entered)}
        print_json({**run.counts, **scan, "rules": run.by_rule(), "actions": acted, "findings": run.rows()})
    else:
        _print(run, limit, acted)
        if entered is not None:
            told = (
                f"findings of {entered.n_devices:,} devices; {entered.n_unknown:,} cards are of none it has"
            )
            click.echo(f"Scan {entered.scan_id}: {told}")
    problems.end(strict=strict)


def _entered(
    run: "CardRun", store: "Store", prefix: str | None, knowledge: "Knowledge"
) -> tuple["CardRun", "Entered"]:
    """Find the devices of the cards, and put their scan into the store with what was found."""
    from beholden.pipeline.card_devices import enter, with_devices, without_cards

    scan_id = without_cards(store, prefix)
    run = replace(run, findings=with_devices(store, scan_id, run.findings))
    return run, enter(store, scan_id, (run.findings, run.evidence), run.files, knowledge, datetime.now(UTC))


def _print(run: "CardRun", limit: int, acted: dict[str, int]) -> None:
    of = run.counts
    click.echo(f"{of['cards']:,} cards, {of['rows']:,} rows, {of['first_day']} to {of['last_day']}")
    click.echo("")
    rules = [
        [row["title"], f"{row['cards']:,}", f"{row['strength']:.2f}", row["action"]] for row in run.by_rule()
    ]
    if rules:
        print_table(
            ["rule", "cards", "strongest", "action"], rows=rules, whole=("cards", "strongest", "action")
        )
    else:
        click.echo("No rule holds for any of them.")
    shown = run.rows(limit)
    if shown:
        click.echo("")
        print_table(
            ["card", "strength", "last day", "what"],
            [_line(row) for row in shown],
            whole=("card", "last day"),
        )
    if run.findings.num_rows > len(shown):
        click.echo(f"… {run.findings.num_rows - len(shown):,} more; --json or --out gives all")
    if acted:
        click.echo("")
        click.echo("Written: " + ", ".join(f"{name} {n:,} cards" for name, n in acted.items()))


def _line(row: dict[str, Any]) -> list[str]:
    return [row["card"], f"{row['strength']:.2f}", row["last_day"] or "", row["detail"]]
