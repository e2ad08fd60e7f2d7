"""The vocabulary that lists of indicators are read by."""

from pathlib import Path

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv

Rows = list[dict[str, object]]
KINDS = frozenset({"address", "network", "name", "host", "url", "file", "ja4", "subject", "port", ""})
"""What a part of a value may be; `host` is an address or a name, and nothing is a part that is not read."""


def load_vocabulary(root: Path, ledger: Ledger) -> dict[str, Rows]:
    """Read how long kinds of indicators hold, what types of each form are, and what words and markings mean.

    Raises KnowledgeError for a kind that is not known, and for what is no number.
    """
    return {
        "indicator_kinds": [_kind(row, ledger) for row in read_csv(root, "vocabulary/indicator_kinds.csv")],
        "indicator_types": [_type(row) for row in read_csv(root, "vocabulary/indicator_types.csv")],
        "indicator_words": [
            {"word": row["word"], "signal": row["signal"] or None, "confidence": _number(row, "confidence")}
            for row in read_csv(root, "vocabulary/indicator_words.csv")
        ],
        "indicator_markings": [
            {"id": row["id"], "marking": row["marking"]}
            for row in read_csv(root, "vocabulary/indicator_markings.csv")
        ],
    }


def _kind(row: Row, ledger: Ledger) -> dict[str, object]:
    numbers = {name: _number(row, name) for name in ("half_life_days", "life_days", "confidence")}
    text = f"an indicator of a {row['kind']} holds {row['life_days'] or 'any number of'} days: {row['rationale']}"
    return {"kind": row["kind"], **numbers, "fact_id": ledger.add(row, text)}


def _type(row: Row) -> dict[str, object]:
    if unknown := set(row["kind"].split("|")) - KINDS:
        raise KnowledgeError(f"{row.place}: no kind {unknown}")
    return {name: row[name] for name in ("form", "type", "kind")}


def _number(row: Row, column: str) -> float | None:
    try:
        return float(row[column]) if row[column] else None
    except ValueError as error:
        raise KnowledgeError(f"{row.place}: {column} {row[column]!r} is no number") from error
