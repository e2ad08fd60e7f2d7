"""beholden knowledge: show, check and look up what is known, with its sources."""

from typing import Any

import click

from beholden.cli.options import json_option, print_json, say
from beholden.cli.tables import print_line, print_table

Row = dict[str, Any]


@click.group(name="knowledge")
def command() -> None:
    """Show, check and look up knowledge."""


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
    """Load every pack afresh; the first row that cannot be taken is named and the exit code is 1."""
    from beholden.knowledge.base import knowledge_root
    from beholden.knowledge.build import compile_all

    rows = {name: table.num_rows for name, table in compile_all(knowledge_root()).items()}
    if as_json:
        print_json({"ok": True, "rows": rows})
    else:
        print_table(["table", "rows"], [[name, str(n)] for name, n in rows.items()])
        print_line("all sources present, dates read, ids resolve, no ownership turns in a circle")


@command.command(name="lookup")
@click.argument("value")
@click.option(
    "--at", "address", metavar="IP", help="where a domain name was seen: adds the address's holder."
)
@json_option
def lookup(value: str, address: str | None, as_json: bool) -> None:
    """Look up a MAC, IP, domain, company, IMEI or TAC, USB id or module string; gives the chain and its facts."""
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
    for fact in document["facts"]:
        print_line(f"  “{fact['text']}” — {fact['publisher']}, {fact['date']} {fact['url'] or ''}")


def _print_found(document: Row) -> None:
    for name, found in document.items():
        if name not in ("candidates", "chain", "behind", "facts", "listings"):
            print_line(f"{name}: {found}")
    if document["company"] is None:
        for row in document.get("candidates", []):
            print_line(f"  perhaps {row['company']} ({row['likeness']:.2f})")
