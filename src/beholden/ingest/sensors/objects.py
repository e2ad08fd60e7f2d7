"""JSON objects, one a line, into typed columns at the speed of Arrow."""

import pyarrow as pa
import pyarrow.json as pajson

from beholden.ingest.unpack import is_utf8


def parsed(data: bytes, schema: pa.Schema) -> pa.Table | None:
    """Read objects of a schema; None where one of them is damaged or of other types, for the careful way."""
    if not is_utf8(data):
        return None
    try:
        return pajson.read_json(
            pa.BufferReader(data),
            pajson.ReadOptions(use_threads=False, block_size=len(data) + 1),
            pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None
