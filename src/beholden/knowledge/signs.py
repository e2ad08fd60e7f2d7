"""Vocabulary by which traffic is read: what conversations carry, which software is old, who vouches for certificates."""

from pathlib import Path

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.model.properties import PROPERTIES

Rows = list[dict[str, object]]


def load_contents(root: Path, ledger: Ledger) -> Rows:
    """Read what a service of a cloud or a port, as protocol/port, says of the content of a conversation."""
    return [
        {
            **{name: row[name] for name in ("content", "services", "ports", "title")},
            "fact_id": ledger.add(row, f"{row['services']} {row['ports']} carry {row['title']}".strip()),
        }
        for row in read_csv(root, "vocabulary/contents.csv")
    ]


def load_old_software(root: Path, ledger: Ledger) -> Rows:
    """Read which values of a property name software that is old: what they begin with, and before which version.

    Raises KnowledgeError for a property that no observation carries.
    """
    rows: Rows = []
    for row in read_csv(root, "vocabulary/old_software.csv"):
        if row["property"] not in PROPERTIES:
            raise KnowledgeError(f"{row.place}: no property {row['property']!r}")
        text = (
            f"{row['beginning']} {'before ' + row['before'] if row['before'] else ''} is old: {row['reason']}"
        )
        rows.append(
            {
                **{name: row[name] for name in ("property", "beginning", "before", "reason")},
                "fact_id": ledger.add(row, text),
            }
        )
    return rows


def load_authorities(root: Path, ledger: Ledger) -> Rows:
    """Read which organisations sign certificates for everybody."""
    return [
        {
            "organisation": row["organisation"],
            "fact_id": ledger.add(row, f"{row['organisation']} is a public certification authority"),
        }
        for row in read_csv(root, "vocabulary/authorities.csv")
    ]
