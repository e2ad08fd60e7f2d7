"""Every row of knowledge becomes a fact: a sentence with its source, publisher and date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from beholden.engine.schemas import from_rows
from beholden.knowledge.files import KnowledgeError, Row, read_toml
from beholden.model.ids import content_id
from beholden.model.tables import FACTS

_REQUIRED = ("title", "publisher", "date", "licence", "grade")
GRADES = ("official", "maker", "research", "press", "community")


@dataclass(frozen=True)
class Source:
    """A document that facts stand on."""

    source_id: str
    title: str
    publisher: str
    url: str
    date: str
    licence: str
    grade: str


def is_date(text: str) -> bool:
    """Tell whether a text is an ISO 8601 date, or its year or month."""
    padded = text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text
    try:
        date.fromisoformat(padded)
    except ValueError:
        return False
    return True


def load_sources(root: Path) -> dict[str, Source]:
    """Read knowledge/sources/*.toml; raises KnowledgeError for a source that lacks a field."""
    sources: dict[str, Source] = {}
    for path in sorted((root / "sources").glob("*.toml")):
        for source_id, fields in read_toml(path).get("sources", {}).items():
            place = f"sources/{path.name}: {source_id}"
            text = {name: str(value) for name, value in fields.items()}
            missing = [name for name in _REQUIRED if not text.get(name)]
            if missing:
                raise KnowledgeError(f"{place} lacks {', '.join(missing)}")
            if not is_date(text["date"]) or text["grade"] not in GRADES:
                raise KnowledgeError(f"{place} has a date or grade that cannot be read")
            if source_id in sources:
                raise KnowledgeError(f"{place} is defined twice")
            sources[source_id] = Source(source_id, *(text.get(name, "") for name in _fields()))
    return sources


def _fields() -> tuple[str, ...]:
    return ("title", "publisher", "url", "date", "licence", "grade")


class Ledger:
    """Collects facts while packs are loaded; refuses a row without a source and a date."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._rows: dict[str, dict[str, object]] = {}

    def add(self, row: Row, text: str) -> str:
        """Enter a CSV row as a fact and give its id."""
        return self.enter(row.pack, row.place, row.cells, text)

    def enter(self, pack: str, place: str, cells: Mapping[str, str], text: str) -> str:
        """Enter a fact and give its id.

        Raises KnowledgeError where the source is missing or unknown or the date cannot be read.
        """
        source = self._sources.get(cells.get("source") or "")
        if source is None:
            raise KnowledgeError(f"{place}: no known source {cells.get('source')!r}")
        when = cells.get("date") or source.date
        if not is_date(when):
            raise KnowledgeError(f"{place}: the date {when!r} cannot be read")
        fact_id = content_id("fact", pack, *(f"{name}={cells[name]}" for name in sorted(cells)))
        self._rows[fact_id] = {
            "fact_id": fact_id,
            "pack": pack,
            "text": text,
            "source_id": source.source_id,
            "publisher": source.publisher,
            "title": source.title,
            "url": cells.get("url") or source.url or None,
            "date": when,
            "licence": source.licence,
        }
        return fact_id

    def date_of(self, source_id: str) -> str:
        """Give the date of a source; raises KeyError where there is none of that id."""
        return self._sources[source_id].date

    def table(self) -> pa.Table:
        """Give all facts as the table `facts`, sorted by id."""
        return from_rows(FACTS, [self._rows[fact_id] for fact_id in sorted(self._rows)])
