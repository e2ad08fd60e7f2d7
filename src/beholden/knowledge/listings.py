"""Regulators' lists: whom they name, and which classes of products by kind, place and stage of production."""

from collections.abc import Mapping
from pathlib import Path

from beholden.knowledge.checks import check_dates, check_once, check_words
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.places import country_codes
from beholden.knowledge.rules import lineage

Rows = list[dict[str, object]]
FOREIGN = "foreign"
"""A place outside the jurisdiction of the list."""

PLACE_OF = ("production", "maker", "control", "data", "law")
"""What stands in the place: the production, the maker's seat, who controls it, its data, the law on its maker."""

STAGES = ("design", "development", "manufacture", "assembly")


def load_lists(root: Path, ledger: Ledger) -> Rows:
    """Read the lists: who keeps them, on what basis, and what they oblige whom to do."""
    rows: Rows = []
    seen: set[str] = set()
    for row in read_csv(root, "listings/lists.csv"):
        check_once(row, "list", seen)
        rows.append(
            {
                "list": row["list"],
                "title": row["title"],
                "regulator": row["regulator"],
                "jurisdiction": row["jurisdiction"] or None,
                "obliges": row["obliges"],
                "fact_id": ledger.add(row, f"{row['title']}: {row['obliges']}"),
            }
        )
    return rows


def load_listings(root: Path, ledger: Ledger, companies: Companies, lists: Rows, kinds: Rows) -> Rows:
    """Read the entries of the lists.

    An entry without a company names a class of products, or somebody whom no row of companies carries.
    `kinds` come with their descendants; no kinds, places or stages means any.
    """
    titles = {str(row["list"]): str(row["title"]) for row in lists}
    places = country_codes(root) | {FOREIGN}
    below = _below(kinds)
    rows: Rows = []
    for row in read_csv(root, "listings/listings.csv"):
        if row["list"] not in titles:
            raise KnowledgeError(f"{row.place}: no list {row['list']!r}")
        if row["company"] and row["company"] not in companies.companies:
            raise KnowledgeError(f"{row.place}: no company {row['company']!r}")
        _check_class(row, below, places)
        rows.append(_listing(row, titles[row["list"]], below, ledger))
    return rows


def _below(kinds: Rows) -> Mapping[str, frozenset[str]]:
    """Give each kind with its descendants."""
    lines = lineage(kinds)
    return {kind: frozenset(one for one, line in lines.items() if kind in line) for kind in lines}


def _check_class(row: Row, below: Mapping[str, frozenset[str]], places: frozenset[str]) -> None:
    check_dates(row, "since", "until", "updates_until")
    check_words(row, "kinds", below)
    check_words(row, "places", places)
    check_words(row, "place_of", PLACE_OF)
    check_words(row, "stages", STAGES)
    if not (row["named_as"] or row["kinds"] or row["places"]):
        raise KnowledgeError(f"{row.place}: names neither anybody nor a kind nor a place")
    if (row["places"] or row["stages"]) and not row["place_of"]:
        raise KnowledgeError(f"{row.place}: what stands in the place is not said")


def _listing(row: Row, title: str, below: Mapping[str, frozenset[str]], ledger: Ledger) -> dict[str, object]:
    condition = f" ({row['condition']})" if row["condition"] else ""
    text = f"{title} names {row['named_as'] or row['product_class']}{condition}"
    kinds = frozenset[str]().union(*(below[kind] for kind in row["kinds"].split()))
    return {
        "list": row["list"],
        "title": title,
        "company": row["company"] or None,
        "named_as": row["named_as"],
        "product_class": row["product_class"] or None,
        "kinds": " ".join(sorted(kinds)) or None,
        "places": row["places"] or None,
        "place_of": row["place_of"] or None,
        "stages": row["stages"] or None,
        "condition": row["condition"] or None,
        "includes_affiliates": row["includes_affiliates"] == "yes",
        "since": row["since"] or None,
        "until": row["until"] or None,
        "updates_until": row["updates_until"] or None,
        "updates_fact_id": _updates(row, title, ledger),
        "fact_id": ledger.add(row, text),
    }


def _updates(row: Row, title: str, ledger: Ledger) -> str | None:
    """Enter until when what is already in use may still be updated; it stands on a source of its own."""
    if not row["updates_until"]:
        return None
    text = f"{title}: {row['product_class'] or row['named_as']} may be updated until {row['updates_until']}"
    cells = {"source": row["updates_source"], "list": row["list"], "updates_until": row["updates_until"],
             "product_class": row["product_class"], "named_as": row["named_as"]}  # fmt: skip
    return ledger.enter(row.pack, row.place, cells, text)
