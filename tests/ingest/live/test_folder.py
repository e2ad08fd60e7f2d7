"""A watched folder: quiet files once each, grown ones again, renamed ones never."""

import gzip

import pytest

from beholden.ingest.live.folder import Folder


class Watched:
    """A folder and its watcher, whose clock moves by hand."""

    def __init__(self, tmp_path):
        self.now = 0.0
        self.inside, self._own = tmp_path / "in", tmp_path / "own"
        self.inside.mkdir(exist_ok=True)
        self.open()

    def open(self, most=None):
        self.folder = Folder(self.inside, self._own, 5, 2, most, clock=lambda: self.now)

    def write(self, name, text, how="w"):
        with (self.inside / name).open(how) as file:
            file.write(text)

    def pass_time(self, seconds):
        """Look each second; give the names of what was handed out, batch by batch."""
        batches = []
        for _ in range(seconds):
            self.now += 1
            self.folder.collect(0)
            if batch := self.folder.next():
                batches.append([path.name for path in batch.paths])
                self.folder.done(batch, has_failed=False)
        return batches


@pytest.fixture
def watched(tmp_path):
    held = Watched(tmp_path)
    yield held
    held.folder.close()


def test_what_is_quiet_is_read_once_and_together(watched):
    watched.write("a.log", "a")
    watched.write("b.log", "b")
    assert watched.pass_time(20) == [["a.log", "b.log"]]


def test_what_grows_waits_until_it_is_quiet(watched):
    for _ in range(5):
        watched.write("a.log", "more\n", "a")
        assert watched.pass_time(1) == []
    assert watched.pass_time(3) == [["a.log"]]


def test_what_has_grown_is_read_again(watched):
    watched.write("a.log", "one\n")
    assert watched.pass_time(10) == [["a.log"]]
    watched.write("a.log", "two\n", "a")
    assert watched.pass_time(10) == [["a.log"]]


def test_rotation_reads_the_new_file_only(watched):
    watched.write("conn.log", "one\n")
    watched.pass_time(10)
    (watched.inside / "conn.log").rename(watched.inside / "conn.1.log")
    watched.write("conn.log", "two\n")
    assert watched.pass_time(10) == [["conn.log"]]


def test_a_packed_copy_is_other_content(watched):
    watched.write("conn.log", "one\n")
    watched.pass_time(10)
    (watched.inside / "conn.log.gz").write_bytes(gzip.compress(b"one\n"))
    assert watched.pass_time(10) == [["conn.log.gz"]]


def test_the_next_start_remembers(watched):
    watched.write("a.log", "a")
    watched.pass_time(10)
    watched.folder.close()
    with (watched._own / "read.jsonl").open("a") as ledger:
        ledger.write('["cut short')
    watched.write("copy.log", "a")
    watched.open()
    assert watched.pass_time(10) == []


def test_what_was_not_done_is_handed_out_again(watched):
    watched.write("a.log", "a")
    watched.now = 1
    watched.folder.collect(0)
    watched.now = 9
    watched.folder.collect(0)
    assert watched.folder.next()
    watched.folder.close()  # killed while it was scanned
    watched.open()
    assert watched.pass_time(9) == [["a.log"]]


def test_hidden_and_empty_files_are_left(watched):
    watched.write(".a.log", "a")
    watched.write("b.log", "")
    assert watched.pass_time(10) == []


def test_batches_are_a_window_apart(watched):
    watched.write("a.log", "a")
    assert watched.pass_time(3) == [["a.log"]]
    watched.write("b.log", "b")
    assert watched.pass_time(4) == []
    assert watched.pass_time(1) == [["b.log"]]


def test_so_many_batches_and_no_more(watched):
    watched.folder.close()
    watched.open(most=1)
    watched.write("a.log", "a")
    watched.now = 1
    assert watched.folder.collect(0)
    watched.now = 9
    assert not watched.folder.collect(0)
