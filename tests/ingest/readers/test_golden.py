"""Golden files of the readers of logs: `golden/<reader>/<case>/` holds inputs and what comes of them.

`BEHOLDEN_UPDATE_GOLDEN=1` writes them anew. A folder of several files is one case: logs that belong together.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests import golden

from beholden.ingest.formats import FIRST_READERS, all_readers
from beholden.ingest.read import Options, ingest

FOLDER = Path(__file__).parent / "golden"
CASES = sorted(path for path in FOLDER.glob("*/*") if path.is_dir())


def lines(pieces, leave_out=("evidence_id",)):
    """Give rows as text, without what is null."""
    rows = []
    for piece in pieces:
        table = piece if isinstance(piece, pa.Table) else pq.read_table(piece)
        for row in table.to_pylist():
            said = {name: value for name, value in row.items() if value is not None and name not in leave_out}
            rows.append(" | ".join(f"{name}={value}" for name, value in said.items()))
    return rows


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_case(case):
    problems = []
    inputs = sorted(str(path) for path in case.iterdir() if path.name != "expected.json")
    read = ingest(inputs, problems.append, Options())
    kinds = {one.name: one.kind for one in all_readers()}
    told = {
        "evidence": [
            {name: row[name] for name in ("n_records", "n_rejected", "first_seen_at", "last_seen_at")}
            | {"name": Path(row["name"]).name}
            for row in read.evidence
        ],
        "problems": [str(one).replace(f"{case}/", "") for one in problems],
        "observations": lines([*read.observations, *read.listed]),
        "flows": lines(read.flows),
        "lookups": lines(read.lookups),
    }
    assert {row["kind"] for row in read.evidence} <= {kinds[case.parent.name]}
    golden.check(case / "expected.json", told)


@pytest.mark.parametrize(
    "reader", sorted({one.name for one in all_readers()} - {one.name for one in FIRST_READERS})
)
def test_every_reader_has_a_case(reader):
    exports = FOLDER.parents[1] / "exports" / "cases"
    assert [*FOLDER.glob(f"{reader}/*/expected.json"), *exports.glob(f"{reader}*/expected.json")]
