"""What logs say is folded into one row, however much of it there is, and stays what it is."""

import gzip
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from beholden.ingest import logs, unpack
from beholden.ingest.sink import Spill
from beholden.ingest.tabular.problems import Problems

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def said(n, start=0):
    at = range(start, start + n)
    return pa.table(
        {
            "locator": pa.array(at, pa.int64()),
            "subject_kind": pa.repeat("ip", n),
            "subject": [f"192.168.0.{each % 200}" for each in at],
            "property": pa.repeat("http.user_agent", n),
            "value": [f"agent {each % 1000}" for each in at],
            "first_seen_at": pa.repeat(pa.scalar(DAY, pa.timestamp("us", tz="UTC")), n),
        }
    )


def filled(folder):
    log = logs.Log("zeek", "e" * 64, Spill(folder, most_rows=100))
    for start in range(0, 5000, 500):
        log.observe(said(500, start))
    read = log.finish().observations
    table = read if isinstance(read, pa.Table) else pq.read_table(read)
    names = ["locator", "subject", "value", "n"]
    return table, sorted(map(tuple, zip(*(table[name].to_pylist() for name in names), strict=True)))


def test_what_is_parted_is_folded_as_what_is_held(tmp_path, monkeypatch):
    held = filled(tmp_path)[1]
    monkeypatch.setattr(logs, "MOST_HELD", 700)
    assert filled(tmp_path)[1] == held
    assert len(held) == 1000
    assert {n for *_, n in held} == {5}


def test_locators_count_what_the_kind_counts(tmp_path):
    assert filled(tmp_path)[0]["locator_kind"].unique().to_pylist() == ["line"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_lines_are_whole_and_numbered(tmp_path, pack):
    text = b"".join(b"line %d\n" % each for each in range(1, 1000)) + b"the last"
    path = tmp_path / "log"
    path.write_bytes(pack(b"\xef\xbb\xbf" + text))
    found = list(unpack.lines(path, 1 << 20, Problems([].append, "log"), size=97))
    assert b"".join(one.data for one in found) == text
    for one in found[:-1]:
        assert one.data.startswith(b"line %d\n" % one.first)
        assert one.data.endswith(b"\n")
    assert found[-1] == (1000, b"the last", 1)


@pytest.mark.parametrize(
    ("content", "kept", "wrong"),
    [
        (gzip.compress(b"x" * 99 + b"\n", mtime=0), 50, "more than 50 bytes"),
        (zstandard.compress(b"x" * 99 + b"\n"), 50, "more than 50 bytes"),
        (gzip.compress(bytes(range(256)) * 4, 0, mtime=0)[:-500], 0, "damaged or cut short"),
    ],
)
def test_bombs_and_damage_are_told_of(tmp_path, content, kept, wrong):
    path, told = tmp_path / "log", []
    path.write_bytes(content)
    got = unpack.whole(path, 50 if kept else 5000, Problems(told.append, "log"))
    assert len(got) <= max(kept, 1024)
    assert wrong in str(told[0])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_what_comes_before_damage_is_kept(tmp_path, pack):
    text = b"".join(b"%d\n" % (each * 7919 % 100_003) for each in range(300_000))
    path, told = tmp_path / "log", []
    path.write_bytes(pack(text)[: len(pack(text)) // 2])
    got = unpack.whole(path, 1 << 30, Problems(told.append, "log"))
    assert len(got) > 100_000
    assert text.startswith(got)
    assert "ends within its data" in str(told[0])


@pytest.mark.parametrize(("pack", "end"), [(gzip.compress, bytes(600)), (zstandard.compress, b"")])
def test_members_follow_one_another(tmp_path, pack, end):
    path, told = tmp_path / "log", []
    path.write_bytes(pack(b"one\n") + pack(b"two\n") + end)
    assert unpack.whole(path, 1 << 20, Problems(told.append, "log")) == b"one\ntwo\n"
    assert not told


def test_a_line_without_end_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_LONGEST_LINE", 1000)
    path, told = tmp_path / "log", []
    path.write_bytes(b"a\n" + b"x" * 5000 + b"\nb\n")
    found = list(unpack.lines(path, 1 << 20, Problems(told.append, "log"), size=300))
    assert [one.first for one in found][-1] <= 3
    assert b"b\n" in found[-1].data
    assert "more than 1,000 bytes" in str(told[0])
    assert sum(len(one.data) for one in found) < 1500


@pytest.mark.parametrize(
    ("head", "keys"),
    [
        (b'{"a": 1, "b": {"c": [1, 2]}, "d": "x', {"a", "b", "d"}),
        (b'[\n {"a": 1}, {"b": 2}]', {"a"}),
        (b'\xef\xbb\xbf {"a" : null}', {"a"}),
        (b"nothing", set()),
        (b'{"a": ' + b"[" * 100_000, {"a"}),
        (b"", set()),
    ],
)
def test_keys(head, keys):
    assert unpack.keys_of(head) == keys
