"""The steps that explain prints give the frames' own results."""

import math

from fleets import fleets, scores_of, settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle

from beholden.score.explain_steps import recompute


@settings(max_examples=3, deadline=None)
@given(fleets(), st.integers(0, 6))
def test_recomputed_steps_equal_the_frames(fleet, gamma):
    chosen = settings_of(gamma=gamma)
    got, parts = scores_of(fleet, chosen)
    oracle = Oracle(fleet, chosen)
    for device in fleet.devices:
        for category in chosen.severities:
            row = got[device.device_id, category]
            own = [r for key, r in parts.items() if key[:2] == (device.device_id, category)]
            again = recompute(own, category, row["impact"], chosen, oracle.mitigation(device, category))
            for name, value in again.results.items():
                assert math.isclose(row[name], value, abs_tol=1e-9), (name, row[name], value)
            assert again.steps[-1].value == again.results["risk"]
            assert all(step.text and math.isfinite(step.value) for step in again.steps)


def test_steps_read_as_a_sum():
    rows = [
        {"factor": "V", "proposition": "hole", "weight": 0.5, "base_rate": 0.1, "belief": 0.4}
        | {"disbelief": 0.0, "uncertainty": 0.6}
    ]
    again = recompute(rows, "privacy", 1.0, settings_of())
    texts = {step.name: step.text for step in again.steps}
    assert texts["V.hole"] == "belief 0.4 + base rate 0.1 x unknown 0.6, with weight 0.5"
    assert texts["V"] == "vulnerable to third parties: 1 - (1 - 0.5 x 0.46)"
    assert texts["P likelihood"] == "1 - (1 - 0)(1 - 1 x 1 x (1 - (1 - 0.23)(1 - 0)))"
    assert math.isclose(again.results["likelihood"], 0.23)
