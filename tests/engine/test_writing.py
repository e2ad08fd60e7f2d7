"""Tables are written beside, in the order of adding; what goes wrong there is raised."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.engine import writing
from beholden.engine.places import sources
from beholden.engine.schemas import empty
from beholden.engine.writing import Writing
from beholden.model.tables import EVIDENCE, TABLES

NUMBERED = sources(empty(EVIDENCE), [])


def batch(at):
    return pa.table({"device_id": [f"{at}"], "like_id": ["a"], "pattern_id": ["a"], "unit_id": ["a"]})


def test_rows_stand_in_the_order_of_adding(tmp_path):
    with Writing(tmp_path, NUMBERED) as out:
        for at in range(0, 20, 2):
            out.add("members", [batch(at), batch(at + 1)])
    assert pq.read_table(tmp_path / "members.parquet")["device_id"].to_pylist() == [
        str(at) for at in range(20)
    ]
    assert {path.stem for path in tmp_path.iterdir()} == {table.name for table in TABLES}


def test_what_goes_wrong_in_the_last_batch_is_raised(tmp_path):
    with pytest.raises(KeyError, match="members lacks like_id"), Writing(tmp_path, NUMBERED) as out:
        out.add("members", [pa.table({"device_id": ["a"]})])


def test_what_goes_wrong_is_raised_before_all_is_added(tmp_path):
    def endless():
        while True:
            yield pa.table({"device_id": ["a"]})

    with pytest.raises(KeyError, match="members lacks"), Writing(tmp_path, NUMBERED) as out:
        out.add("members", endless())


def test_no_more_batches_wait_than_may(tmp_path, monkeypatch):
    waiting, most = [], []

    def batches():
        for at in range(30):
            waiting.append(at)
            yield batch(at)

    class Slow(Writing):
        def _write(self, name, rows):
            most.append(len(waiting))
            super()._write(name, rows)
            waiting.pop()

    monkeypatch.setattr(writing, "_MOST_WAITING", 2)
    with Slow(tmp_path, NUMBERED) as out:
        out.add("members", batches())
    assert max(most) <= 4  # two wait, one is being written, one is at hand
