"""Every device of a scan is given once, with whose rows stand for it, however the scan keeps it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.engine.devices import devices
from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.engine.store import Store

PART, OTHER = "a" * 64, "b" * 64


def rows_of(store, engine_of, stated):
    with engine_of() as engine:
        rows = engine.collect(devices(store, "scan", engine, stated)).to_pylist()
    return sorted((row["device_id"], row["like_id"], *(row[name] for name in stated)) for row in rows)


@pytest.fixture
def scan(tmp_path):
    store = Store(tmp_path)
    (store.scans / "scan").mkdir()
    return store, store.scans / "scan"


@pytest.mark.parametrize("engine_of", [PolarsEngine, DuckEngine])
def test_partitions_without_what_others_replace(scan, engine_of):
    store, folder = scan
    (folder / "parts").mkdir()
    columns = ("device_id", "unit", "locator", "country", "is_left")
    parts = {
        PART: [("d1", 7, 1, "DE", False), ("d2", 7, 2, "FR", True), ("d3", 8, 3, "DE", False)],
        f"{PART}-mended": [("d2", 8, 2, "FR", False)],
        OTHER: [("d4", 8, 3, "ES", False)],
    }
    for name, rows in parts.items():
        table = pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
        pq.write_table(table, folder / "parts" / f"{name}.parquet")
    pq.write_table(pa.table({"part": [PART], "locator": [3]}), folder / "shadowed.parquet")
    pq.write_table(pa.table({"unit": [7, 8], "like_id": ["d1", "d4"]}), folder / "units.parquet")
    wanted = [("d1", "d1", "DE"), ("d2", "d4", "FR"), ("d4", "d4", "ES")]
    assert rows_of(store, engine_of, ["country"]) == wanted
    assert rows_of(store, engine_of, []) == [row[:2] for row in wanted]


@pytest.mark.parametrize("engine_of", [PolarsEngine, DuckEngine])
def test_tables_with_members_and_without(scan, engine_of):
    store, folder = scan
    pq.write_table(pa.table({"device_id": ["d1", "d2"], "country": ["DE", None]}), folder / "devices.parquet")
    assert rows_of(store, engine_of, ["country"]) == [("d1", "d1", "DE"), ("d2", "d2", None)]
    pq.write_table(pa.table({"device_id": ["d1", "d2"], "like_id": ["d1", "d1"]}), folder / "members.parquet")
    assert rows_of(store, engine_of, ["country"]) == [("d1", "d1", "DE"), ("d2", "d1", None)]
