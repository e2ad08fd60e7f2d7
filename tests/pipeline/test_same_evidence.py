"""The same evidence gives the same ids in any order, under any name and packing; a second scan adds nothing."""

import gzip
import shutil
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from beholden.engine.schemas import arrow_schema
from beholden.model.tables import TABLES

IN_TIME = {"runs": ("started_at", "finished_at")}
NAMES = {"evidence": ("name",)}


def scan(beholden, store, *paths, **how):
    return beholden.json("scan", *paths, "--store", store, "--no-report", **how)


def contents(store, scan_id, without=()):
    """Give every table of a scan as a sorted list of rows, but for what tells of times and file names."""
    found = {}
    for table in TABLES:
        path = store / "scans" / scan_id / f"{table.name}.parquet"
        if not path.exists() or table.name in without:
            continue
        data = pq.read_table(path)
        left_out = (*IN_TIME.get(table.name, ()), *NAMES.get(table.name, ()))
        data = data.drop_columns([name for name in left_out if name in data.column_names])
        found[table.name] = sorted(map(repr, data.to_pylist()))
    return found


@pytest.fixture(scope="module")
def first(beholden, clinic, tmp_path_factory):
    store = tmp_path_factory.mktemp("first")
    return store, scan(beholden, store, clinic / "clinic.pcapng", clinic / "inventory.csv")


def test_every_table_of_the_model_is_there_as_the_model_says(first):
    store, digest = first
    folder = store / "scans" / digest["scan"]
    assert {path.stem for path in folder.glob("*.parquet")} == {table.name for table in TABLES}
    for table in TABLES:
        stored = pq.read_schema(folder / f"{table.name}.parquet")
        wanted = arrow_schema(table)
        assert stored.names == wanted.names
        for name in wanted.names:
            assert str(stored.field(name).type) == str(wanted.field(name).type), (table.name, name)


def test_no_null_where_the_model_allows_none(first):
    store, digest = first
    for table in TABLES:
        data = pq.read_table(store / "scans" / digest["scan"] / f"{table.name}.parquet")
        for column in table.columns:
            if not column.nullable:
                assert data[column.name].null_count == 0, (table.name, column.name)


def test_ids_that_name_a_device_name_one_that_is_there(first):
    store, digest = first
    folder = store / "scans" / digest["scan"]
    known = set(pq.read_table(folder / "devices.parquet")["device_id"].to_pylist())
    for table in TABLES:
        data = pq.read_table(folder / f"{table.name}.parquet")
        for name in data.column_names:
            if name.endswith("device_id"):
                named = set(data[name].drop_null().to_pylist())
                assert named <= known, (table.name, name)


def test_order_and_names_do_not_matter(beholden, clinic, tmp_path, first):
    store, digest = first
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(clinic / "inventory.csv", other / "a.txt")
    shutil.copy(clinic / "clinic.pcapng", other / "b")
    again = scan(beholden, tmp_path / "s", other / "a.txt", other / "b")
    assert again["scan"] == digest["scan"]
    assert contents(tmp_path / "s", again["scan"]) == contents(store, digest["scan"])


def test_a_second_scan_adds_nothing(beholden, clinic, first):
    store, digest = first

    def state():
        with sqlite3.connect(store / "catalogue.sqlite") as catalogue:
            rows = catalogue.execute("select * from runs").fetchall()
        scans = store / "scans"
        return rows, {
            path: (path.stat().st_mtime_ns, path.stat().st_size) for path in scans.rglob("*.parquet")
        }

    before = state()
    again = scan(beholden, store, clinic / "inventory.csv", clinic / "clinic.pcapng")
    assert (again["scan"], again["is_new"]) == (digest["scan"], False)
    assert state() == before


def test_a_run_that_never_reached_the_catalogue_is_entered_by_the_next_scan(beholden, clinic, tmp_path):
    digest = scan(beholden, tmp_path, clinic / "tiny.pcap")
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as catalogue:
        before = catalogue.execute("select * from runs").fetchall()
        catalogue.execute("delete from runs")
    again = scan(beholden, tmp_path, clinic / "tiny.pcap")
    assert (again["scan"], again["is_new"]) == (digest["scan"], False)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as catalogue:
        assert catalogue.execute("select * from runs").fetchall() == before


def test_the_same_file_under_two_names_is_read_once(beholden, clinic, tmp_path):
    shutil.copy(clinic / "tiny.pcap", tmp_path / "copy.pcap")
    digest = scan(beholden, tmp_path / "s", clinic / "tiny.pcap", tmp_path / "copy.pcap")
    assert digest["n_evidence"] == 1


def pack_gzip(data):
    return gzip.compress(data)


def pack_zstd(data):
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("pack", [pack_gzip, pack_zstd])
def test_packed_captures_give_the_same_devices(beholden, clinic, tmp_path, pack):
    (tmp_path / "packed").write_bytes(pack((clinic / "tiny.pcap").read_bytes()))
    plain = scan(beholden, tmp_path / "plain", clinic / "tiny.pcap")
    packed = scan(beholden, tmp_path / "store", tmp_path / "packed")
    assert packed["scan"] != plain["scan"], "evidence is known by its hash as it came"
    devices = [beholden.json("show", "devices", "--store", tmp_path / name) for name in ("plain", "store")]
    assert [one["device"] for one in devices[0]] == [one["device"] for one in devices[1]]
    assert [one["index"] for one in devices[0]] == [one["index"] for one in devices[1]]


@pytest.mark.parametrize("pack", [bytes, pack_gzip, pack_zstd])
def test_standard_input(beholden, clinic, tmp_path, pack):
    data = pack((clinic / "tiny.pcap").read_bytes())
    done = beholden.run("scan", "-", "--store", tmp_path, "--no-report", stdin=data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("2 devices from 1 evidence")


def test_standard_input_is_the_same_evidence_as_the_file(beholden, clinic, tmp_path):
    file = scan(beholden, tmp_path, clinic / "tiny.pcap")
    piped = beholden.run("scan", "-", "--store", tmp_path, "--json", "--no-report",
                         stdin=(clinic / "tiny.pcap").read_bytes())  # fmt: skip
    assert file["scan"].encode() in piped.stdout


def test_a_folder_mixes_kinds(beholden, clinic, tmp_path):
    mixed = tmp_path / "mixed"
    (mixed / "deep" / "er").mkdir(parents=True)
    shutil.copy(clinic / "clinic.pcapng", mixed / "deep" / "er" / "no-ending")
    shutil.copy(clinic / "inventory.csv", mixed / "list.pcap")
    (mixed / ".hidden").write_text("not looked at")
    table = pa.table({"mac": ["00:1b:1b:00:00:01"], "vendor": ["Siemens"], "model": ["S7-1200"]})
    pq.write_table(table, mixed / "assets.data")
    done = beholden.run("scan", mixed, "--store", tmp_path / "s", "--json", "--no-report")
    assert done.returncode == 0, done.stderr
    assert '"n_evidence": 3' in done.stdout
    assert "hidden" not in done.stderr


def test_inventory_and_capture_meet_in_one_device(beholden, clinic_store):
    (one,) = beholden.json("show", "devices", "--where", "macs=c0:56:e3:7b:10:11", "--store", clinic_store)
    assert one["site"] == "Harbour Clinic"
    assert one["ips"] == ["192.168.10.11"]
    assert one["kind"] == "camera"
    assert one["criticality"] == 0.4
