"""beholden knowledge: show, check, look up, update and compare what is known, with its sources."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beholden.cli.options import json_option, print_json, say
from beholden.cli.problems import Problems
from beholden.cli.tables import print_line, print_table

if TYPE_CHECKING:
    from beholden.knowledge.originals import Original

Row = dict[str, Any]
GRADES = ("official", "maker", "research", "press", "community")
"""Grades of a source, as in beholden.knowledge.facts, which is not loaded for help."""


@click.group(name="knowledge")
def command() -> None:
    """Show, check, look up, update and compare knowledge."""


@command.command(name="show")
@json_option
def show(as_json: bool) -> None:
    """Count what is known: per table, per jurisdiction, per publisher."""
    from beholden.pipeline.knowing import counts
    from beholden.pipeline.opening import open_knowledge

    document = counts(open_knowledge(say))
    if as_json:
        print_json(document)
        return
    print_line(f"knowledge {document['knowledge_id']}")
    for title in ("tables", "companies by jurisdiction", "facts by publisher"):
        click.echo("")
        rows = [[name, str(n)] for name, n in document[title].items()]
        print_table([title, "n"], rows[:40])


@command.command(name="check")
@json_option
def check(as_json: bool) -> None:
    """Load every pack afresh, look for contradictions and wrong examples, and count; faults give exit code 1."""
    from beholden.knowledge.base import knowledge_root
    from beholden.pipeline.checking import check as check_all

    document = check_all(knowledge_root())
    if as_json:
        print_json(document)
    else:
        _print_counts(document, ("rows", *_COUNTED))
    for fault in document["faults"]:
        say(fault)
    if not document["ok"]:
        sys.exit(1)
    if not as_json:
        click.echo("")
        print_line("sources present, dates read, ids resolve, no circle of owners on any date,")
        print_line("no contradiction without a ruling, every example reads as it says")


_COUNTED = ("facts by pack", "companies by jurisdiction", "facts by source", "facts by grade")


def _print_counts(document: Row, titles: Sequence[str]) -> None:
    for title in titles:
        click.echo("")
        print_table([title, "n"], [[name, str(n)] for name, n in document[title].items()])


@command.command(name="update")
@click.argument("publishers", nargs=-1)
@click.option("--from", "base", metavar="URL", help="A mirror of all originals, instead of their publishers.")
@click.option("--ca", "authorities", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Certificate authorities to trust (PEM), instead of the system's.")  # fmt: skip
@click.option("--list", "is_list", is_flag=True, help="List publishers and what is in force; fetch nothing.")
@json_option
def update(
    publishers: tuple[str, ...], base: str | None, authorities: Path | None, is_list: bool, as_json: bool
) -> None:
    """Fetch registries from their publishers over HTTPS, check them, and put them in force.

    This is the only verb that reaches the network, and only when it is called. Without PUBLISHERS all are
    fetched but those on request. What cannot be taken is told in one line; the old knowledge stays in force.
    """
    from datetime import UTC, datetime

    from beholden.knowledge.base import cache_folder, shipped_root, update_folder
    from beholden.knowledge.originals import load_originals
    from beholden.knowledge.update import Publisher
    from beholden.knowledge.updating import records
    from beholden.knowledge.updating import update as run

    if is_list:
        known = records(update_folder())
        root = shipped_root()
        rows = [_listed(one, known.get(name), root) for name, one in load_originals(root).items()]
    else:
        problems = Problems()
        today = datetime.now(UTC).date().isoformat()
        publisher = Publisher(base, authorities)
        outcomes = run(shipped_root(), cache_folder(), publisher, publishers, today, problems)
        rows = [{"publisher": one.name, "state": one.state, **one.record} for one in outcomes]
    if as_json:
        print_json(rows)
    else:
        _print_originals(rows)
    if any(row["state"] == "refused" for row in rows):
        sys.exit(1)


def _listed(original: "Original", record: Row | None, root: Path) -> Row:
    if record is not None:
        return {"publisher": original.name, "state": "fetched", **record}
    is_shipped = all((root / "registries" / f"{table}.parquet").exists() for table in original.tables)
    return {
        "publisher": original.name,
        "state": "on request" if original.on_request else "as shipped" if is_shipped else "not fetched",
        "licence": original.licence,
        "tables": dict.fromkeys(original.tables),
        "source": original.source,
    }


def _print_originals(rows: Sequence[Row]) -> None:
    lines = [
        [
            row["publisher"],
            row["state"],
            row.get("date", ""),
            " ".join(row.get("tables", ())),
            row.get("licence", ""),
        ]
        for row in rows
    ]
    print_table(["publisher", "state", "of", "feeds", "licence"], lines)
    for row in rows:
        for file in row.get("files", ()):
            print_line(f"{file['sha256']}  {file['url']}")


@command.command(name="diff")
@click.argument("old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Tell two states of knowledge apart: compiled folders, folders of knowledge, or checkouts."""
    from beholden.knowledge.diff import differences, state_at

    document = differences(state_at(old), state_at(new))
    if as_json:
        print_json(document)
        return
    print_line(f"knowledge {document['old']} → {document['new']}")
    sorts = ("added", "removed", "changed")
    rows = [[name, *(str(found[sort]) for sort in sorts)] for name, found in document["tables"].items()]
    if not rows:
        print_line("no difference")
        return
    print_table(["table", *sorts], rows)
    for row in document["companies"]:
        print_line(
            f"{row['company']}: {row['what'].replace('_', ' ')} was {row['old'] or '?'}, is {row['new'] or '?'}"
        )


@command.command(name="export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write all companies and ties to FILE as FollowTheMoney entities, one a line."""
    from beholden.knowledge.base import knowledge_root
    from beholden.knowledge.facts import load_sources
    from beholden.knowledge.ftm import export as entities
    from beholden.knowledge.ftm import write_entities

    root = knowledge_root()
    print_line(f"{write_entities(file, entities(root, load_sources(root)))} entities in {file}")


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("pack", type=click.Path(file_okay=False, path_type=Path))
@click.option("--publisher", required=True, help="Who published the file.")
@click.option("--licence", required=True, help="Under which licence it is held.")
@click.option("--date", required=True, help="Of which date it is, ISO 8601.")
@click.option("--title", help="Its title; default its name.")
@click.option("--url", default="", help="Where it was published.")
@click.option("--grade", type=click.Choice(GRADES), default="community", show_default=True)
def import_(
    file: Path, pack: Path, publisher: str, licence: str, date: str, title: str | None, url: str, grade: str
) -> None:
    """Make a user pack in the folder PACK of a FollowTheMoney FILE, one entity a line."""
    from beholden.knowledge.facts import Source
    from beholden.knowledge.ftm import read_entities
    from beholden.knowledge.ftm_pack import Import
    from beholden.pipeline.opening import open_knowledge

    source = Source(pack.resolve().name, title or file.name, publisher, url, date, licence, grade)
    made = Import(source, open_knowledge(say).spellings)
    made.take(read_entities(file, Problems()))
    made.write(pack)
    for name, rows in made.rows.items():
        print_line(f"{name}: {len(rows)}")
    for schema, n in made.left_out.items():
        print_line(f"left out, {schema}: {n}")


@command.command(name="sigma")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@json_option
def sigma(paths: tuple[Path, ...], as_json: bool) -> None:
    """Say of Sigma rules in PATHS whether they run, and else why not."""
    from beholden.knowledge.sigma import judge
    from beholden.pipeline.opening import open_knowledge

    rows = [
        {"rule": one.rule_id, "title": one.rule.title, "runs": one.why is None, "why": one.why,
         "over": one.over or None, "confidence": one.confidence, "file": one.file, "line": one.line}
        for one in judge(paths, open_knowledge(say))
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        said = f"over {row['over']}" if row["runs"] else row["why"]
        print_line(
            f"{'runs' if row['runs'] else 'does not run'}: {row['title']}: {said} ({row['file']}:{row['line']})"
        )
    print_line(f"{sum(row['runs'] for row in rows)} of {len(rows)} rules run")


@command.command(name="lookup")
@click.argument("value")
@click.option(
    "--at", "address", metavar="IP", help="where a domain name was seen: adds the address's holder."
)
@json_option
def lookup(value: str, address: str | None, as_json: bool) -> None:
    """Look up a MAC, IP, domain, company, IMEI, TAC, ICCID, USB or CVE id or module string: the chain and its facts."""
    from beholden.pipeline.knowing import look_up
    from beholden.pipeline.opening import open_knowledge

    document = look_up(open_knowledge(say), value, address)
    if as_json:
        print_json(document)
        return
    _print_found(document)
    for row in document["chain"]:
        print_line(f"  {row['role']}: {row['name']} ({row['jurisdiction'] or '?'})")
    for row in document["behind"]:
        products, until = (
            row["product_class"] or "all products",
            f", until {row['until']}" if row["until"] else "",
        )
        says = f"{row['role'].replace('_', ' ')} of {products}, by {row['evidence'].replace('_', ' ')}{until}"
        print_line(f"  possible {says}: {row['name']} ({row['jurisdiction'] or '?'})")
    for row in document["listings"]:
        print_line(f"  listed: {row['title']}, as {row['entity']}, since {row['since'] or '?'}")
    for row in document["laws"]:
        by = row["compelled_access"].replace("_", " ")
        print_line(f"  law in {row['jurisdiction']}: {row['instrument']}, {row['article']}: access by {by}")
    for fact in document["facts"]:
        print_line(f"  “{fact['text']}” — {fact['publisher']}, {fact['date']} {fact['url'] or ''}")


def _print_found(document: Row) -> None:
    for name, found in document.items():
        if name not in ("candidates", "chain", "behind", "facts", "laws", "listings"):
            print_line(f"{name}: {found}")
    if document["company"] is None:
        for row in document.get("candidates", []):
            print_line(f"  perhaps {row['company']} ({row['likeness']:.2f})")
