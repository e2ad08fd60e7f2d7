"""Days since 1970 as dates."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

EPOCH = date(1970, 1, 1)


def day_as_text(day: int | None) -> str | None:
    """Write a day as ISO 8601."""
    return None if day is None else (EPOCH + timedelta(days=day)).isoformat()


def days_as_text(days: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a column of days as ISO 8601."""
    return pc.cast(pc.cast(pc.cast(days, pa.int32()), pa.date32()), pa.string())
