import gzip
import io
import struct

import pytest
import zstandard
from tests.ingest.capture.craft import block

from beholden.ingest.capture import is_capture, read
from beholden.ingest.hashing import HashingStream

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
LINK, ADDRESSES = "020000000002 020000000001 0800", "0a000001 0a000002"
FRAME = bytes.fromhex(f"{LINK} 45000020000100004011 0000 {ADDRESSES} 9c40 0009 000c 0000 41424344")
SECTION = block("<", 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def record(frame=FRAME, captured=None, wire=None, time=1):
    size = len(frame) if captured is None else captured
    return struct.pack("<IIII", time, 0, size, size if wire is None else wire) + frame


def reading(source, **options):
    problems = []
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    captured = read(source, report=problems.append, on_selected=lambda _: None, **options)
    return captured, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("data", "records", "rejected", "wrong"),
    [
        (b"", 0, 0, "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), 0, 0, "not a pcap"),
        (HEAD[:20], 0, 0, "ends within its header"),
        (HEAD + record() + record()[:-5], 1, 1, "cut short"),
        (HEAD + record() + record()[:7], 1, 1, "cut short"),
        (HEAD + record() + record(captured=1 << 30), 1, 1, "claims more than"),
        (HEAD + record() + record(FRAME[:20]) + record(FRAME[:9]), 3, 2, "headers are cut short"),
        (HEAD[:20] + struct.pack("<I", 147) + record(), 1, 1, "link type 147"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0garbage" + bytes(40), 0, 1, "byte-order mark"),
        (SECTION[:-1], 0, 1, "cut short"),
        (
            SECTION + struct.pack("<III", 6, 13, 0),
            0,
            1,
            "block",
        ),
    ],
)
def test_bad_content_is_one_line_and_the_rest_is_kept(data, records, rejected, wrong):
    captured, problems = reading(data)
    assert (captured.n_records, captured.n_rejected) == (records, rejected)
    assert len(problems) == 1
    assert wrong in problems[0]


def test_snapped_packets_count_their_length_on_the_wire():
    captured, problems = reading(HEAD + record(FRAME[:42], wire=1500))
    assert captured.flows["client_bytes"].to_pylist() == [1500]
    assert problems == []


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, zstandard.compress, lambda data: gzip.compress(data[:30]) + gzip.compress(data[30:])],
)
@pytest.mark.parametrize("n", [0, 1, 70_000])
def test_compressed_is_as_plain(pack, n):
    data = HEAD + record() * n
    plain, packed = reading(data), reading(pack(data))
    assert plain[0].flows.to_pylist() == packed[0].flows.to_pylist()
    assert plain[1] == packed[1] == []


def test_damaged_compressed_data_are_told_of():
    whole = gzip.compress(HEAD + record() * 1000)
    captured, problems = reading(whole[:-40])
    assert any("end too early" in problem for problem in problems)
    damaged = bytearray(whole)
    damaged[60] ^= 0xFF
    assert reading(bytes(damaged))[1]
    captured, problems = reading(gzip.compress(HEAD + record()) + b"tail")
    assert captured.n_records == 1
    assert "damaged" in problems[0]


def test_a_bomb_stops_at_the_limit():
    bomb = gzip.compress(HEAD + record(bytes(60000)) * 2000, 1)
    captured, problems = reading(bomb, limit_bytes=1_000_000)
    assert 0 < captured.n_records < 20
    assert len(problems) == 1
    assert "1000000" in problems[0]
    exact = HEAD + record()
    assert reading(gzip.compress(exact), limit_bytes=len(exact))[1] == []


def test_a_stream_may_come_in_single_bytes():
    class Slow(io.RawIOBase):
        def __init__(self, data):
            self._data = io.BytesIO(data)

        def readable(self):
            return True

        def read(self, size=-1):
            return self._data.read(min(size, 1))

    for data in (
        HEAD + record() * 3,
        gzip.compress(HEAD + record() * 3),
        zstandard.compress(HEAD + record() * 3),
    ):
        assert reading(Slow(data))[0].n_records == 3
        assert reading(HashingStream(io.BytesIO(data)))[0].n_records == 3


def test_progress_goes_to_the_end():
    seen = []
    reading(HEAD + record() * 5, on_progress=seen.append)
    assert seen[-1] == len(HEAD + record() * 5)


def test_content_tells_a_capture():
    assert is_capture(HEAD)
    assert is_capture(gzip.compress(HEAD + record()))
    assert is_capture(zstandard.compress(HEAD + record()))
    assert is_capture(SECTION)
    assert not is_capture(b"mac,ip\n")
    assert not is_capture(gzip.compress(b"mac,ip\n"))
    assert not is_capture(b"")
