"""Windows and their spool: nothing is lost that was taken, what is too much is dropped and counted."""

import pytest
from tests.ingest.live.packets import HEAD, record

from beholden.ingest.live.source import Records
from beholden.ingest.live.spool import Spool
from beholden.ingest.live.windows import Windows
from beholden.model.errors import BeholdenError


class Given:
    """A source that gives what it was given, one second after the other."""

    head = HEAD

    def __init__(self, *counts, lost=0):
        self._counts, self._lost = list(counts), lost
        self.now = 0.0
        self.is_closed = False

    def read(self, _):
        self.now += 1
        if not self._counts:
            return None
        n = self._counts.pop(0)
        return Records(n, record(0) * n)

    def dropped(self):
        return self._lost

    def close(self):
        self.is_closed = True

    def clock(self):
        return self.now


def collected(tmp_path, source, seconds=2, most_bytes=1 << 30, most=None, limit=1 << 30):
    spool = Spool(tmp_path, limit)
    windows = Windows(source, spool, seconds, most_bytes, most, clock=source.clock)
    while windows.collect(0):
        pass
    windows.stop()
    return windows


def taken(windows):
    """Take all windows, waiting until they are on disk."""
    found = []
    while windows.n_waiting:
        if batch := windows.next():
            found.append(batch)
    return found


def test_windows_end_by_time_and_keep_all(tmp_path):
    source = Given(1, 2, 3, 4, 5, lost=7)
    windows = collected(tmp_path, source)
    batches = taken(windows)
    assert [batch.n_packets for batch in batches] == [3, 7, 5]
    assert [batch.n_dropped for batch in batches] == [7, 7, 7]
    for batch in batches:
        assert batch.paths[0].read_bytes() == HEAD + record(0) * batch.n_packets
        windows.done(batch, has_failed=False)
    assert source.is_closed
    windows.close()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_windows_end_by_size(tmp_path):
    windows = collected(tmp_path, Given(1, 1, 1), seconds=99, most_bytes=1)
    assert [batch.n_packets for batch in taken(windows)] == [1, 1, 1, 0]
    windows.close()


def test_so_many_windows_and_no_more(tmp_path):
    windows = collected(tmp_path, Given(*[1] * 9), most=2)
    assert [batch.n_packets for batch in taken(windows)] == [2, 2]
    windows.close()


def test_the_oldest_are_dropped_where_too_much_waits(tmp_path):
    size = len(record(0))
    windows = collected(tmp_path, Given(1, 1, 2, 2, 1, 1), limit=6 * size)
    while not all(synced.done() for _, synced in windows._spool._waiting):
        pass
    assert [batch.n_packets for batch in windows.shed()] == [2]
    assert windows.shed() == []
    assert [batch.n_packets for batch in taken(windows)] == [4, 2, 0]
    windows.close()


def test_what_failed_is_set_aside_and_dropped_first(tmp_path):
    windows = collected(tmp_path, Given(1, 1, 1, 1), limit=3 * len(record(0)))
    first = next(batch for batch in iter(windows.next, 0) if batch)
    windows.done(first, has_failed=True)
    assert len(list(tmp_path.glob("*.failed"))) == 1
    assert windows.shed() == []
    assert not list(tmp_path.glob("*.failed"))
    assert [batch.n_packets for batch in taken(windows)] == [2, 0]
    windows.close()


def test_the_next_start_takes_over_what_waits_and_what_was_being_written(tmp_path):
    spool = Spool(tmp_path, 1 << 30)
    spool.begin(HEAD)
    spool.write(Records(1, record(1)))
    spool.finish(1.0, 1, len(record(1)), 0)
    spool.begin(HEAD)
    spool.write(Records(2, record(2) * 2))
    spool.close()  # as if killed: the second was never finished
    (tmp_path / "0.pcap.part").write_bytes(HEAD)  # and one had only begun
    again = Spool(tmp_path, 1 << 30)
    waiting = []
    while again.n_waiting:
        if batch := again.next():
            waiting.append(batch.paths[0].read_bytes())
    assert waiting == [HEAD + record(1), HEAD + record(2) * 2]
    again.close()


def test_one_watcher_at_a_time(tmp_path):
    spool = Spool(tmp_path, 1)
    with pytest.raises(BeholdenError, match="another process"):
        Spool(tmp_path, 1)
    spool.close()
    Spool(tmp_path, 1).close()
