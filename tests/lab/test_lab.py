"""The laboratory itself: plans are seeded, enough and labelled; time is stretched evenly; a run without root is none."""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lab import cast, scoring
from tests.lab.acting import checksum
from tests.lab.stretching import EPOCH, stretch

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("ip", "tcpdump", "dnsmasq", "mosquitto", "iodine", "socat", "curl")


def test_plans_are_seeded_and_enough():
    one, same, other = cast.plan(1, 14), cast.plan(1, 14), cast.plan(2, 14)
    assert one == same != other
    assert len({member.hostname for member in one}) >= 30
    assert 14 * len(one) >= 24


def test_every_attack_is_played_once_and_on_a_device_of_its_own():
    for seed in range(1, 9):
        attacks = [attack for member in cast.plan(seed, 14) for attack in member.attacks]
        assert sorted(attacks) == sorted(cast.ATTACKS)
        assert all(len(member.attacks) <= 1 for member in cast.plan(seed, 14))


def test_every_attack_names_a_signal_that_is_scored():
    assert {attack.split()[0] for attack in cast.ATTACKS} <= set(scoring.SIGNALS)
    assert set(scoring.MISSES) <= set(cast.ATTACKS)


@pytest.mark.parametrize(("magic", "unit"), [(b"\xd4\xc3\xb2\xa1", 10**6), (b"\x4d\x3c\xb2\xa1", 10**9)])
def test_time_is_stretched_evenly(tmp_path, magic, unit):
    records = [(100, 0), (100, unit // 4), (103, unit // 2)]
    octets = magic + bytes(20)
    for second, fraction in records:
        octets += struct.pack("<IIII", second, fraction, 2, 60) + b"ab"
    (tmp_path / "a").write_bytes(octets + b"\0" * 9)  # the last record is cut
    assert stretch(tmp_path / "a", tmp_path / "b", 8, 100) == (3, 28.0)
    told = [struct.unpack_from("<II", (tmp_path / "b").read_bytes(), 24 + 18 * n) for n in range(3)]
    assert told == [(EPOCH, 0), (EPOCH + 2, 0), (EPOCH + 28, 0)]


def test_the_checksum_of_what_carries_its_own_is_nothing():
    octets = b"\x45\0\0\x28" + bytes(14)
    assert checksum(octets + checksum(octets).to_bytes(2, "big")) == 0


def test_an_alarm_counts_as_the_labels_say():
    rows = [
        {"attacks": ["scan.marked"], "alarms": {"scan.marked": "", "scan.telnet": ""}, "hours": 12},
        {"attacks": ["dns.tunnel slow"], "alarms": {}, "hours": 12},
        {"attacks": [], "alarms": {"scan.marked": ""}, "hours": 12},
        {"attacks": [], "alarms": {}, "hours": 12},
    ]
    rows = [row | {"seed": 1, "hostname": "x"} for row in rows]
    assert scoring.counted(rows, "scan.marked") == {"true": 1, "false": 1, "meant": 1, "told": 1, "benign": 2}
    assert scoring.counted(rows, "dns.tunnel")["told"] == 0
    total = scoring.summary(rows)
    assert (total["recall"], total["precision"], total["rate"]) == (0.5, 0.5, 1.0)


@pytest.mark.skipif(
    "BEHOLDEN_LAB" not in os.environ, reason="set BEHOLDEN_LAB to play a short run (root, a minute)"
)
def test_a_short_run_shows_the_loud_attacks(tmp_path):
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing or os.geteuid():
        pytest.skip(f"needs root and {missing}")
    words = ["-m", "tests.lab.run", tmp_path, "--seeds", "1", "--hours", "2", "--speed", "240"]
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=ROOT)
    rows = scoring.judged(tmp_path, 1.0)
    loud = {"scan.marked", "scan.addresses", "login.guessing ssh", "dns.tunnel"}
    told = {attack for row in rows for attack in row["attacks"] if row["alarms"]}
    assert loud <= told
    assert json.loads((tmp_path / "1.json").read_text())["hours"] == 2
