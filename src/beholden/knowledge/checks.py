"""Refuse a row whose cell is no date or no word of its vocabulary; an empty cell is unknown and passes."""

from collections.abc import Collection

from beholden.knowledge.facts import is_date
from beholden.knowledge.files import KnowledgeError, Row


def check_dates(row: Row, *columns: str) -> None:
    """Raise KnowledgeError where a cell of these columns is stated and is no date."""
    for column in columns:
        if row[column] and not is_date(row[column]):
            raise KnowledgeError(f"{row.place}: {column} {row[column]!r} is no date")


def check_words(row: Row, column: str, known: Collection[str]) -> None:
    """Raise KnowledgeError where a word of a cell is not known."""
    for word in row[column].split():
        if word not in known:
            raise KnowledgeError(f"{row.place}: {column} has no {word!r}")


def check_once(row: Row, column: str, seen: set[str]) -> None:
    """Raise KnowledgeError where a key is empty or stands twice; remembers it."""
    if not row[column] or row[column] in seen:
        raise KnowledgeError(f"{row.place}: the {column} {row[column]!r} is empty or stands twice")
    seen.add(row[column])
