"""The store: all or nothing, once, and whoever dies half-way leaves nothing that is read."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.engine.store import Store
from beholden.model.errors import BeholdenError
from beholden.model.tables import RUNS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WRITER = """
import os, signal, sys, time
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from beholden.engine.store import Store
store = Store(Path(sys.argv[1]))
with store.writing("s1") as folder:
    pq.write_table(pa.table({"device_id": ["a"]}), folder / "devices.parquet")
    print("inside", flush=True)
    time.sleep(60)
"""
RACER = """
import sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from beholden.engine.store import Store
store = Store(Path(sys.argv[1]))
with store.writing("s1") as folder:
    for name in ("devices", "findings"):
        pq.write_table(pa.table({"writer": [sys.argv[2]]}), folder / f"{name}.parquet")
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    yield made
    made.close()


def run(scan_id="s1", finished=NOW):
    return {
        "scan_id": scan_id,
        "started_at": NOW,
        "finished_at": finished,
        "version": "1",
        "knowledge_id": "k",
        "profile": "p",
        "engine": "e",
        "settings": "{}",
        "n_evidence": 1,
        "n_devices": 1,
    }


def write(store, scan_id="s1", value="a"):
    with store.writing(scan_id) as folder:
        pq.write_table(pa.table({"device_id": [value]}), folder / "devices.parquet")


def judgement(**more):
    return {
        "made_at": NOW,
        "action": "merge",
        "subject": "mac:00:11:22:33:44:55",
        "object": "serial:A1",
        "reason": "label",
        "author": None,
    } | more


def test_what_is_written_is_read(store):
    write(store)
    assert store.enter(run())
    assert store.read("s1", "devices")["device_id"].to_pylist() == ["a"]
    assert store.scan_id() == store.scan_id("s") == "s1"


def test_while_it_is_written_nothing_is_read(store):
    with store.writing("s1") as folder:
        pq.write_table(pa.table({"device_id": ["a"]}), folder / "devices.parquet")
        assert store.read("s1", "devices").num_rows == 0
        assert store.runs() == []
    assert store.read("s1", "devices").num_rows == 1


def test_an_error_inside_leaves_nothing(store):
    def fail():
        with store.writing("s1") as folder:
            (folder / "devices.parquet").write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(store.scans.iterdir()) == []


def test_a_writer_that_is_killed_leaves_nothing_that_is_read(store):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"inside\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (left,) = store.scans.iterdir()
    assert left.name.startswith(".")
    assert not store.read("s1", "devices").num_rows
    assert store.runs() == []
    write(store)
    store.enter(run())
    assert store.read("s1", "devices").num_rows == 1


def test_what_was_left_aside_long_ago_is_swept_and_what_is_new_is_not(store):
    old, new = store.scans / ".aside-old", store.scans / ".aside-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "devices.parquet").write_bytes(b"half")
    os.utime(old, (time.time() - 86400,) * 2)
    write(store)
    assert not old.exists()
    assert new.exists()


def test_two_writers_of_the_same_scan_leave_one_whole_scan(store):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(store.folder), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    assert [racer.stdout.readline() for racer in racers] == [b"ready\n"] * 2
    for racer in racers:
        racer.stdin.write(b"go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate()
    assert [racer.returncode for racer in racers] == [0, 0]
    tables = [pq.read_table(store.path("s1", name))["writer"].to_pylist() for name in ("devices", "findings")]
    assert tables[0] == tables[1]
    assert [path.name for path in store.scans.iterdir()] == ["s1"]


def test_a_scan_is_never_changed(store):
    write(store, value="first")
    write(store, value="second")
    assert store.read("s1", "devices")["device_id"].to_pylist() == ["first"]
    assert store.enter(run())
    assert not store.enter(run(finished=NOW + timedelta(1)))
    assert len(store.runs()) == 1


def test_a_run_without_what_it_needs_is_not_taken_for_one_that_is_there(store):
    with pytest.raises(sqlite3.IntegrityError):
        store.enter(run() | {"profile": None})


def test_runs_are_newest_first_and_those_without_tables_are_left_out(store):
    for number, scan_id in enumerate(("b", "c", "a")):
        write(store, scan_id)
        store.enter(run(scan_id, NOW + timedelta(number)))
    store.enter(run("gone", NOW + timedelta(9)))
    assert [row["scan_id"] for row in store.runs()] == ["a", "c", "b"]


def test_without_a_scan_the_message_says_what_to_do(store):
    with pytest.raises(BeholdenError, match=r"no scan yet in .*run `beholden scan"):
        store.scan_id()
    with pytest.raises(BeholdenError, match="no scan 'x'"):
        store.scan_id("x")


def test_the_catalogue_is_plain_sqlite(store):
    write(store)
    store.enter(run())
    with sqlite3.connect(store.folder / "catalogue.sqlite") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
        rows = database.execute("SELECT scan_id, n_devices FROM runs").fetchall()
    database.close()
    assert columns == list(RUNS.column_names)
    assert rows == [("s1", 1)]


def test_the_same_judgement_twice_is_one(store):
    first = store.judge(judgement())
    assert store.judge(judgement(made_at=NOW + timedelta(1))) == first
    assert store.judge(judgement(reason="another")) != first
    assert store.judgements().num_rows == 2


def test_many_judging_the_same_at_once_make_one(store):
    with ThreadPoolExecutor(8) as pool:
        for reason in map(str, range(20)):
            same = judgement(reason=reason)
            assert len(set(pool.map(store.judge, [same] * 8))) == 1
    assert store.judgements().num_rows == 20


def test_a_judgement_without_what_it_needs_is_not_taken_for_one_that_is_there(store):
    with pytest.raises(sqlite3.IntegrityError):
        store.judge(judgement(subject=None))


def test_judgements_come_in_order_of_their_ids_with_their_instant_in_utc(store):
    east = NOW.astimezone(timezone(timedelta(hours=5)))
    for reason in "abc":
        store.judge(judgement(reason=reason, made_at=east))
    table = store.judgements()
    ids = table["judgement_id"].to_pylist()
    assert ids == sorted(ids)
    assert set(table["made_at"].to_pylist()) == {NOW}


def test_a_catalogue_elsewhere_by_url(tmp_path):
    store = Store(tmp_path / "store", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    store.judge(judgement())
    store.close()
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (tmp_path / "store" / "catalogue.sqlite").exists()
