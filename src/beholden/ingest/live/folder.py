"""A folder of captures and logs that others write: what has been quiet for a while is read, all that is ready at once.

A file is known by its content: under another name, as after rotation, it is not read again. One that has grown is
other content, and is read again from its beginning.
"""

import json
import os
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from beholden.ingest.hashing import file_hash
from beholden.ingest.live.spool import Batch, locked
from beholden.ingest.read import find

_LEDGER = "read.jsonl"


class _Stamp(NamedTuple):
    """A file's state without its content."""

    size: int
    changed_ns: int


class Folder:
    """Looks into a folder, and remembers in a ledger what was read."""

    def __init__(
        self,
        folder: Path,
        own: Path,
        seconds: float,
        quiet_seconds: float,
        most_batches: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the ledger in the folder `own`; raises BeholdenError where another process watches."""
        self._folder, self._own = folder, own
        self._seconds, self._quiet, self._clock = seconds, quiet_seconds, clock
        self._lock = locked(own)
        self._read: dict[Path, _Stamp] = {}
        self._hashes: set[str] = set()
        self._since: dict[Path, tuple[_Stamp, float]] = {}
        self._taken: dict[Path, tuple[_Stamp, str]] = {}
        self._waiting: deque[Batch] = deque()
        self._due = clock()
        self._left = most_batches
        self._recall()

    def _recall(self) -> None:
        ledger = self._own / _LEDGER
        lines = ledger.read_text("utf-8").splitlines() if ledger.exists() else []
        for line in lines:
            try:
                path, size, changed_ns, known = json.loads(line)
            except ValueError:  # the last line of a program that was killed
                continue
            self._read[Path(path)] = _Stamp(size, changed_ns)
            self._hashes.add(known)

    def collect(self, seconds: float) -> bool:
        """Look into the folder and wait so many seconds."""
        quiet = self._look()
        if quiet and self._clock() >= self._due and not self._waiting and not self._taken:
            self._take(quiet)
            self._due = self._clock() + self._seconds
        time.sleep(seconds)
        return self._left != 0

    def _look(self) -> dict[Path, _Stamp]:
        """Give what is not read and has not changed for a while."""
        now, since = self._clock(), {}
        for path in find([str(self._folder)]):
            try:
                held = path.stat()
            except FileNotFoundError:  # rotated away meanwhile
                continue
            stamp = _Stamp(held.st_size, held.st_mtime_ns)
            if stamp.size and self._read.get(path) != stamp:
                before = self._since.get(path)
                since[path] = before if before and before[0] == stamp else (stamp, now)
        self._since = since
        return {path: stamp for path, (stamp, then) in since.items() if now - then >= self._quiet}

    def _take(self, quiet: dict[Path, _Stamp]) -> None:
        """Make a batch of what is quiet and whose content is new."""
        for path, stamp in quiet.items():
            try:
                known = file_hash(path)
            except FileNotFoundError:
                continue
            if known in self._hashes:
                self._remember(path, stamp, known)
            else:
                self._hashes.add(known)
                self._taken[path] = stamp, known
        if self._taken:
            name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            size = sum(stamp.size for stamp, _ in self._taken.values())
            self._waiting.append(Batch(name, tuple(self._taken), n_bytes=size))
            if self._left is not None:
                self._left -= 1

    def _remember(self, path: Path, stamp: _Stamp, known: str) -> None:
        self._read[path] = stamp
        with (self._own / _LEDGER).open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps([str(path), *stamp, known]) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())

    def stop(self) -> None:
        """Look no more."""

    def next(self) -> Batch | None:
        """Take what waits to be read."""
        return self._waiting.popleft() if self._waiting else None

    def shed(self) -> list[Batch]:
        """Drop nothing: what is in the folder stays there."""
        return []

    def done(self, batch: Batch, *, has_failed: bool) -> None:  # noqa: ARG002 - neither is read again
        """Remember what was read."""
        for path in batch.paths:
            self._remember(path, *self._taken.pop(path))

    @property
    def n_waiting(self) -> int:
        """How many batches wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Let go of the ledger."""
        os.close(self._lock)
