"""The frames give what the plain-Python oracle gives, to 1e-9."""

import math

import pytest
from fleets import fleets, of_every_device, rows, scored_by, scores_of, settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.model.risks import CATEGORIES
from beholden.model.tables import CONTRIBUTIONS, SCORES
from beholden.score import index_of

EXAMPLES = settings(max_examples=6, deadline=None)


def assert_same(got, wanted, where):
    for name, value in wanted.items():
        if isinstance(value, bool):
            assert got[name] is value, (where, name, got[name], value)
        else:
            assert math.isclose(got[name], value, abs_tol=1e-9), (where, name, got[name], value)


@pytest.mark.parametrize("engine_kind", [DuckEngine, PolarsEngine])
@EXAMPLES
@given(fleets(), st.integers(0, 7), st.booleans())
def test_invariant_12_frames_equal_the_oracle(engine_kind, fleet, gamma, by_archetype):
    chosen = settings_of(gamma=gamma, default_criticality=0.3)
    got, parts = scores_of(fleet, chosen, engine_kind, by_archetype=by_archetype)
    oracle = Oracle(fleet, chosen)
    assert len(got) == len(fleet.devices) * len(CATEGORIES)
    n_parts = 0
    for device in fleet.devices:
        for category in CATEGORIES:
            where = (device.device_id, category)
            assert tuple(got[where]) == SCORES.column_names
            assert_same(got[where], oracle.score(device, category), where)
            narrowings = oracle.narrowings(device, category)
            shares = oracle.shares(device, category)
            for factor, terms in oracle.terms(device, category).items():
                for term in terms:
                    row = parts[(*where, factor, term.name)]
                    assert tuple(row) == CONTRIBUTIONS.column_names
                    wanted = {
                        "weight": term.w,
                        "base_rate": term.a,
                        "belief": term.b,
                        "disbelief": term.d,
                        "uncertainty": term.u,
                        "share": shares[factor, term.name],
                        "narrowing": narrowings[factor, term.name],
                    }
                    assert_same(row, wanted, (*where, factor, term.name))
                    n_parts += 1
            best = got[where]["next_best_evidence"]
            most = max(narrowings.values(), default=0.0)
            if best is None:
                assert most < 1e-9
            else:
                assert most - max(v for (_, name), v in narrowings.items() if name == best) < 2e-9
    assert len(parts) == n_parts


@EXAMPLES
@given(fleets(mitigated=False))
def test_index_is_the_largest_risk(fleet):
    with DuckEngine() as engine:
        scored = scored_by(engine, fleet, settings_of())
        got = rows(engine, index_of(of_every_device(scored, scored.scores)), "device_id")
    oracle = Oracle(fleet, settings_of())
    for device in fleet.devices:
        each = [oracle.score(device, category) for category in CATEGORIES]
        wanted = {
            "index": 100 * max(row["risk"] for row in each),
            "lower": 100 * max(row["risk_lower"] for row in each),
            "upper": 100 * max(row["risk_upper"] for row in each),
            "sum_risk": sum(row["risk"] for row in each),
        }
        assert_same(got[device.device_id], wanted, device.device_id)
