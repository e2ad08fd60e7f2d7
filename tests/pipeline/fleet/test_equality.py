"""A fleet's scan says of every device what a scan of the same records says."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_fleets import TABLES, fleet, row, said, scanned, spelt, write

from beholden.engine.members import KEYS
from beholden.pipeline.finding import matching
from beholden.pipeline.fleet import reading
from beholden.pipeline.reporting import write_report
from beholden.pipeline.summary import summary
from beholden.pipeline.where import parse


@pytest.mark.parametrize(("make", "seed"), [(row, 1), (row, 2), (row, 3), (spelt, 4), (spelt, 5)])
def test_a_fleet_says_what_a_scan_says(tmp_path, knowledge, monkeypatch, make, seed):
    monkeypatch.setattr(reading, "ROWS", 15)
    rows = [make(number, seed) for number in range(90)]
    write(tmp_path / "in" / "a.parquet", rows[:40], row_group_size=16)
    write(tmp_path / "in" / "b.parquet", rows[40:70])
    write(tmp_path / "in" / "c.csv", rows[70:])
    store, outcome = fleet([tmp_path / "in"], tmp_path / "fleet", knowledge)
    plain, wanted = scanned([tmp_path / "in"], tmp_path / "scan", knowledge)
    assert outcome.n_devices == wanted.n_devices == 90
    got, want = said(store, outcome.scan_id), said(plain, wanted.scan_id)
    for table in TABLES:
        assert got[table] == want[table], table
    some = sorted(store.read(outcome.scan_id, "devices")["device_id"].to_pylist())[::17]
    for table in KEYS:
        few = [sorted(map(repr, one.read(at, table, devices=some).to_pylist())) for one, at in (
            (store, outcome.scan_id), (plain, wanted.scan_id))]  # fmt: skip
        assert few[0] == few[1], table


def test_alike_are_assessed_once(tmp_path, knowledge):
    rows = [
        {"mac": f"50:c7:bf:00:{i >> 8:02x}:{i & 255:02x}", "vendor": "TP-Link", "type": "plug"}
        for i in range(600)
    ]
    write(tmp_path / "in.parquet", [one | {"site": f"s{i % 7}"} for i, one in enumerate(rows)])
    store, outcome = fleet([tmp_path / "in.parquet"], tmp_path / "fleet", knowledge)
    members = store.members(outcome.scan_id)
    assert len(set(members["like_id"].to_pylist())) == 1
    assert (
        store.read(outcome.scan_id, "findings").num_rows
        == 600 * store.kept(outcome.scan_id, "findings").num_rows
    )


def test_columns_are_aligned_by_name_whatever_their_order_and_type(tmp_path, knowledge):
    rows = [row(number, 5) for number in range(30)]
    write(tmp_path / "in" / "a.parquet", rows[:10])
    table = pq.read_table(tmp_path / "in" / "a.parquet")
    others = pa.Table.from_pylist(rows[10:], schema=table.schema)
    numbers = pa.array([int(one) if one and one.isdecimal() else None for one in others["imei"].to_pylist()])
    others = others.set_column(others.column_names.index("imei"), "IMEI", numbers)
    dates = others["last seen"].cast(pa.timestamp("us"))
    others = others.set_column(others.column_names.index("last seen"), "Last Seen", dates)
    names = sorted(set(others.column_names) - {"iccid", "asset"})
    random.Random(1).shuffle(names)
    pq.write_table(others.select(names), tmp_path / "in" / "b.parquet")
    store, outcome = fleet([tmp_path / "in"], tmp_path / "fleet", knowledge)
    plain, wanted = scanned([tmp_path / "in"], tmp_path / "scan", knowledge)
    assert said(store, outcome.scan_id) == said(plain, wanted.scan_id)


def test_folders_of_a_hive_say_what_their_rows_do_not(tmp_path, knowledge):
    rows = [{"mac": f"50:c7:bf:00:00:{i:02x}", "vendor": "TP-Link"} for i in range(4)]
    for place, part in (("north", rows[:2]), ("a%20b", rows[2:])):
        path = tmp_path / f"country=DE/site={place}/part-0.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(part), path)
    store, outcome = fleet([tmp_path / "country=DE"], tmp_path / "fleet", knowledge)
    devices = store.read(outcome.scan_id, "devices", ["site", "country"]).to_pylist()
    assert (
        sorted((one["site"], one["country"]) for one in devices)
        == [("a b", "DE")] * 2 + [("north", "DE")] * 2
    )


@pytest.mark.parametrize(
    "condition",
    [
        "maker.jurisdiction=CN",
        "kind=camera",
        "site=north",
        "index>20",
        "macs~50:c7",
        "model~m-2",
        "listings=null",
    ],
)
def test_devices_are_found_as_in_a_scan(tmp_path, knowledge, condition):
    rows = [row(number, 7) for number in range(60)]
    write(tmp_path / "in.parquet", rows)
    found = []
    for make, name in ((fleet, "fleet"), (scanned, "scan")):
        store, outcome = make([tmp_path / "in.parquet"], tmp_path / name, knowledge)
        members = matching(store, outcome.scan_id, store.members(outcome.scan_id), [parse(condition)])
        found.append(sorted(members["device_id"].to_pylist()))
        assert summary(store, outcome.scan_id)["n_devices"] == 60
        write_report(store, outcome.scan_id, knowledge, tmp_path / f"{name}.html")
    assert found[0] == found[1]
