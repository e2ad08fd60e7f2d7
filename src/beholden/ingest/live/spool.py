"""Windows of packets on disk, until they are scanned.

A window is written aside, synced and renamed: what bears its name is whole. A window that was being written when
the program died is taken over by the next start, up to its last whole record. Where those that wait take
more than they may, the oldest is dropped and counted.
"""

import fcntl
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from beholden.ingest.live.source import Records
from beholden.model.errors import BeholdenError

_ASIDE, _FAILED = ".part", ".failed"
_HEAD = 24
_SYNC_EVERY = 64 << 20


@dataclass(frozen=True)
class Batch:
    """What one scan reads, and what is known of it; a count that is not known is None."""

    name: str
    paths: tuple[Path, ...]
    seconds: float | None = None
    n_packets: int | None = None
    n_bytes: int = 0
    n_dropped: int | None = None


class Spool:
    """A folder of windows, for one watcher at a time."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Lock the folder and take over what an earlier watcher left; raises BeholdenError where one is at work."""
        self._folder, self._limit = folder, limit_bytes
        self._lock = locked(folder)
        self._thread = ThreadPoolExecutor(max_workers=1)  # whatever may wait for the disk: packets do not
        self._waiting: deque[tuple[Batch, Future[None]]] = deque()
        self._file: BinaryIO | None = None
        self._syncing: Future[None] | None = None
        self._unsynced = 0
        for path in sorted(folder.glob("*.pcap*")):
            self._take_over(path)

    def _take_over(self, path: Path) -> None:
        """Let a window of an earlier watcher wait; one without a packet is removed."""
        n_bytes = path.stat().st_size - _HEAD
        if n_bytes <= 0:
            path.unlink()
            return
        whole = path.rename(path.with_suffix("")) if path.suffix == _ASIDE else path
        self._waiting.append(
            (Batch(whole.stem, (whole,), n_bytes=n_bytes), self._thread.submit(_sync, whole))
        )

    @property
    def n_waiting(self) -> int:
        """How many windows wait."""
        return len(self._waiting)

    def begin(self, head: bytes) -> None:
        """Begin a window with the head of a pcap file."""
        name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self._path = self._folder / f"{name}.pcap"
        self._file = self._aside.open("wb", buffering=0)
        self._file.write(head)

    @property
    def _aside(self) -> Path:
        return self._path.with_suffix(f".pcap{_ASIDE}")

    def write(self, records: Records) -> None:
        """Write records to the window; now and then they are synced beside, so that its end has little left to do."""
        assert self._file is not None  # noqa: S101 - a window was begun
        rest = memoryview(records.data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._unsynced += len(records.data)
        if self._unsynced >= _SYNC_EVERY and (self._syncing is None or self._syncing.done()):
            self._syncing = self._thread.submit(os.fdatasync, self._file.fileno())
            self._unsynced = 0

    def finish(self, seconds: float, n_packets: int, n_bytes: int, n_dropped: int) -> Batch:
        """End the window; it waits to be read once it is on disk."""
        assert self._file is not None  # noqa: S101 - a window was begun
        batch = Batch(self._path.stem, (self._path,), seconds, n_packets, n_bytes, n_dropped)
        self._waiting.append((batch, self._thread.submit(_put, self._file, self._aside, self._path)))
        self._file = None
        return batch

    def next(self) -> Batch | None:
        """Take the oldest window that is on disk; raises OSError where it could not be put there."""
        if not self._waiting or not self._waiting[0][1].done():
            return None
        batch, synced = self._waiting.popleft()
        synced.result()
        return batch

    def shed(self) -> list[Batch]:
        """Drop what failed, then the oldest windows, until the others take no more than they may; give the windows."""
        failed = deque((path, path.stat().st_size) for path in sorted(self._folder.glob(f"*{_FAILED}")))
        size = sum(batch.n_bytes for batch, _ in self._waiting) + sum(own for _, own in failed)
        dropped = []
        while size > self._limit:
            if failed:
                path, own = failed.popleft()
                path.unlink()
                size -= own
            elif batch := self.next():
                self.done(batch)
                size -= batch.n_bytes
                dropped.append(batch)
            else:
                break
        return dropped

    def done(self, batch: Batch, *, has_failed: bool = False) -> None:
        """Remove a window that was read or dropped, on a thread, for it takes a while; what failed is set aside."""
        for path in batch.paths:
            if has_failed:
                path.rename(path.with_suffix(_FAILED))
            else:
                self._thread.submit(path.unlink)

    def close(self) -> None:
        """Let go of the folder; what waits is left for the next start."""
        self._thread.shutdown()
        if self._file:
            self._file.close()
        os.close(self._lock)


def locked(folder: Path) -> int:
    """Make a folder and lock it while the descriptor is open; raises BeholdenError where another holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise BeholdenError(f"{folder}: is watched by another process") from error
    return lock


def _put(file: BinaryIO, aside: Path, path: Path) -> None:
    with file:
        os.fsync(file.fileno())
    aside.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
