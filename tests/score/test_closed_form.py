"""The category formula against exact inference by enumeration, and the ageing of confidence."""

import math
from datetime import UTC, datetime, timedelta
from itertools import product

import narwhals as nw
import pyarrow as pa
import pytest
from fleets import AS_OF, fleets, scores_of, settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Device, Finding, Fleet, Oracle, Proposition

from beholden.engine.duck import DuckEngine
from beholden.model.risks import CATEGORIES, FACTORS
from beholden.score.ageing import aged_confidence, ordinal_day, ordinal_of

chances = st.floats(0, 1)


def by_enumeration(causes, mitigation):
    """P(bad) of the network: each factor a noisy-or of its causes, bad = O or (R and open channel and (V or L))."""
    gates = [(factor, p) for factor, ps in causes.items() for p in ps] + [("M", mitigation)]
    bad = 0.0
    for states in product((False, True), repeat=len(gates)):
        weight = math.prod(p if on else 1 - p for (_, p), on in zip(gates, states, strict=True))
        on = {factor for (factor, _), state in zip(gates, states, strict=True) if state}
        if "O" in on or ("R" in on and "M" in on and ({"V", "L"} & on)):
            bad += weight
    return bad


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(*[st.lists(chances, min_size=1, max_size=3)] * 4), min_size=1, max_size=5))
def test_invariant_08_closed_form_equals_the_bayesian_network(cases):
    """Beliefs are set to the causes' probabilities with nothing unknown; weights are one."""
    fleet = Fleet([], [], [], {("", c): 1.0 for c in CATEGORIES})
    fleet.applies = [Proposition("", "mapping", f, f"{f}{i}", 1.0, 0.0) for f in FACTORS for i in range(3)]
    for n, causes in enumerate(cases):
        fleet.devices.append(Device(f"d{n}"))
        for factor, ps in zip(FACTORS, causes, strict=True):
            for i in range(3):
                strength = ps[i] if i < len(ps) else 0.0
                fleet.findings.append(Finding(f"d{n}", "mapping", factor, f"{factor}{i}", strength, 1.0))
    got, _ = scores_of(fleet, settings_of())
    for n, causes in enumerate(cases):
        row = got[f"d{n}", "mapping"]
        wanted = by_enumeration(dict(zip(FACTORS, causes, strict=True)), 1.0)
        assert math.isclose(row["likelihood"], wanted, abs_tol=1e-9)
        assert math.isclose(row["lower"], row["upper_full"], abs_tol=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.lists(chances, min_size=1, max_size=2)] * 4), chances)
def test_invariant_08_the_oracle_equals_the_bayesian_network(causes, mitigation):
    named = dict(zip(FACTORS, causes, strict=True))
    v, r, leverage, o = (1 - math.prod(1 - p for p in ps) for ps in causes)
    closed = 1 - (1 - o) * (1 - r * mitigation * (1 - (1 - v) * (1 - leverage)))
    assert math.isclose(closed, by_enumeration(named, mitigation), abs_tol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.datetimes(datetime(1, 3, 1), datetime(9999, 1, 1)), min_size=1))  # noqa: DTZ001
def test_ordinal_day_is_the_calendars(instants):
    with DuckEngine() as engine:
        frame = engine.bind(pa.table({"t": pa.array(instants, pa.timestamp("us"))}))
        got = engine.collect(frame.select(day=ordinal_day(nw.col("t")), t="t")).to_pylist()
    for row in got:
        assert math.isclose(row["day"], ordinal_of(row["t"]), abs_tol=1e-9)
        assert int(row["day"]) == row["t"].toordinal()


def test_confidence_halves_and_never_grows():
    ages = [timedelta(days=d) for d in (0, 7, 14, -30)]
    table = pa.table(
        {
            "confidence": [0.8, 0.8, 0.8, 0.8, 0.8, 0.8],
            "observed_at": pa.array([*(AS_OF - a for a in ages), None, AS_OF], pa.timestamp("us", tz="UTC")),
            "half_life_days": pa.array([7.0, 7.0, 7.0, 7.0, 7.0, None]),
        }
    )
    with DuckEngine() as engine:
        got = engine.collect(engine.bind(table).select(c=aged_confidence(AS_OF)))["c"].to_pylist()
    assert got == pytest.approx([0.8, 0.4, 0.2, 0.8, 0.8, 0.8])
    assert ordinal_of(AS_OF) == ordinal_of(AS_OF.astimezone(UTC).replace(tzinfo=None))


@settings(max_examples=3, deadline=None)
@given(fleets(size=2))
def test_an_empty_fleet_gives_empty_tables(fleet):
    empty = Fleet([], [], fleet.applies, fleet.impacts)
    got, parts = scores_of(empty, settings_of())
    assert (got, parts) == ({}, {})
    assert Oracle(empty, settings_of()).kinds == {kind for kind, _ in fleet.impacts}
