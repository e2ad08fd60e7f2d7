"""Sectors: which part of the economy a device serves, by the words of who owns it, else by its kind."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv


def load_sectors(root: Path, ledger: Ledger, kinds: Iterable[Mapping[str, object]]) -> list[dict[str, str]]:
    """Read which sector the words of an owner's or a function's name, or the kind of a device, stand for.

    Raises KnowledgeError for a kind that there is not.
    """
    known = {row["kind"] for row in kinds}
    rows: list[dict[str, str]] = []
    for row in read_csv(root, "vocabulary/sectors.csv"):
        if row["reads"] == "kind" and row["value"] not in known:
            raise KnowledgeError(f"{row.place}: no kind {row['value']!r}")
        fact_id = ledger.add(row, f"{row['reads']} {row['value']} is of the sector {row['sector']}")
        rows.append({name: row[name] for name in ("reads", "value", "sector")} | {"fact_id": fact_id})
    return rows
