"""Observations and judgements in a few words."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from beholden.engine import from_rows
from beholden.engine.schemas import arrow_schema
from beholden.identify.resolve import resolve
from beholden.model.tables import JUDGEMENTS, OBSERVATIONS

START = datetime(2026, 1, 1, tzinfo=UTC)
CAM, PHONE, ROUTER = "00:11:22:00:00:01", "00:11:22:00:00:02", "00:11:22:00:00:03"
RANDOM = "02:11:22:00:00:04"
NO_JUDGEMENTS = from_rows(JUDGEMENTS, [])
_KEPT = [
    field
    for field in arrow_schema(OBSERVATIONS)
    if field.name not in ("evidence_id", "locator_kind", "locator")
]
SCHEMA = pa.schema([*_KEPT, pa.field("place", pa.int64())])


def seen(subject, name, value, *, kind="mac", mac=None, at=1):
    """Give one observation, `at` hours after the start."""
    when = START + timedelta(hours=at)
    return {
        "subject_kind": kind,
        "subject": subject,
        "mac": mac,
        "property": name,
        "value": value,
        "n": 1,
        "first_seen_at": when,
        "last_seen_at": when,
        "place": at,
    }


def stated(serial, *pairs, kind="serial", at=1):
    """Give the observations of one inventory row, which is known by its strongest identifier."""
    return [
        seen(serial, f"inventory.{name}" if name != "mac" else name, value, kind=kind, at=at)
        for name, value in pairs
    ]


def frame(engine, rows):
    return engine.bind(pa.Table.from_pylist(rows, schema=SCHEMA))


def judged(*rows):
    """Give judgements (action, subject, object)."""
    return from_rows(
        JUDGEMENTS,
        [
            {
                "judgement_id": f"j{number}",
                "made_at": START,
                "action": action,
                "subject": subject,
                "object": other,
                "reason": "because",
            }
            for number, (action, subject, other) in enumerate(rows)
        ],
    )


def devices_of(engine, rows, judgements=NO_JUDGEMENTS):
    """Give (kind, subject, mac) → device_id as resolve finds them."""
    resolved = resolve(engine, frame(engine, rows), judgements)
    return {
        (row["subject_kind"], row["subject"], row["mac"]): row["device_id"]
        for row in engine.collect(resolved.subjects).to_pylist()
    }
