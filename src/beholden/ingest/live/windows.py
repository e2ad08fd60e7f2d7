"""Packets of a source, window by window."""

import time
from collections.abc import Callable

from beholden.ingest.live.source import Source
from beholden.ingest.live.spool import Batch, Spool


class Windows:
    """Writes what a source gives into a spool; a window ends by time, or sooner by size."""

    def __init__(
        self,
        source: Source,
        spool: Spool,
        seconds: float,
        most_bytes: int,
        most_windows: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin the first window."""
        self._source, self._spool = source, spool
        self._seconds, self._most, self._clock = seconds, most_bytes, clock
        self._left = most_windows
        self._is_open = False
        self._begin()

    def _begin(self) -> None:
        self._spool.begin(self._source.head)
        self._begun = self._clock()
        self._packets = self._bytes = 0
        self._is_open = True

    def collect(self, seconds: float) -> bool:
        """Write what comes within so many seconds; false once nothing will come any more."""
        records = self._source.read(seconds)
        if records is None:
            return False
        if records.n:
            self._spool.write(records)
            self._packets += records.n
            self._bytes += len(records.data)
        if self._clock() - self._begun >= self._seconds or self._bytes >= self._most:
            self._finish()
            if self._left == 0:
                return False
            self._begin()
        return True

    def _finish(self) -> None:
        seconds = self._clock() - self._begun
        self._spool.finish(seconds, self._packets, self._bytes, self._source.dropped())
        self._is_open = False
        if self._left is not None:
            self._left -= 1

    def stop(self) -> None:
        """Take no more, and end the window."""
        if self._is_open:
            self._finish()
        self._source.close()

    def next(self) -> Batch | None:
        """Take the oldest window that can be read."""
        return self._spool.next()

    def shed(self) -> list[Batch]:
        """Drop the oldest windows where those that wait take too much."""
        return self._spool.shed()

    def done(self, batch: Batch, *, has_failed: bool) -> None:
        """Remove a window that was read."""
        self._spool.done(batch, has_failed=has_failed)

    @property
    def n_waiting(self) -> int:
        """How many windows wait."""
        return self._spool.n_waiting

    def close(self) -> None:
        """Leave what waits to the next start."""
        self._spool.close()
