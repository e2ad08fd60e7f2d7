"""What kinds of device need at most in a day, those below a kind with it."""

import pyarrow as pa

from beholden.knowledge.base import Knowledge
from beholden.knowledge.rules import lineage

_MB = 1_000_000
_SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("bytes_needed", pa.float64()),
        pa.field("up_needed", pa.float64()),
        pa.field("sms_needed", pa.float64()),
    ]
)


def classes(knowledge: Knowledge) -> pa.Table:
    """Give what each kind needs; a kind without a row takes the nearest above it, one with none above is left out."""
    stated = {row["kind"]: row for row in knowledge.rows("card_classes")}
    rows = []
    for kind, line in lineage(knowledge.rows("kinds")).items():
        found = next((stated[name] for name in line if name in stated), None)
        if found:
            rows.append(
                {
                    "kind": kind,
                    "bytes_needed": found["mb_a_day"] * _MB,
                    "up_needed": found["mb_up_a_day"] * _MB,
                    "sms_needed": found["sms_a_day"],
                }
            )
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
