"""Partitions distilled at once, each in a thread, come to what they come to one by one."""

from datetime import UTC, datetime
from random import Random

import pyarrow.parquet as pq
from test_distilling import sheet

from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from beholden.pipeline.fleet.run import Fleet, FleetRequest

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_progress_and_parts(beholden, spark, tmp_path):  # noqa: ARG001 - makes the cache
    folder = tmp_path / "in"
    folder.mkdir()
    for at in range(3):
        for copy in range(2):
            pq.write_table(sheet(Random(at)), folder / f"{at}-{copy}.parquet")
    knowledge = Knowledge.open()
    done = []
    run = Fleet(
        FleetRequest([str(folder)], load_profile(knowledge, "article"), NOW),
        Store(tmp_path / "store"),
        knowledge,
        spark,
        lambda _: None,
        lambda: NOW,
        on_part=lambda n, of: done.append((n, of)),
    )
    assert spark.at_once >= 2
    assert run.run().is_new
    assert done == [(n, 3) for n in range(4)]
    assert len(list((tmp_path / "store").glob("fleet/*/*/about.json"))) == 3
