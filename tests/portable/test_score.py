"""Scores and roll-ups are the same on every engine."""

from random import Random

import pyarrow as pa
import pytest
from fleets import made, of_every_device, scored_by, settings_of
from sameness import assert_same

from beholden.engine.duck import DuckEngine
from beholden.score import frechet_bounds, index_of, merge_bins, merge_rollups, rollup_bins, rollups

FLEET = made(Random(5), 24, mitigated=True)
SETTINGS = settings_of(gamma=1, default_criticality=0.3)


def told(engine):
    """Give scores, and roll-ups of two sites and of both together."""
    scored = scored_by(engine, FLEET, SETTINGS)
    scores = engine.keep(of_every_device(scored, scored.scores))
    halves = []
    for at in range(2):
        ids = [one.device_id for one in FLEET.devices][at::2]
        table = pa.table({"device_id": ids, "dimension": ["all"] * len(ids), "group": [""] * len(ids)})
        halves.append(
            engine.bind(table.append_column("n_devices", pa.array([at + 1] * len(ids), pa.int64())))
        )
    rolled = [engine.keep(rollups(scores, half)) for half in halves]
    bins = [engine.keep(rollup_bins(scores, half)) for half in halves]
    frames = {
        "scores": scores,
        "contributions": of_every_device(scored, scored.contributions),
        "index": index_of(scores),
        "rollups": frechet_bounds(merge_rollups(*rolled)),
        "bins": merge_bins(*bins),
    }
    return {name: engine.collect(frame) for name, frame in frames.items()}


@pytest.fixture(scope="module")
def wanted():
    with DuckEngine() as engine:
        return told(engine)


def test_scores_and_rollups(other, wanted):
    found = told(other)
    assert wanted["scores"].num_rows == len(FLEET.devices) * len(SETTINGS.severities)
    assert wanted["contributions"].num_rows > 100
    for name, table in wanted.items():
        assert_same(table, found[name])
