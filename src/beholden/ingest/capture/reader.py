"""The door: a capture in, its flows, bindings and selected packets out."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from beholden.ingest.capture import batch, container, window
from beholden.ingest.capture import layout as at
from beholden.ingest.capture.choice import choices
from beholden.ingest.capture.conversations import part_of
from beholden.ingest.capture.layout import MOST_CAPTURED, Context
from beholden.ingest.capture.native import Kernel
from beholden.ingest.capture.result import Captured, captured
from beholden.ingest.parts import Parts
from beholden.model.errors import Problem, Report

walk, settle = Kernel("walk", "walk"), Kernel("table", "settle")
LIMIT = 2 << 30
"""Decompressed bytes that are read of a compressed capture, where the caller sets no other limit."""
MOST_FLOWS = 1 << 18
_IDLE = 120_000_000
_WITHOUT_LIMIT = 1 << 62
_WRONG = {
    at.W_LENGTH: f"a packet that claims more than {MOST_CAPTURED} bytes",
    at.W_BLOCK: "a block of impossible size",
    at.W_TRAILER: "a block whose two lengths differ",
}


def _context(most_flows: int) -> Context:
    """Make the arrays of the kernels."""
    state = np.zeros(at.S_WIDTH, np.int64)
    state[at.S_FIRST], state[at.S_LAST] = at.NEVER, -at.NEVER
    secret = np.frombuffer(np.random.default_rng().bytes(8 * 9), np.int64) | 1
    slots = 1 << (2 * most_flows).bit_length()
    return Context(
        state,
        np.zeros(at.P_WIDTH, np.int64),
        np.zeros((16, at.I_WIDTH), np.int64),
        np.empty((most_flows, at.F_WIDTH), np.int64),
        np.zeros(slots, np.int64),
        secret,
        np.empty((batch.MOST_ROWS, at.R_WIDTH), np.int64),
        np.empty(batch.MOST_BYTES, np.uint8),
        np.zeros((4 * batch.MOST_ROWS, 2), np.int64),
        choices(),
    )


class _Reading:
    """One reading of one capture."""

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        report: Report,
        limit: int,
        on_progress: Callable[[int], None] | None,
        on_selected: Callable[[pa.RecordBatch], None],
        most_flows: int,
        window_size: int,
    ) -> None:
        self.windows = window.Windows(stream, window_size)
        self.limit = limit if self.windows.is_compressed else _WITHOUT_LIMIT
        self.name, self.report = name, report
        self.on_progress, self.on_selected = on_progress, on_selected
        self.k = _context(most_flows)
        self.parts = Parts(at.F_STORED)

    def tell(self, wrong: str, done: str) -> None:
        """Tell of a problem at the place that reading has come to."""
        self.report(Problem(self.name, f"byte {self.windows.place}", wrong, done))

    def fill(self) -> bool:
        """Read on; false at the end, at the limit, or where the stream is damaged."""
        try:
            return self.windows.fill(self.limit)
        except window.Broken as error:
            self.windows.is_at_end = True
            self.tell(str(error), "read up to there")
        except OSError as error:
            self.windows.is_at_end = True
            self.tell(f"cannot be read on ({error.strerror})", "read up to there")
        return False

    def need(self, size: int) -> bytes:
        """Give the next bytes without stepping over them, fewer at the end."""
        while len(self.windows.view) < size and self.fill():
            pass
        return bytes(self.windows.view[:size])

    def run(self) -> str:
        """Read the whole capture; returns its kind."""
        state = self.k.state
        try:
            head = container.begin(state, self.need(container.PCAP_HEAD))
        except container.Malformed as error:
            wrong = str(error) if len(self.windows.view) else "the file is empty"
            self.tell(wrong, "nothing was read")
            return "pcap"
        self.windows.consume(head.size)
        is_going = True
        while is_going:
            self.windows.consume(walk(self.windows.view, self.k))
            is_going = self.step()
            if self.on_progress:
                self.on_progress(self.windows.place)
        return head.kind

    def step(self) -> bool:
        """Do what the kernel came back for; false where reading ends."""
        status = self.k.state[at.S_STATUS]
        if status == at.BATCH_FULL:
            self.flush()
        elif status == at.FLOWS_FULL:
            self.make_room()
        elif status == at.BLOCK:
            return self.block()
        elif status == at.STOP:
            self.k.state[at.S_REJECTED] += 1
            self.tell(_WRONG[int(self.k.state[at.S_WRONG])], "the rest was not read")
            return False
        elif not self.fill():
            self.end()
            return False
        return True

    def end(self) -> None:
        """Tell why reading ends where bytes are left."""
        if self.windows.taken >= self.limit and self.windows.has_more():
            self.tell(f"more than {self.limit} bytes when decompressed", "read up to the limit")
        elif len(self.windows.view):
            self.k.state[at.S_REJECTED] += 1
            self.tell("the last record is cut short", "read up to there")

    def flush(self) -> None:
        """Hand the batch on."""
        state = self.k.state
        n = int(state[at.S_N_SELECTED])
        if n:
            rows, payload = self.k.selected[:n], self.k.payload[: int(state[at.S_N_PAYLOAD])]
            self.on_selected(batch.to_arrow(rows, payload))
        state[at.S_N_SELECTED] = state[at.S_N_PAYLOAD] = 0
        self.k.seen[:] = 0

    def make_room(self) -> None:
        """Write settled conversations away; where too few are settled, all of them."""
        state = self.k.state
        n = int(state[at.S_N_FLOWS])
        kept = settle(self.k, int(state[at.S_CLOCK]) - _IDLE)
        if kept > n // 2:
            kept = settle(self.k, at.NEVER)
        self.store(kept, n)
        state[at.S_N_FLOWS] = kept

    def store(self, start: int, end: int) -> None:
        """Put conversations away."""
        rows = self.k.flows[start:end, : at.F_STORED]
        self.parts.add(rows, part_of(rows))

    def block(self) -> bool:
        """Read a section header or interface description; false where it cannot be read."""
        state = self.k.state
        head = self.need(28)
        try:
            if head[:4] == container.SECTION:
                size = container.section(state, head)
            else:
                order = ">" if state[at.S_SWAPPED] else "<"
                (size,) = struct.unpack(order + "I", head[4:8])
                if size % 4 or not 20 <= size <= 1 << 20:
                    raise container.Malformed("an interface description of impossible size")  # noqa: TRY301
                row = container.interface(self.need(size), order)
                grown = container.with_interface(self.k.interfaces, int(state[at.S_INTERFACES]), row)
                self.k = self.k._replace(interfaces=grown)
                state[at.S_INTERFACES] += 1
            if len(self.need(size)) < size:
                raise container.Malformed("the last block is cut short")  # noqa: TRY301
        except (container.Malformed, struct.error) as error:
            state[at.S_REJECTED] += 1
            self.tell(str(error), "the rest was not read")
            return False
        self.windows.consume(size)
        return True

    def tell_rejected(self) -> None:
        """Tell of packets that were passed over, one line for each reason."""
        state = self.k.state
        reasons = (
            (at.S_CUT, "packets whose headers are cut short or malformed"),
            (at.S_ALIEN, f"packets of link type {state[at.S_ALIEN_LINK]}, which is not read"),
            (at.S_BROKEN, "packet blocks that contradict themselves"),
        )
        for cell, wrong in reasons:
            if state[cell]:
                place = f"from frame {state[cell + 1]} on"
                self.report(Problem(self.name, place, f"{state[cell]} {wrong}", "passed over"))


def read(
    path: Path | BinaryIO,
    *,
    report: Report,
    limit_bytes: int = LIMIT,
    on_progress: Callable[[int], None] | None = None,
    on_selected: Callable[[pa.RecordBatch], None],
) -> Captured:
    """Read a capture (pcap, pcapng; plain, gzip, zstd; a file or a stream) in bounded memory.

    Selected packets go to `on_selected` in batches of `ingest.selected.SELECTED`, bytes read so far to
    `on_progress`. Bad content is reported, never raised. Raises OSError where the path cannot be opened.
    """
    return _read(path, report, limit_bytes, on_progress, on_selected)


def _read(
    path: Path | BinaryIO,
    report: Report,
    limit_bytes: int,
    on_progress: Callable[[int], None] | None,
    on_selected: Callable[[pa.RecordBatch], None],
    most_flows: int = MOST_FLOWS,
    window_size: int = window.SIZE,
) -> Captured:
    stream, close = window.opened(path)
    name = str(path) if isinstance(path, Path) else str(getattr(path, "name", "-"))
    try:
        reading = _Reading(
            stream, name, report, limit_bytes, on_progress, on_selected, most_flows, window_size
        )
        kind = reading.run()
        reading.flush()
        reading.tell_rejected()
        reading.store(0, int(reading.k.state[at.S_N_FLOWS]))
        return captured(kind, reading.k.state, reading.parts)
    finally:
        close()


def is_compiled() -> bool:
    """Tell whether the kernels are on disk already; otherwise a first reading takes some twenty seconds more."""
    return walk.path is not None and walk.path.exists()


def is_capture(head: bytes) -> bool:
    """Tell from its first bytes (a few hundred are enough) whether something is a capture."""
    return container.is_container(window.peek(head))
