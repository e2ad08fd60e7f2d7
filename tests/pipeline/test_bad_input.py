"""Bad input, end to end: one clear line, what could be read is kept, exit code as documented."""

import gzip
import random
import struct
import subprocess
import sys

import pytest

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], capture_output=True, text=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
sys.stderr.write(done.stderr)
"""


def record(frame, captured=None, length=None):
    held = len(frame) if captured is None else captured
    return struct.pack("<IIII", 1_700_000_000, 0, held, len(frame) if length is None else length) + frame


def zeros(frames):
    return HEADER + record(bytes(60)) * frames


def tiny(clinic):
    return (clinic / "tiny.pcap").read_bytes()


UNREADABLE = {
    "nothing.pcap": (b"", "empty file"),
    "picture.pcap": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
    "noise.pcap": (random.Random(11).randbytes(4096), "binary data"),
    "magic.pcap": (b"\xa1\xb2\xc3\xd5" + bytes(100), "binary data"),
    "zeros.pcap": (bytes(5000), "zero bytes"),
    "page.csv": (b"<html><body>sign in</body></html>", "XML or HTML"),
    "words.csv": (b"once upon a time\n", "no table"),
    "broken.xlsx": (b"PK\x03\x04" + bytes(100), "ZIP"),
    "archive.gz": (gzip.compress(b"hello " * 1000), "gzip of something"),
}


def lines_of(done):
    return [line for line in done.stderr.splitlines() if "compiling" not in line]


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_beside_what_can(beholden, clinic, tmp_path, name):
    data, says = UNREADABLE[name]
    (tmp_path / name).write_bytes(data)
    words = (
        "scan",
        tmp_path / name,
        clinic / "tiny.pcap",
        "--store",
        tmp_path / "s",
        "--no-report",
        "--strict",
    )
    done = beholden.run(*words)
    assert done.returncode == 2
    (line,) = lines_of(done)
    assert line.startswith(str(tmp_path / name))
    assert says in line
    assert done.stdout.startswith("2 devices from 1 evidence")


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_alone_is_an_error(beholden, tmp_path, name):
    (tmp_path / name).write_bytes(UNREADABLE[name][0])
    done = beholden.run("scan", tmp_path / name, "--store", tmp_path / "s")
    assert done.returncode == 1
    assert not done.stdout
    *_, last = lines_of(done)
    assert "nothing that could be read" in last
    assert len(lines_of(done)) == 2


def damaged(clinic):
    whole = tiny(clinic)
    return (
        whole[:-7],
        whole + b"\0" * 9,
        whole + record(b"\0" * 60, captured=60_000),
        whole + record(b"\0" * 60, captured=0x7FFFFFFF),
    )


@pytest.mark.parametrize(
    "how", range(4), ids=["frame cut", "header cut", "longer than file", "longer than any"]
)
def test_damaged_captures_keep_what_came_before(beholden, clinic, tmp_path, how):
    (tmp_path / "d.pcap").write_bytes(damaged(clinic)[how])
    done = beholden.run("scan", tmp_path / "d.pcap", "--store", tmp_path / "s", "--no-report", "--strict")
    assert done.returncode == 2
    (line,) = lines_of(done)
    assert "d.pcap" in line
    assert "frame" in line or "byte" in line or "record" in line
    assert done.stdout.startswith("2 devices")


def test_snapped_packets_are_no_error(beholden, clinic, tmp_path):
    whole, place, out = tiny(clinic), 24, tiny(clinic)[:24]
    while place < len(whole):
        head = struct.unpack_from("<IIII", whole, place)
        frame = whole[place + 16 : place + 16 + head[2]]
        kept = frame[:60]
        out += struct.pack("<IIII", *head[:2], len(kept), head[3]) + kept
        place += 16 + head[2]
    (tmp_path / "snapped.pcap").write_bytes(out)
    done = beholden.run("scan", tmp_path / "snapped.pcap", "--store", tmp_path / "s", "--no-report")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 devices")


def test_a_capture_that_grows_is_bounded(beholden, tmp_path):
    """3 GB of frames that pack to a few MB stop at the limit; what was read is kept, memory stays flat."""
    bomb, block = tmp_path / "bomb.pcap.gz", record(bytes(1500)) * 692
    with gzip.open(bomb, "wb", compresslevel=1) as out:
        out.write(HEADER)
        for _ in range(3 * (1 << 30) // len(block)):
            out.write(block)
    assert bomb.stat().st_size < 40 << 20
    program = str(beholden.run.__globals__["PROGRAM"])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "-", program, "scan", str(bomb), "--limit", "64", "--strict",
         "--store", str(tmp_path / "s"), "--no-report"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    code, peak = map(int, done.stdout.split())
    assert code == 2
    (line,) = lines_of(done)
    assert "bomb.pcap.gz" in line
    assert "64" in line or "limit" in line
    assert peak < 1024


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"mac,vendor\n00:1b:1b:00:00:01,Sie\0mens\n00:1b:1b:00:00:02,Siemens\n", "NUL"),
        (b"mac,vendor,vendor\n00:1b:1b:00:00:01,Siemens,ABB\n00:1b:1b:00:00:02,ABB,ABB\n", "vendor"),
        (b"mac,vendor\n00:1b:1b:00:00:01,\xff\xfe\x81\n00:1b:1b:00:00:02,Siemens\n", ""),
        (b"mac,vendor\n00:1b:1b:00:00:01,Siemens\nno mac at all,Siemens\n00:1b:1b:00:00:02,ABB\n", "mac"),
    ],
    ids=["nul", "duplicate header", "mixed encoding", "no mac"],
)
def test_tables_keep_their_good_rows(beholden, tmp_path, text, says):
    (tmp_path / "t.csv").write_bytes(text)
    done = beholden.run("scan", tmp_path / "t.csv", "--store", tmp_path / "s", "--json", "--no-report")
    assert done.returncode == 0, done.stderr
    assert says.lower() in done.stderr.lower()
    assert len(lines_of(done)) <= 2
    devices = beholden.json("show", "devices", "--store", tmp_path / "s")
    assert "00:1b:1b:00:00:02" in {mac for one in devices for mac in one["macs"]}


def test_ten_thousand_columns(beholden, tmp_path):
    names = ["mac", "vendor", *(f"column {n}" for n in range(9_998))]
    row = ["00:1b:1b:00:00:01", "Siemens", *("x" for _ in range(9_998))]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n" + ",".join(row) + "\n")
    done = beholden.run("scan", tmp_path / "wide.csv", "--store", tmp_path / "s", "--no-report", timeout=120)
    assert done.returncode == 0, done.stderr
    (line,) = lines_of(done)
    assert len(line) < 400
    assert done.stdout.startswith("1 devices")


def test_nobody_steers_the_terminal(beholden, tmp_path):
    (tmp_path / "t.csv").write_text("mac,vendor,hostname\n00:1b:1b:00:00:01,\x1b[31mRed\x07,a\x1b]0;x\n")
    beholden.good("scan", tmp_path / "t.csv", "--store", tmp_path / "s", "--no-report")
    said = beholden.good("show", "devices", "--store", tmp_path / "s")
    assert "\x1b" not in said
    assert "\x07" not in said


@pytest.mark.parametrize("name", ["malformed_dns.pcap", "fuzz-2006-06-26-2594.pcap", "fuzz-2021-10-13.pcap",
                                  "dhcp-fuzz.pcapng", "synscan.pcap"])  # fmt: skip
def test_captures_that_are_malformed_on_purpose(beholden, captures, tmp_path, name):
    done = beholden.run("scan", captures / "ndpi" / name, "--store", tmp_path, "--json", "--no-report")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_every_protocol_capture_in_one_scan(beholden, captures, tmp_path):
    done = beholden.run("scan", captures / "ndpi", "--store", tmp_path, "--json", "--no-report", timeout=600)
    assert done.returncode == 0, done.stderr
    assert all(len(line) < 400 for line in lines_of(done))
