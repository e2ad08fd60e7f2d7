from pathlib import Path

import pytest
from tests import golden

from beholden.ingest.readers import inventory_csv

CASES = sorted((Path(__file__).parent / "cases").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    problems = []
    source = case / "input.csv"
    inventory = inventory_csv.read(source, "e" * 64, report=problems.append)
    columns = ["locator", "subject_kind", "subject", "property", "value", "first_seen_at", "last_seen_at"]
    rows = inventory.observations.select(columns).to_pylist()
    told = {
        "n_records": inventory.n_records,
        "n_rejected": inventory.n_rejected,
        "first_seen_at": inventory.first_seen_at,
        "last_seen_at": inventory.last_seen_at,
        "problems": [str(one).replace(str(source), source.name) for one in problems],
        "observations": [" | ".join("" if one is None else str(one) for one in row.values()) for row in rows],
    }
    golden.check(case / "expected.json", told)
