"""`watch` from end to end: one scan a window, one line each, and nothing that was taken is lost to a kill -9."""

import json
import shutil
import signal
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.ingest.live.namespaces import REASON, are_permitted, run
from tests.ingest.live.packets import Sender

from beholden.engine.store import Store

PROGRAM = Path(sys.executable).with_name("beholden")
KEYS = {
    "batch", "seconds", "packets", "bytes", "dropped_packets", "waiting", "dropped_batches_total",
    "dropped_bytes_total", "scan", "is_new", "devices", "problems", "scan_seconds", "scan_peak_bytes", "error",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(clinic):
    """Give the head and the records of a capture."""
    data = (clinic / "tiny.pcap").read_bytes()
    found, at = [], 24
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        found.append(data[at : at + 16 + length])
        at += 16 + length
    return data[:24], found


def lines(text):
    rows = [json.loads(line) for line in text.splitlines()]
    assert all(set(row) == KEYS for row in rows)
    return rows


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def kept(store_folder):
    """Count the records of each evidence in the store."""
    store = Store(store_folder)
    counts = Counter()
    for one in store.runs():
        for row in store.read(one["scan_id"], "evidence").to_pylist():
            counts[row["evidence_id"]] = row["n_records"]
    store.close()
    return counts


def test_a_window_is_a_scan_and_the_end_of_the_sender_the_end(beholden, records, tmp_path):
    head, packets = records
    sender = Sender([head, *packets])
    rows = lines(beholden.good("watch", sender.url, "--json", "--store", tmp_path))
    sender.close()
    assert sum(row["packets"] for row in rows) == len(packets)
    assert {row["dropped_packets"] for row in rows} == {0}
    scans = [row for row in rows if row["scan"]]
    assert scans[0]["devices"] == 2
    assert {run["scan_id"] for run in beholden.json("show", "scans", "--store", tmp_path)} == {
        row["scan"] for row in scans
    }
    assert [path.name for path in (tmp_path / "spool").glob("*/*")] == [".lock"]


def test_interrupted_it_ends_the_window_and_scans_it(beholden, records, tmp_path):
    head, packets = records
    sender = Sender([head, *packets], holds=True)
    process = beholden.start("watch", sender.url, "--store", tmp_path)
    assert process.stderr.readline().startswith(b"watching tcp://")
    until(lambda: any(path.stat().st_size > 4000 for path in tmp_path.glob("spool/*/*.part")))
    process.send_signal(signal.SIGTERM)
    out, told = process.communicate(timeout=60)
    sender.close()
    assert (process.returncode, out) == (0, b"")
    assert f"{len(packets)} records" in told.decode()
    assert "2 devices" in told.decode()
    assert list(kept(tmp_path).values()) == [len(packets)]


def test_killed_nothing_that_was_taken_is_lost(beholden, records, tmp_path):
    head, packets = records
    half = len(packets) // 2
    sender = Sender([head, *packets[:half], packets[half][:20]], [head, *packets[half:]], holds=True)
    process = beholden.start("watch", sender.url, "--window", "1", "--json", "--store", tmp_path)
    until(lambda: list(tmp_path.glob("spool/*/*.pcap")))
    process.kill()
    out, _ = process.communicate(timeout=60)
    sender.release.set()
    first = lines(out.decode())
    assert not any(row["scan"] for row in first), "it was killed before a scan could end"
    second = lines(beholden.good("watch", sender.url, "--json", "--store", tmp_path))
    sender.close()
    assert sum(row["packets"] for row in second) == len(packets)
    assert sum(kept(tmp_path).values()) == len(packets)
    assert not list(tmp_path.glob("spool/*/*.pcap"))


def test_a_scan_that_a_kill_interrupted_adds_nothing_twice(beholden, records, tmp_path):
    head, packets = records
    sender = Sender([head, *packets], [head], holds=True)
    process = beholden.start("watch", sender.url, "--window", "1", "--json", "--store", tmp_path)
    until(lambda: list(tmp_path.glob("scans/*/runs.parquet")))
    process.kill()
    process.communicate(timeout=60)
    sender.release.set()
    second = lines(beholden.good("watch", sender.url, "--json", "--store", tmp_path))
    sender.close()
    assert list(kept(tmp_path).values()) == [len(packets)]
    assert sum(row["is_new"] for row in second) <= 1


def test_a_folder_is_read_as_it_grows(beholden, clinic, tmp_path):
    inside, store = tmp_path / "in", tmp_path / "store"
    inside.mkdir()
    whole = (clinic / "tiny.pcap").read_bytes()
    (inside / "a.pcap").write_bytes(whole[:-5])
    words = ("watch", inside, "--window", "0.5", "--quiet", "0.5", "--store", store, "--json")
    process = beholden.start(*words)
    cut = json.loads(process.stdout.readline())
    with (inside / "a.pcap").open("ab") as file:
        file.write(whole[-5:])
    shutil.copy(inside / "a.pcap", inside / "b.pcap")
    grown = json.loads(process.stdout.readline())
    (inside / "notes.txt").write_text("a text that is no table\n")
    refused = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"")
    assert (cut["packets"], cut["problems"], grown["packets"], grown["problems"]) == (51, 1, 52, 0)
    assert b"cut short" in told
    assert refused["error"] == "nothing that could be read as evidence was found"
    assert sorted(kept(store).values()) == [51, 52]
    process = beholden.start(*words)
    process.stderr.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == b"", "what was read is not read again"


@pytest.mark.usefixtures("beholden")
@pytest.mark.skipif(not are_permitted(), reason=REASON)
@pytest.mark.skipif(not shutil.which("tcpreplay"), reason="tcpreplay is not installed")
def test_an_interface_is_captured_whole(clinic, tmp_path):
    done = run(
        f"{PROGRAM} watch v1 --json --store {tmp_path} & watcher=$!; "
        f"until ls {tmp_path}/spool/*/*.part >/dev/null 2>&1; do sleep 0.1; done; "
        f"tcpreplay -q -i v0 --topspeed {clinic}/tiny.pcap >/dev/null && sleep 1; kill -TERM $watcher && wait"
    )
    (row,) = lines(done.stdout)
    assert (row["packets"], row["dropped_packets"], row["devices"]) == (52, 0, 2)


def test_what_cannot_be_watched_is_one_line(beholden, tmp_path):
    done = beholden.run("watch", "nowhere0", "--store", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("beholden: nowhere0: ")
    done = beholden.run("watch", "nowhere0", "--store", tmp_path, "--profile", "no-such-profile")
    assert done.returncode == 1
    assert "no-such-profile" in done.stderr


def test_a_folder_that_holds_the_store_is_refused(beholden, tmp_path):
    done = beholden.run("watch", tmp_path, "--store", tmp_path / "store")
    assert done.returncode == 1
    assert "the store lies within it" in done.stderr
