"""Golden files of every reader of exports: what a file says, row by row, and what is wrong with it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests import golden

from beholden.ingest.formats import HEAD, reader_of, recognise
from beholden.ingest.read import Options

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
COLUMNS = {
    "observations": [
        "locator",
        "subject_kind",
        "subject",
        "property",
        "value",
        "first_seen_at",
        "last_seen_at",
        "n",
    ],
    "flows": [
        "first_seen_at",
        "protocol",
        "client_ip",
        "client_port",
        "server_ip",
        "server_port",
        "client_bytes",
        "server_bytes",
    ],
    "lookups": ["locator", "client_ip", "name", "address", "first_seen_at", "n"],
}


def rows(piece, names):
    """Give the rows of a table or file as lines of text."""
    table = piece if isinstance(piece, pa.Table) else pq.read_table(piece)
    told = table.select([name for name in names if name in table.column_names]).to_pylist()
    return [" | ".join("" if cell is None else str(cell) for cell in row.values()) for row in told]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    problems = []
    source = next(path for path in case.iterdir() if path.stem == "input")
    kind, reason = recognise(source.read_bytes()[:HEAD], source)
    assert kind is not None, reason
    read = reader_of(kind).read(source, "e" * 64, report=problems.append, options=Options())
    told = {
        "kind": read.kind,
        "n_records": read.n_records,
        "n_rejected": read.n_rejected,
        "first_seen_at": read.first_seen_at,
        "last_seen_at": read.last_seen_at,
        "problems": [str(one).replace(str(source), source.name) for one in problems],
    }
    told |= {
        name: rows(getattr(read, name), columns) for name, columns in COLUMNS.items() if hasattr(read, name)
    }
    golden.check(case / "expected.json", told)
