"""What the records of an export say, one at a time, on its way to the columns of a log.

Exports are documents, not tables: their records are walked in Python, and handed on a batch at a time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from beholden.ingest.logs import Log
from beholden.model import identifiers

_MOST = 65_536
_LONGEST = 4096
_TIME = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        pa.field("locator", pa.int64()),
        pa.field("subject_kind", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("property", pa.string()),
        pa.field("value", pa.string()),
        pa.field("first_seen_at", _TIME),
        pa.field("last_seen_at", _TIME),
    ]
)


class Subject(NamedTuple):
    """What a record speaks of."""

    kind: str
    value: str


class Statements:
    """Collects what records say of subjects; batches go on to a log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rows: list[tuple[Any, ...]] = []

    def say(
        self,
        locator: int,
        subject: Subject,
        name: str,
        value: object,
        first: datetime | None = None,
        last: datetime | None = None,
    ) -> None:
        """Take one statement; an empty value says nothing, a long one is cut."""
        text = str(value if value is not None else "").strip()
        if text:
            self._rows.append((locator, *subject, name, text[:_LONGEST], first, last or first))
        if len(self._rows) >= _MOST:
            self.flush()

    def about(
        self, locator: int, subject: Subject, first: datetime | None, last: datetime | None
    ) -> Callable[[str, object], None]:
        """Give what takes a property and its value of one subject; what is neither text nor number says nothing."""

        def say(name: str, value: object) -> None:
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                self.say(locator, subject, name, value, first or last, last or first)

        return say

    def flush(self) -> None:
        """Hand on what was collected."""
        columns = zip(*self._rows, strict=True) if self._rows else [[] for _ in _SCHEMA]
        arrays = [pa.array(cells, field.type) for cells, field in zip(columns, _SCHEMA, strict=True)]
        self._rows = []
        if len(arrays[0]):
            self._log.observe(pa.table(arrays, schema=_SCHEMA))


def addressed(mac: object, ip: object) -> Subject | None:
    """Give the subject of a record that has a link address, else an IP address; None for neither."""
    known = identifiers.mac(str(mac or ""))
    if known and not identifiers.is_multicast_mac(known):
        return Subject("mac", known)
    address = identifiers.ip(str(ip or ""))
    return Subject("ip", address) if address and not identifiers.is_multicast_ip(address) else None


def instant(seconds: object) -> datetime | None:
    """Read seconds since 1970; None for what is none."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
