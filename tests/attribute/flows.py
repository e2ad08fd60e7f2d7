"""Flows of devices in a few words."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from beholden.engine.schemas import arrow_schema
from beholden.model.tables import FLOWS

START = datetime(2026, 1, 1, tzinfo=UTC)
FLOW_SCHEMA = pa.schema(
    [
        *(one for one in arrow_schema(FLOWS) if one.name not in ("evidence_id", "locator")),
        ("place", pa.int64()),
    ]
)
NOBODY = pa.schema([("address", pa.string()), ("certified", pa.string())]).empty_table()
"""No certificate names anybody."""


def flow(**fields):
    """Give one conversation of device `d` with a public address."""
    at = fields.pop("at", 0)
    return {
        "protocol": "tcp",
        "client_ip": "192.168.1.10",
        "server_ip": "60.0.0.1",
        "client_port": 50000,
        "server_port": 443,
        "client_packets": 1,
        "server_packets": 1,
        "client_bytes": 100,
        "server_bytes": 10,
        "first_seen_at": START + timedelta(hours=at),
        "last_seen_at": START + timedelta(hours=at, minutes=1),
        "n_syn": 0,
        "is_established": True,
        "client_device_id": "d",
        "place": 7 + at,
    } | fields


def flow_table(rows):
    return pa.Table.from_pylist(list(rows), schema=FLOW_SCHEMA)
