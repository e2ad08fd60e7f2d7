"""An atheris target over captures: their packet kernels, radio's first, and all that is made of what these select.

The kernels' sources run as plain Python, so that libFuzzer sees their branches, with every read of a packet's bytes
checked; their machine code, in memory that ends where nothing may be read, has to do the same to the last cell.

Run it with atheris installed: `python tests/fuzz/fuzz_captures.py -max_total_time=600`; all arguments go to libFuzzer.
Without a corpus folder among them it starts from the examples of the tests. The first byte chooses the link type, the
second whether check sequences are put right; then frames, each behind two bytes of its length. `FUZZ_LINKS="251 256"`
fuzzes these link types alone.
"""

import ctypes
import ctypes.util
import io
import mmap
import os
import struct
import subprocess
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "ingest" / "dissect" / "examples"
RADIO = {"ble": (251, 256), "wpan": (195, 230, 283), "wifi": (105, 127)}
LINKS = (*(link for links in RADIO.values() for link in links), 192, 1, 113, 276, 0, 9, 101)
ROOM = 16 * mmap.PAGESIZE
MOST_FRAMES = 16
PACKAGE = "beholden.ingest.capture"


class Checked:
    """Bytes of which none may be read that is not there."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, place: int) -> np.int64:
        assert 0 <= place < len(self.data), "read beyond the window"
        return np.int64(self.data[place])

    def number(self, place: int, size: int, order: str, *, signed: bool = False) -> np.int64:
        assert 0 <= place <= len(self.data) - size, "read beyond the window"
        return np.int64(int.from_bytes(self.data[place : place + size], order, signed=signed))


def interpreted() -> None:
    """Put plain Python in the place of the kernels' compiler and of what it alone understands."""
    jit, memory = types.ModuleType(f"{PACKAGE}.jit"), types.ModuleType(f"{PACKAGE}.memory")
    jit.kernel = jit.part = memory.borrow = lambda one: one
    memory.byte = lambda window, at: window[at]
    memory.le16 = lambda window, at: window.number(at, 2, "little")
    memory.le32 = lambda window, at: window.number(at, 4, "little")
    memory.be16 = lambda window, at: window.number(at, 2, "big")
    memory.be32 = lambda window, at: window.number(at, 4, "big")
    memory.be64 = lambda window, at: window.number(at, 8, "big", signed=True)
    memory.move = _move
    sys.modules |= {jit.__name__: jit, memory.__name__: memory}


def _move(to: Any, to_at: int, window: Checked, at: int, size: int) -> None:
    assert 0 <= at <= at + size <= len(window), "copied beyond the window"
    to[to_at : to_at + size] = np.frombuffer(window.data[at : at + size], np.uint8)


def load() -> None:
    """Have the machine code on disk, then import the kernels as Python and everything behind them."""
    script = f"import io; from {PACKAGE} import read; read(io.BytesIO(), report=print, on_selected=print)"
    warm = "import beholden.ingest.capture.reader as r; r.walk(r.np.empty(0, r.np.uint8), r._context(8))"
    subprocess.run([sys.executable, "-c", f"{script}; {warm}"], check=True, stdout=subprocess.DEVNULL)
    interpreted()
    import beholden.ingest.capture.walk  # noqa: PLC0415 - under instrumentation
    import beholden.ingest.captures  # noqa: F401, PLC0415
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415

    for protocol in PROTOCOLS:
        protocol.dissect(b"")


def links() -> tuple[int, ...]:
    """Give the link types that are fuzzed: all, or those that are asked for."""
    return tuple(map(int, os.environ.get("FUZZ_LINKS", "").split())) or LINKS


def seeds() -> dict[str, bytes]:
    """Return the examples of radio as inputs, under each of their link types that is fuzzed."""
    found = {}
    for name, of in RADIO.items():
        examples = tomllib.loads((EXAMPLES / f"{name}.toml").read_text())["example"]
        frames = [bytes.fromhex(one["hex"]) for one in examples]
        for link in set(of) & set(links()):
            for number, frame in enumerate(frames):
                framed = _under(link, frame)
                head = bytes([links().index(link), 1]) + struct.pack(">H", len(framed))
                found[f"{link}-{name}-{number}"] = head + framed
    return found


def _under(link: int, frame: bytes) -> bytes:
    """Put a radio's frame behind the header of its link type, without the check sequence."""
    if link == 127:
        return struct.pack("<BBHI", 0, 0, 8, 0) + frame
    if link == 283:
        return struct.pack("<BBHHHI", 0, 0, 12, 0, 1, 0) + frame
    access = struct.pack("<I", 0x8E89BED6)
    if link == 256:
        return struct.pack("<BbbBIH", 37, -60, -90, 0, 0x8E89BED6, 1) + access + frame
    return access + frame if link == 251 else frame


def capture_of(data: bytes) -> tuple[int, bytes]:
    """Make a capture of an input; gives its link type and the file."""
    link = links()[data[0] % len(links())] if data else links()[0]
    is_right = data[1:2] > b"\x7f" or data[1:2] == b"\1"
    rest, records = data[2:], []
    while len(rest) > 2 and len(records) < MOST_FRAMES:
        size = int.from_bytes(rest[:2])
        frame = rest[2 : 2 + size] + (_check(link, rest[2 : 2 + size]) if is_right else b"")
        records.append(struct.pack("<IIII", len(records), 0, len(frame), len(frame)) + frame)
        rest = rest[2 + size :]
    return link, struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link) + b"".join(records)


def _check(link: int, frame: bytes) -> bytes:
    """Give the check sequence that fits a frame."""
    from beholden.ingest.capture import radio  # noqa: PLC0415

    start = {251: 4, 256: 14}.get(link, 0)
    window = Checked(frame)
    if start:
        end = min(start + 2 + frame[start + 1], len(frame)) if len(frame) > start + 1 else start
        return int(radio._remainder(window, start, end, 0xAAAAAA, 0xDA6000)).to_bytes(3, "little")
    if link == 195:
        return int(radio._remainder(window, 0, len(frame), 0, 0x8408)).to_bytes(2, "little")
    return b""


def one_input(data: bytes) -> None:
    """Read one capture by all three ways."""
    from beholden.ingest.capture import layout as at  # noqa: PLC0415
    from beholden.ingest.capture import reader, walk  # noqa: PLC0415

    link, whole = capture_of(data)
    records = whole[24:][:ROOM]
    plain, fast = _context(link), _context(link)
    plain = plain._replace(choice=plain.choice.astype(np.int64))
    with np.errstate(over="ignore"):
        size = walk.walk(Checked(records), plain)
    window = FENCED[ROOM - len(records) :]
    window[:] = np.frombuffer(records, np.uint8)
    assert size == reader.walk(window, fast)
    assert (plain.state == fast.state).all(), np.flatnonzero(plain.state != fast.state)
    flows, selected, payload = fast.state[[at.S_N_FLOWS, at.S_N_SELECTED, at.S_N_PAYLOAD]]
    assert (plain.flows[:flows] == fast.flows[:flows]).all()
    assert (plain.selected[:selected] == fast.selected[:selected]).all()
    assert (plain.payload[:payload] == fast.payload[:payload]).all()
    tables(whole)


def _context(link: int) -> Any:
    """Make the kernels' arrays, with secrets that are the same every time."""
    from beholden.ingest.capture import layout as at  # noqa: PLC0415
    from beholden.ingest.capture import reader  # noqa: PLC0415

    k = reader._context(64)
    k.state[at.S_LINK], k.state[at.S_MUL], k.state[at.S_DIV] = link, 1, 1
    k.secret[:] = 0x9E3779B97F4A7C15 - (1 << 64)
    return k


def tables(whole: bytes) -> None:
    """Read a capture as a scan does and check what every reader promises."""
    from beholden.engine.schemas import arrow_schema  # noqa: PLC0415
    from beholden.ingest import captures  # noqa: PLC0415
    from beholden.ingest.dissect.seen import MOST_CHARACTERS  # noqa: PLC0415
    from beholden.ingest.read import Options  # noqa: PLC0415
    from beholden.model.properties import PROPERTIES  # noqa: PLC0415
    from beholden.model.tables import OBSERVATIONS  # noqa: PLC0415

    problems: list[str] = []
    report = lambda one: problems.append(str(one))  # noqa: E731
    read = captures.read(io.BytesIO(whole), "-", lambda: "e" * 64, len(whole), report, Options())
    assert 0 <= read.evidence["n_rejected"] <= read.evidence["n_records"] + 1
    assert bool(read.evidence["n_rejected"]) == bool(problems)
    assert len(problems) < 5
    read.observations.validate(full=True)
    for field in arrow_schema(OBSERVATIONS):
        assert field.nullable or not read.observations[field.name].null_count, field.name
    assert set(read.observations["property"].unique().to_pylist()) <= set(PROPERTIES)
    for value in read.observations["value"].unique().to_pylist():
        assert 0 < len(value) <= MOST_CHARACTERS
        assert value.isprintable()


def fenced() -> Any:
    """Give memory that ends where nothing may be read: one byte too far kills the process."""
    area = mmap.mmap(-1, ROOM + mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    assert libc.mprotect(ctypes.c_void_p(start + ROOM), mmap.PAGESIZE, 0) == 0
    return np.frombuffer(area, np.uint8, ROOM)


FENCED = fenced()

if __name__ == "__main__":
    from libfuzzer import fuzz  # beside this file

    fuzz(
        one_input, load, seeds, ["-timeout=20", "-max_len=2048", "-rss_limit_mb=8192"]
    )  # what traces it grows
