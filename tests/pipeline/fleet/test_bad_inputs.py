"""Bad partitions are told of in a line each; what can be read is scored."""

import os

import pytest
from small_fleets import fleet, row, said, scanned, write

from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet import inputs


def told_of(told, text):
    return [line for line in told if text in line]


def test_a_damaged_page_leaves_one_partition_out(tmp_path, knowledge):
    write(tmp_path / "in" / "a.parquet", [row(number, 1) for number in range(5)])
    write(tmp_path / "in" / "b.parquet", [row(100 + number, 1) for number in range(2000)], compression="zstd")
    data = bytearray((tmp_path / "in" / "b.parquet").read_bytes())
    data[200:4200] = os.urandom(4000)
    (tmp_path / "in" / "b.parquet").write_bytes(data)
    told = []
    _, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 5
    assert len(told_of(told, "b.parquet")) == 1
    assert told_of(told, "left out")


def test_what_is_no_inventory_or_gone_is_told_of(tmp_path, knowledge, monkeypatch):
    write(tmp_path / "in" / "a.parquet", [row(number, 1) for number in range(5)])
    (tmp_path / "in" / "_SUCCESS").write_text("")
    (tmp_path / "in" / "b.bin").write_bytes(os.urandom(3000))
    listed = inputs.find
    monkeypatch.setattr(inputs, "find", lambda paths: [*listed(paths), tmp_path / "in" / "gone.parquet"])
    told = []
    _, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 5
    assert len(told_of(told, "gone.parquet")) == len(told_of(told, "b.bin")) == 1
    assert not told_of(told, "_SUCCESS")


def test_nothing_to_read_is_one_line(tmp_path, knowledge):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BeholdenError, match="no inventory"):
        fleet([tmp_path / "empty"], tmp_path / "store", knowledge)


def test_the_later_record_of_a_device_counts(tmp_path, knowledge):
    def of(site, seen, mac="50:c7:bf:00:00:01"):
        return {"mac": mac, "vendor": "TP-Link", "type": "camera", "site": site, "last seen": seen}

    write(
        tmp_path / "in" / "a.parquet",
        [of("old", "2026-01-01"), of("older", "2025-01-01"), of("x", None, None)],
    )
    write(
        tmp_path / "in" / "b.parquet",
        [of("new", "2026-03-01"), of("other", "2026-01-01", "50:c7:bf:00:00:02")],
    )
    told = []
    store, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 3
    assert told_of(told, "2 records of devices that a later record speaks of")
    sites = store.read(outcome.scan_id, "devices", ["site"])["site"].to_pylist()
    assert sorted(sites) == ["new", "other", "x"]
    counted = store.read(outcome.scan_id, "rollups").to_pylist()
    groups = {one["group"]: one["n_devices"] for one in counted if one["dimension"] == "site"}
    assert groups == {"new": 1, "other": 1, "x": 1}


def test_records_that_say_the_same_twice_are_one_device_as_in_a_scan(tmp_path, knowledge):
    rows = [row(number, 4) for number in range(20)]
    write(tmp_path / "in" / "a.parquet", rows)
    write(tmp_path / "in" / "b.parquet", [*rows[:6], *(row(50 + number, 4) for number in range(4))])
    store, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    plain, wanted = scanned([tmp_path / "in"], tmp_path / "scan", knowledge)
    assert outcome.n_devices == wanted.n_devices
    tables = ("devices", "attributions", "scores", "rollups", "rollup_bins")
    assert said(store, outcome.scan_id, *tables) == said(plain, wanted.scan_id, *tables)


@pytest.mark.parametrize("digits", [14, 15, 16, 17])
def test_imeis_of_any_length_are_read_as_a_scan_reads_them(tmp_path, knowledge, digits):
    whole = "86020106000017"
    texts = [whole[:13] + str(last) + "0123"[: digits - 14] for last in range(10)] + [
        "86020106ABCDEF1",
        " ",
        "86-020106-000017-5",
    ]
    rows = [{"imei": text, "vendor": "TP-Link", "serial": f"SN{at:05}X"} for at, text in enumerate(texts)]
    write(tmp_path / "in.parquet", rows)
    store, outcome = fleet([tmp_path / "in.parquet"], tmp_path / "store", knowledge)
    plain, wanted = scanned([tmp_path / "in.parquet"], tmp_path / "scan", knowledge)
    tables = ("devices", "device_identifiers", "identifications", "scores")
    assert said(store, outcome.scan_id, *tables) == said(plain, wanted.scan_id, *tables)
