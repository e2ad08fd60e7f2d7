"""Regulators' lists and whom they name."""

from pathlib import Path

from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv

Rows = list[dict[str, object]]


def load_lists(root: Path, ledger: Ledger) -> Rows:
    """Read the lists: who keeps them, on what basis, and what they oblige whom to do."""
    return [
        {
            "list": row["list"],
            "title": row["title"],
            "regulator": row["regulator"],
            "jurisdiction": row["jurisdiction"] or None,
            "obliges": row["obliges"],
            "fact_id": ledger.add(row, f"{row['title']}: {row['obliges']}"),
        }
        for row in read_csv(root, "listings/lists.csv")
    ]


def load_listings(root: Path, ledger: Ledger, companies: Companies, lists: Rows) -> Rows:
    """Read the entries of the lists; an entry without a company names a class of products."""
    titles = {str(row["list"]): str(row["title"]) for row in lists}
    rows: Rows = []
    for row in read_csv(root, "listings/listings.csv"):
        if row["list"] not in titles:
            raise KnowledgeError(f"{row.place}: no list {row['list']!r}")
        if row["company"] and row["company"] not in companies.companies:
            raise KnowledgeError(f"{row.place}: no company {row['company']!r}")
        condition = f" ({row['condition']})" if row["condition"] else ""
        text = f"{titles[row['list']]} names {row['named_as'] or row['product_class']}{condition}"
        rows.append(
            {
                "list": row["list"],
                "title": titles[row["list"]],
                "company": row["company"] or None,
                "named_as": row["named_as"],
                "product_class": row["product_class"] or None,
                "condition": row["condition"] or None,
                "includes_affiliates": row["includes_affiliates"] == "yes",
                "since": row["since"] or None,
                "until": row["until"] or None,
                "fact_id": ledger.add(row, text),
            }
        )
    return rows
