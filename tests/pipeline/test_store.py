"""Nothing that happens to a scan harms the store: kills, company, readers meanwhile, what is left half-written."""

import fcntl
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

KILLS = 8
PROGRAM = Path(sys.executable).with_name("beholden")


def state(store):
    """Give the catalogue's rows and every file of the finished scans."""
    with sqlite3.connect(store / "catalogue.sqlite") as catalogue:
        rows = sorted(catalogue.execute("select * from runs").fetchall())
    files = {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted((store / "scans").rglob("*.parquet"))
        if not any(part.startswith(".") for part in path.relative_to(store).parts)
    }
    return rows, files


@pytest.fixture
def store(beholden, clinic, tmp_path):
    beholden.good("scan", clinic / "tiny.pcap", "--store", tmp_path / "s", "--no-report")
    return tmp_path / "s"


def test_a_killed_scan_leaves_the_store_as_it_was(beholden, clinic, store):
    words = ("scan", clinic / "clinic.pcapng", "--store", store, "--no-report")
    begun = time.monotonic()
    beholden.good(*words[:2], "--store", store.parent / "timing", "--no-report")
    whole = time.monotonic() - begun
    before, chance, killed = state(store), random.Random(11), 0
    for attempt in range(KILLS):
        process = beholden.start(*words)
        time.sleep(whole * (0.15 + 0.85 * (attempt + chance.random()) / KILLS))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            continue
        killed += 1
        rows, files = state(store)
        assert rows in (before[0], rows[:2])
        assert {name: files[name] for name in before[1]} == before[1]
        if rows == before[0]:
            listed = beholden.json("show", "scans", "--store", store)
            assert len(listed) == 1
            assert len(beholden.json("show", "devices", "--store", store)) == 2
        else:
            break  # the kill came after the scan had landed whole
    assert killed
    beholden.good(*words)
    assert len(beholden.json("show", "scans", "--store", store)) == 2
    assert len(beholden.json("show", "devices", "--store", store)) >= 19


def test_two_scans_at_once_both_land(beholden, clinic, store):
    names = ("clinic.pcapng", "router.pcap")
    running = [beholden.start("scan", clinic / name, "--store", store, "--no-report") for name in names]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert len(beholden.json("show", "scans", "--store", store)) == 3


def test_the_same_scan_twice_at_once_is_one(beholden, clinic, store):
    running = [beholden.start("scan", clinic / "router.pcap", "--store", store, "--no-report") for _ in "ab"]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert len(beholden.json("show", "scans", "--store", store)) == 2


def test_show_reads_while_a_scan_writes(beholden, clinic, store):
    process = beholden.start("scan", clinic / "clinic.pcapng", "--store", store, "--no-report")
    seen = set()
    while process.poll() is None:
        seen.add(len(beholden.json("show", "devices", "--store", store)))
    assert process.communicate()[0] is not None
    assert process.returncode == 0
    assert seen <= {2, len(beholden.json("show", "devices", "--store", store))}


def test_what_is_half_written_is_not_seen(beholden, store):
    (store / "scans" / ".aside-left").mkdir()
    (store / "scans" / ".aside-left" / "devices.parquet").write_bytes(b"PAR1")
    (store / "scans" / "0123456789abcdef").mkdir()
    listed = beholden.json("show", "scans", "--store", store)
    assert len(listed) == 1
    assert len(beholden.json("show", "devices", "--store", store)) == 2


def test_what_is_left_aside_for_long_is_swept(beholden, clinic, store):
    left, fresh = store / "scans" / ".aside-old", store / "scans" / ".aside-new"
    for folder in (left, fresh):
        folder.mkdir()
    os.utime(left, (time.time() - 86400,) * 2)
    beholden.good("scan", clinic / "router.pcap", "--store", store, "--no-report")
    assert not left.exists()
    assert fresh.exists(), "it may belong to a scan that still writes"


def test_a_scan_whose_folder_is_gone_is_not_listed(beholden, clinic, store):
    (one,) = beholden.json("show", "scans", "--store", store)
    (store / "scans" / one["scan_id"]).rename(store / "elsewhere")
    done = beholden.run("show", "devices", "--store", store)
    assert done.returncode == 1
    assert "no scan yet" in done.stderr
    beholden.good("scan", clinic / "tiny.pcap", "--store", store, "--no-report")
    assert len(beholden.json("show", "devices", "--store", store)) == 2


def test_a_scan_that_was_killed_between_folder_and_catalogue_lands_the_next_time(beholden, clinic, store):
    with sqlite3.connect(store / "catalogue.sqlite") as catalogue:
        catalogue.execute("delete from runs")
    assert beholden.json("show", "scans", "--store", store) == []
    beholden.good("scan", clinic / "tiny.pcap", "--store", store, "--no-report")
    assert len(beholden.json("show", "scans", "--store", store)) == 1


INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A shell's background jobs ignore the interrupt, and hand that down."""


def unread(pipe):
    """Give how many bytes of a pipe nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def test_interrupted_is_130(clinic, store):
    before = state(store)
    words = ("-c", INTERRUPTIBLE, PROGRAM, "scan", "-", "--store", store)
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    process.stdin.write((clinic / "tiny.pcap").read_bytes()[:2000])
    process.stdin.flush()
    until = time.monotonic() + 60
    while unread(process.stdin) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    timer = threading.Timer(60, process.kill)
    timer.start()
    process.send_signal(signal.SIGINT)
    process.wait()
    process.stdin.close()
    said = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    timer.cancel()
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert state(store) == before


def test_a_store_that_cannot_be_made_is_one_line(beholden, clinic, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    done = beholden.run("scan", clinic / "tiny.pcap", "--store", tmp_path / "file" / "s", "--no-report")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


def test_a_catalogue_that_is_none_is_one_line(beholden, store):
    (store / "catalogue.sqlite").write_bytes(b"not a database at all" * 100)
    done = beholden.run("show", "scans", "--store", store)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
