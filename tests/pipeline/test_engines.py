"""Which engine runs the stages, and in how many parts they take the devices, changes nothing that is said of one."""

from datetime import UTC, datetime

import pytest

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from beholden.model.tables import TABLES
from beholden.pipeline import scan as scanning
from beholden.pipeline import stages

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def close(row):
    """Write a row out, its numbers to nine places: engines divide apart by the last bit."""
    return repr({name: round(value, 9) if isinstance(value, float) else value for name, value in row.items()})


def told(store, scan_id):
    """Give what a scan says of every device; whose scores stand for it is no part of that."""
    found = {}
    for table in TABLES:
        if table.name not in ("runs", "judgements"):
            columns = [name for name in table.column_names if name != "unit_id"]
            found[table.name] = sorted(map(close, store.read(scan_id, table.name, columns).to_pylist()))
    return found


@pytest.fixture(scope="module")
def scan(beholden, clinic, tmp_path_factory):  # noqa: ARG001 - makes the cache
    knowledge = Knowledge.open()
    profile = load_profile(knowledge, "article")

    def scan(engine, most_rows):
        paths = [str(clinic / "clinic.pcapng"), str(clinic / "inventory.csv")]
        store = Store(tmp_path_factory.mktemp("store"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scanning, "engine_for", lambda _n_rows, _spill: engine())
            patch.setattr(stages, "MOST_ROWS", most_rows)
            request = scanning.Request(paths, profile, NOW)
            outcome = scanning.scan(request, store, knowledge, pytest.fail, clock=lambda: NOW)
        return told(store, outcome.scan_id)

    return scan


@pytest.fixture(scope="module")
def whole(scan):
    return scan(PolarsEngine, stages.MOST_ROWS)


@pytest.mark.parametrize(
    ("engine", "most_rows"),
    [(PolarsEngine, 300), (DuckEngine, stages.MOST_ROWS), (DuckEngine, 500)],
)
def test_every_engine_and_every_parting_tells_the_same(scan, whole, engine, most_rows):
    found = scan(engine, most_rows)
    assert len(whole["devices"]) > 4
    assert whole["findings"]
    for name, rows in whole.items():
        assert found[name] == rows, name
