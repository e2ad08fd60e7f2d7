"""Roll-ups merge, conserve and bound."""

import math
from dataclasses import replace
from functools import reduce

import narwhals as nw
import pyarrow as pa
import pytest
from fleets import fleets, of_every_device, randoms, rows, scored_by, settings_of
from hypothesis import given, settings

from beholden.engine.duck import DuckEngine
from beholden.model.risks import CATEGORIES
from beholden.model.tables import ROLLUP_BINS, ROLLUPS
from beholden.score import frechet_bounds, merge_bins, merge_rollups, rollup_bins, rollups

EXAMPLES = settings(max_examples=3, deadline=None)
SUMS = [name for name in ROLLUPS.column_names if name.startswith(("sum_", "n_"))]
KEYS = ("dimension", "group", "category")


def groups_of(engine, devices, site_of):
    named = [(d.device_id, "all", "") for d in devices] + [
        (d.device_id, "site", site_of[d.device_id]) for d in devices
    ]
    columns = ("device_id", "dimension", "group")
    table = {n: pa.array([r[i] for r in named], pa.string()) for i, n in enumerate(columns)}
    return engine.bind(pa.table({**table, "n_devices": pa.array([1] * len(named), pa.int64())}))


def scores_by(engine, fleet):
    scored = scored_by(engine, fleet, settings_of())
    return of_every_device(scored, scored.scores)


@pytest.fixture
def engine():
    with DuckEngine() as one:
        yield one


@EXAMPLES
@given(fleets(size=9), randoms)
def test_invariant_09_and_19_merging_and_splitting_equal_recomputing(fleet, random):
    site_of = {d.device_id: random.choice("ab") for d in fleet.devices}
    parts = [
        [d for d in fleet.devices if site_of[d.device_id] == site] for site in "ab"
    ]  # splitting the whole in two sites
    with DuckEngine() as engine:
        scored = engine.keep(scores_by(engine, fleet))
        whole = groups_of(engine, fleet.devices, site_of)
        rolled = rows(engine, rollups(scored, whole), *KEYS)
        bins = rows(engine, rollup_bins(scored, whole), *KEYS, "bin")
        halves = [groups_of(engine, part, site_of) for part in parts]
        merged = rows(engine, merge_rollups(*(rollups(scored, half) for half in halves)), *KEYS)
        merged_bins = rows(engine, merge_bins(*(rollup_bins(scored, half) for half in halves)), *KEYS, "bin")
        each = engine.collect(scored).to_pylist()
    assert merged == rolled
    assert merged_bins == bins
    for category in CATEGORIES:
        members = [row for row in each if row["category"] == category]
        row = rolled["all", "", category]
        assert tuple(row) == ROLLUPS.column_names
        assert row["n_devices"] == len(members)
        sites = [rolled["site", site, category] for site in "ab" if ("site", site, category) in rolled]
        for name in SUMS:
            assert sum(site[name] for site in sites) == row[name]
        for name, own in (("sum_lower", "lower"), ("sum_likelihood", "likelihood"), ("sum_risk", "risk")):
            assert math.isclose(row[name], sum(m[own] for m in members), abs_tol=1e-9 * len(members))
        logs = sum(math.log(max(1 - m["likelihood"], 1e-12)) for m in members)
        assert math.isclose(row["sum_log_survival"], logs, abs_tol=1e-8)
        assert row["max_likelihood"] == max(m["likelihood"] for m in members)
        counted = {key[3]: b["n_devices"] for key, b in bins.items() if key[:3] == ("all", "", category)}
        wanted = {}
        for m in members:
            n = min(math.floor(100 * m["likelihood"]), 99)
            wanted[n] = wanted.get(n, 0) + 1
        assert counted == wanted
    assert all(tuple(b) == ROLLUP_BINS.column_names for b in bins.values())


@EXAMPLES
@given(fleets(size=9), randoms)
def test_a_unit_counted_often_equals_its_devices(fleet, random):
    site_of = {d.device_id: random.choice("ab") for d in fleet.devices}
    with DuckEngine() as engine:
        scored = scored_by(engine, fleet, settings_of())
        groups = engine.keep(groups_of(engine, fleet.devices, site_of))
        by_unit = groups.join(scored.members, on="device_id", how="inner")
        counted = by_unit.group_by("unit_id", "dimension", "group").agg(n_devices=nw.col("n_devices").sum())
        counted = engine.keep(counted.rename({"unit_id": "device_id"}))
        each = of_every_device(scored, scored.scores)
        for make, keys in ((rollups, KEYS), (rollup_bins, (*KEYS, "bin"))):
            condensed = rows(engine, make(scored.scores, counted), *keys)
            assert condensed == rows(engine, make(each, groups), *keys)


@EXAMPLES
@given(fleets(size=9))
def test_invariant_09_frechet_bounds_hold(fleet):
    site_of = {d.device_id: "a" for d in fleet.devices}
    with DuckEngine() as engine:
        scored = engine.keep(scores_by(engine, fleet))
        rolled = frechet_bounds(rollups(scored, groups_of(engine, fleet.devices, site_of)))
        bounds = rows(engine, rolled, *KEYS)
        each = engine.collect(scored).to_pylist()
    for category in CATEGORIES:
        ps = [row["likelihood"] for row in each if row["category"] == category]
        row = bounds["all", "", category]
        together, apart = max(ps), 1 - math.prod(1 - p for p in ps)
        assert math.isclose(row["at_least_one_lower"], together, abs_tol=1e-9)
        assert math.isclose(row["at_least_one_upper"], min(1.0, sum(ps)), abs_tol=1e-8)
        assert row["at_least_one_lower"] - 1e-9 <= apart <= row["at_least_one_upper"] + 1e-8


@EXAMPLES
@given(fleets(size=9), randoms)
def test_invariant_18_removing_a_device_never_raises_a_sum(fleet, random):
    gone = random.choice(fleet.devices)
    rest = replace(fleet, devices=[d for d in fleet.devices if d is not gone])
    both = []
    for one in (fleet, rest):
        with DuckEngine() as engine:
            scored = scores_by(engine, one)
            site_of = {d.device_id: "a" for d in one.devices}
            both.append(rows(engine, rollups(scored, groups_of(engine, one.devices, site_of)), *KEYS))
    for key, row in both[1].items():
        for name in SUMS:
            sign = -1 if name == "sum_log_survival" else 1
            assert sign * row[name] <= sign * both[0][key][name]


def test_merging_is_associative_and_commutative(engine):
    def one(n):
        row = ["site", "a", "privacy", 1, *[n / 3] * 3, -n / 7, n / 3, n / 5, n / 9]
        names = ROLLUPS.column_names
        return engine.bind(pa.table({name: [value] for name, value in zip(names, row, strict=True)}))

    parts = [one(n / 2**30 * 7 * 9 * 15) for n in range(1, 6)]
    forward = engine.collect(reduce(merge_rollups, parts)).to_pylist()
    backward = engine.collect(reduce(merge_rollups, reversed(parts))).to_pylist()
    assert forward == backward
    assert forward[0]["n_devices"] == 5
