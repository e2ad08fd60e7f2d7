"""What one list names, as rows; and what was wrong with it, in one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.values import Value, value
from beholden.model.errors import Problem, Report

_TIME = pa.timestamp("us", tz="UTC")
_TYPES = {
    **dict.fromkeys(("port", "line", "character"), pa.int64()),
    **dict.fromkeys(("valid_from", "valid_until", "seen_at"), _TIME),
    "confidence": pa.float64(),
}
_COLUMNS = (
    "kind", "value", "port", "path", "signal", "confidence", "attack", "valid_from", "valid_until", "seen_at", "line",
    "character", "object_id", "says", "publisher", "marking", "url",
)  # fmt: skip
ENTRIES = pa.schema([(name, _TYPES.get(name, pa.string())) for name in _COLUMNS])
"""One row per value that a list names; seen_at is when it was last known to hold."""
_MOST_FAULTS = 20
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
NO_SIGNAL = "none"
"""In the stead of a signal: what bears this word tells of nothing that a device does."""


@dataclass(frozen=True)
class Words:
    """The vocabulary that lists are read by: kinds of types, and what words say of signal and confidence."""

    types: Mapping[tuple[str, str], str]
    signals: Mapping[str, str]
    confidences: Mapping[str, float]
    markings: Mapping[str, str]

    @classmethod
    def of(cls, knowledge: Knowledge) -> "Words":
        """Read the vocabulary."""
        types = {(row["form"], row["type"]): row["kind"] for row in knowledge.rows("indicator_types")}
        words = knowledge.rows("indicator_words")
        return cls(
            types,
            {row["word"]: row["signal"] for row in words if row["signal"]},
            {row["word"]: row["confidence"] for row in words if row["confidence"] is not None},
            {row["id"]: row["marking"] for row in knowledge.rows("indicator_markings")},
        )

    def read(self, words: list[str]) -> dict[str, Any]:
        """Give signal and confidence by the first words that tell them."""
        folded = [word.strip().lower() for word in words]
        signals = [self.signals[word] for word in folded if word in self.signals]
        sure = [self.confidences[word] for word in folded if word in self.confidences]
        return {"signal": signals[0] if signals else None, "confidence": sure[0] if sure else None}


@dataclass
class Faults:
    """Tells of bad lines, one line each; of many only the first."""

    file: str
    report: Report
    n: int = 0

    def tell(self, place: str, wrong: str, done: str = "left out") -> None:
        """Tell of one."""
        self.n += 1
        if self.n <= _MOST_FAULTS:
            self.report(Problem(self.file, place, wrong, done))

    def finish(self) -> None:
        """Say how many were not told."""
        if self.n > _MOST_FAULTS:
            self.report(Problem(self.file, "", f"{self.n - _MOST_FAULTS:,} more like these", "left out"))


@dataclass
class Entries:
    """Takes what a list names, one after the other."""

    words: Words
    faults: Faults
    title: str = ""
    publisher: str = ""
    marking: str = ""
    date: datetime | None = None
    said: dict[str, Any] = field(default_factory=dict)
    """What the list says of all it names: signal, confidence, valid_until."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)

    def add(self, kinds: str, text: str, place: str, fields: Mapping[str, Any]) -> None:
        """Take a value of a type; `name|address` are parts of it that hold alone, and `port` narrows the others."""
        parts = text.split("|") if "|" in kinds else [text]
        named = list(zip(kinds.split("|"), parts, strict=False))
        port = next((part for kind, part in named if kind == "port"), None)
        for kind, part in named:
            if kind in ("", "port"):
                continue
            found = value(kind, part)
            if isinstance(found, str):
                self.faults.tell(place, f"{part[:60]!r}: {found}")
            else:
                narrowed = int(port) if port and port.isdecimal() else fields.get("port")
                self.rows.append({**fields, **told(found), "port": found.port or narrowed})

    def table(self) -> pa.Table:
        """Give the rows, with what the list says of all where they say nothing themselves."""
        rows = pa.Table.from_pylist(self.rows, schema=ENTRIES)
        return pa.concat_tables([*self.tables, rows])


def told(found: Value) -> dict[str, Any]:
    """Give the columns of a value."""
    return {"kind": found.kind, "value": found.text, "port": found.port, "path": found.path}


def instant(text: object) -> datetime | None:
    """Read an instant of ISO 8601, or of seconds since the epoch; UTC where no zone is told.

    What means for ever, or always, lies so that the life of a kind can be added to it.
    """
    plain = str(text or "").strip()
    try:
        if plain.isdecimal() and len(plain) > len("20260101"):
            return datetime.fromtimestamp(int(plain), UTC)
        read = datetime.fromisoformat(plain)
        told = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        return min(max(told, _EARLIEST), _LATEST)
    except (ValueError, OverflowError, OSError):
        return None


Reader = Callable[[str, Entries], None]
