"""Write the reference pages from the code and the knowledge they speak of; `--check` says whether they are fresh."""  # noqa: INP001

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
REFERENCE = DOCS / "reference"
NOTE = "<!-- Written by docs/generate.py; `make docs` writes it anew. -->\n\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Make a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(one) for one in line) + " |" for line in lines) + "\n"


def cell(value: object) -> str:
    """Make one cell: one line, bars escaped."""
    return " ".join(str("" if value is None else value).split()).replace("|", "\\|")


def code(value: object) -> str:
    """Mark a value as code, nothing as nothing."""
    return f"`{value}`" if value not in (None, "") else ""


def data_dictionary() -> str:
    """Describe every table and column of the model."""
    from beholden.model.cards import CARD_TABLES  # noqa: PLC0415
    from beholden.model.tables import TABLES  # noqa: PLC0415

    text = (
        "# Data dictionary\n\nStages meet in these tables; a scan is a folder with one Parquet file of each. "
        "Instants are microseconds since the epoch in UTC. Tables whose name begins with `card` are those of "
        "`fleet cards` and stand beside those of a scan.\n"
    )
    for one in (*TABLES, *CARD_TABLES):
        text += f"\n## {one.name}\n\nOne row: {one.row}.\n\n"
        rows = [(code(c.name), c.type, c.unit, "yes" if c.nullable else "", c.meaning) for c in one.columns]
        text += table(("column", "type", "unit", "may be null", "meaning"), rows)
    return text


def properties() -> str:
    """Describe every property that an observation may carry."""
    from beholden.model.properties import PROPERTIES  # noqa: PLC0415

    rows = [(code(name), meaning) for name, meaning in PROPERTIES.items()]
    return "# Properties\n\nWhat an observation may say of its subject.\n\n" + table(
        ("property", "meaning"), rows
    )


def readers() -> str:
    """Describe every kind of evidence, protocol and recognised inventory column."""
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415
    from beholden.ingest.formats import all_readers  # noqa: PLC0415
    from beholden.knowledge.files import read_csv  # noqa: PLC0415

    kinds = [(code(one.name), one.reads, one.yields, one.limits) for one in all_readers()]
    protocols = [
        (code(one.name), one.transport, " ".join(map(str, one.ports)) or "by content", one.reference)
        for one in PROTOCOLS
    ]
    names: dict[str, list[str]] = {}
    for row in read_csv(ROOT / "knowledge", "vocabulary/inventory_columns.csv"):
        names.setdefault(row["property"], []).append(row["name"])
    columns = [(code(name), ", ".join(sorted(set(said)))) for name, said in sorted(names.items())]
    names = {}
    for row in read_csv(ROOT / "knowledge", "vocabulary/card_columns.csv"):
        factor = f" (× {int(row['factor']):,})" if row["factor"] != "1" else ""
        names.setdefault(row["column"], []).append(row["name"] + factor)
    of_cards = [(code(name), ", ".join(sorted(said))) for name, said in sorted(names.items())]
    return (
        "# Evidence\n\nThe kind is recognised from the content, never from the name.\n\n"
        + table(("reader", "reads", "yields", "ends at"), kinds)
        + "\n## Protocols\n\nWhat packets are dissected for.\n\n"
        + table(("protocol", "over", "ports", "reference"), protocols)
        + "\n## What protocols tell\n\nOne row: an example that the tests read, where it is from, and the "
        "properties it gives; those that tell nothing are not here.\n\n"
        + table(("protocol", "example", "from", "tells"), examples())
        + "\n## Columns of inventories\n\nNames that are recognised, whatever their case and spacing; "
        "a [mapping file](../how-to/inventory.md) names others.\n\n"
        + table(("means", "names"), columns)
        + "\n## Columns of exports of cards\n\nWhat [`fleet cards`](../cards.md) recognises, whatever case and "
        "spacing.\n\n" + table(("means", "names"), of_cards)
    )


def examples() -> list[tuple[str, str, str, str]]:
    """Tell of every example of a protocol what it is, where it is from, and what it tells."""
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415

    rows = []
    for name in dict.fromkeys(one.name for one in PROTOCOLS):
        path = ROOT / "tests" / "ingest" / "dissect" / "examples" / f"{name}.toml"
        for one in tomllib.loads(path.read_text("utf-8"))["example"]:
            told = [*(said[1] for said in one["seen"]), *("look-up" for _ in one.get("answers", []))]
            if told:
                rows.append(
                    (code(name), one["title"], one["source"], " ".join(map(code, dict.fromkeys(told))))
                )
    return rows


def rules() -> str:
    """Describe every rule and signal with weight, base rate, half-life, reason and source."""
    from beholden.knowledge.files import read_csv, read_yaml  # noqa: PLC0415
    from beholden.model.risks import CATEGORIES, FACTOR_MEANINGS  # noqa: PLC0415

    root = ROOT / "knowledge"
    text = (
        "# Rules and signals\n\nA rule turns a signal into evidence for a proposition of one factor of one risk. "
        "Weights and base rates are declared priors unless the source says otherwise.\n\n"
    )
    text += table(("factor", "meaning"), FACTOR_MEANINGS.items())
    for category in CATEGORIES:
        text += f"\n## {category}\n\n"
        rows = []
        for path in sorted((root / "rules" / category).glob("*.yaml")):
            rule: Any = read_yaml(path)
            rows.append(
                (
                    code(rule["id"]), rule["factor"], rule["title"], code(rule["signal"]), rule["weight"],
                    rule["base_rate"], rule.get("half_life_days"), rule["rationale"], code(rule["source"]),
                )
            )  # fmt: skip
        text += table(
            ("rule", "factor", "title", "signal", "weight", "base rate", "half-life, days", "why", "source"),
            rows,
        )
    signals = [
        (code(row["signal"]), row["meaning"], row["strength"], row["parameters"])
        for row in read_csv(root, "rules/signals.csv")
    ]
    text += "\n## Signals\n\n" + table(("signal", "meaning", "strength", "parameters"), signals)
    return text + card_rules()


def card_rules() -> str:
    """Describe every rule over the use of cards."""
    from beholden.knowledge.files import read_yaml  # noqa: PLC0415

    rows = []
    for path in sorted((ROOT / "knowledge" / "cards").glob("*.yaml")):
        rule: Any = read_yaml(path)
        parameters = " ".join(f"{name}={value}" for name, value in rule.get("parameters", {}).items())
        said = (
            code(rule["id"]),
            rule["title"],
            code(rule["signal"]),
            parameters,
            rule["action"],
            rule["rationale"],
        )
        rows.append((*said, code(rule["source"])))
    return (
        "\n## Cards\n\nRules of [`fleet cards`](../cards.md); they hold for cards. Beside the devices of a scan they are "
        "findings without weight, which score nothing.\n\n"
        + table(("rule", "title", "signal", "parameters", "action", "why", "source"), rows)
    )


def profiles() -> str:
    """Describe every shipped profile."""
    from beholden.model.risks import CATEGORIES  # noqa: PLC0415

    text = (
        "# Profiles\n\nWhose eyes: jurisdictions of concern, lists that count, severities. A profile never changes "
        "the formula and never the evidence. `--profile` takes one of these names or the path of a TOML file "
        "with the same keys.\n\n"
    )
    found = {
        path.stem: tomllib.loads(path.read_text("utf-8"))
        for path in sorted((ROOT / "knowledge" / "profiles").glob("*.toml"))
    }
    keys = ("title", "home", "concern_mode", "concern", "lists", "gamma", "default_criticality")
    rows = [
        [code(key), *(spoken(one.get(key, "")) for one in found.values())] for key in keys
    ] + [
        [f"severity of `{name}`", *(one["severities"][name] for one in found.values())] for name in CATEGORIES
    ]  # fmt: skip
    return text + table(["key", *map(code, found)], rows)


def spoken(value: object) -> str:
    """Write a value of a profile."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def sources() -> str:
    """List every source of knowledge."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "knowledge" / "sources").glob("*.toml")):
        found |= tomllib.loads(path.read_text("utf-8"))["sources"]
    rows = [
        (
            code(name),
            one["title"],
            one["publisher"],
            one.get("url", ""),
            one["date"],
            one["licence"],
            one["grade"],
        )
        for name, one in sorted(found.items())
    ]
    return "# Sources\n\nEvery row of knowledge names one of these.\n\n" + table(
        ("source", "title", "publisher", "page", "date", "licence", "grade"), rows
    )


def command_line() -> str:
    """Describe every verb from its own help."""
    from beholden.cli import VERBS, cli  # noqa: PLC0415

    context = click.Context(cli, info_name="beholden")
    text = "# Command line\n\n" + table(
        ("verb", "what it does"), [(code(v), line) for v, line in VERBS.items()]
    )
    for verb in VERBS:
        command = cli.get_command(context, verb)
        assert command is not None  # noqa: S101 - every verb has its module
        text += help_of(command, f"beholden {verb}", context)
    return text


def help_of(command: click.Command, name: str, parent: click.Context) -> str:
    """Give the help of a verb, and of what stands under it."""
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, max_content_width=100)
    context.terminal_width = 100
    text = f"\n## {name}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for inner in sorted(command.list_commands(context)):
            below = command.get_command(context, inner)
            assert below is not None  # noqa: S101 - every subverb has its module
            text += help_of(below, f"{name} {inner}", context)
    return text


PAGES: dict[str, Callable[[], str]] = {
    "data-dictionary.md": data_dictionary,
    "properties.md": properties,
    "evidence.md": readers,
    "rules.md": rules,
    "profiles.md": profiles,
    "sources.md": sources,
    "command-line.md": command_line,
}


def main() -> int:
    """Write the pages, or with --check name those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    is_check = parser.parse_args().check
    stale = []
    for name, write in PAGES.items():
        path, text = REFERENCE / name, NOTE + write()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not is_check:
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"docs/reference/{name}: {'stale; run `make docs`' if is_check else 'written'}")  # noqa: T201
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
