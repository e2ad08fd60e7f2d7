"""The invariants of science 3.11 that concern scoring, each by its number.

Elsewhere: 11 (renaming jurisdictions with their facts) in tests/assess, where facts become strengths; 14 and 26
(cut-off simulation, substitutes in the graph) with the cut-off; 12 in test_oracle.py; 8, 9, 18 and 19 in
test_closed_form.py and test_rollups.py; 20 (evidence and source ids) end to end, here only that a lower bound
above 0 rests on a finding; 25 (counterfactual overlays) with what-if, here only that an empty overlay is none.

Every example is a fleet in which changed copies stand beside the devices they were made from, so one query
judges many cases.
"""

import math
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from itertools import pairwise

import pyarrow as pa
import pytest
from fleets import (
    AS_OF,
    arrow_inputs,
    copied,
    fleets,
    inputs_of,
    of_every_device,
    randoms,
    scored_by,
    scores_of,
    settings_of,
    unit,
    units,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import Device, Finding, Fleet, Mitigation, Proposition

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.model.risks import CATEGORIES
from beholden.score import score

EXAMPLES = settings(max_examples=3, deadline=None)
DUST = 1e-12
BOUNDS = ("lower", "likelihood", "upper", "upper_full")


def of(fleet, device):
    return [f for f in fleet.findings if f.device_id == device.device_id]


def beside(fleet, change):
    """The fleet with a changed copy `x*` of every device x; `change(findings)` gives the copy's findings."""
    devices = [replace(d, device_id=d.device_id + "*") for d in fleet.devices]
    findings = [f for d in fleet.devices for f in copied(change(of(fleet, d)), d.device_id + "*")]
    mitigations = [replace(m, device_id=m.device_id + "*") for m in fleet.mitigations]
    return Fleet(
        fleet.devices + devices,
        fleet.findings + findings,
        fleet.applies,
        fleet.impacts,
        fleet.mitigations + mitigations,
    )


def pairs(fleet, got):
    """(row of a device, row of its changed copy) per category."""
    return [
        (got[d.device_id, c], got[d.device_id + "*", c])
        for d in fleet.devices
        if not d.device_id.endswith("*")
        for c in CATEGORIES
    ]


def without_device(row):
    return {k: v for k, v in row.items() if k != "device_id"}


@EXAMPLES
@given(fleets(), st.integers(0, 6))
def test_invariant_01_bounds_are_ordered(fleet, gamma):
    got, _ = scores_of(fleet, settings_of(gamma=gamma))
    for row in got.values():
        assert 0 <= row["lower"] <= row["likelihood"] <= row["upper"] <= row["upper_full"] <= 1
        assert 0 <= row["risk_lower"] <= row["risk"] <= row["risk_upper"] <= 1
        assert 0 <= row["coverage"] <= 1 + DUST
        for factor in "vrlo":
            assert 0 <= row[f"{factor}_lower"] <= row[f"{factor}_point"] <= row[f"{factor}_upper"] <= 1


@EXAMPLES
@given(fleets(), st.integers(0, 6), randoms)
def test_invariant_02_raising_a_strength_never_lowers(fleet, gamma, random):
    def raised(findings):
        return [replace(f, strength=max(f.strength, unit(random))) for f in findings]

    both = beside(fleet, raised)
    got, _ = scores_of(both, settings_of(gamma=gamma))
    for before, after in pairs(both, got):
        for name in BOUNDS:
            assert after[name] >= before[name] - DUST


@EXAMPLES
@given(fleets(mitigated=False), randoms)
def test_invariant_03_new_evidence_never_widens_without_conflict(fleet, random):
    spots = [(p.category, p.factor, p.proposition) for p in fleet.applies] or [("privacy", "V", "V0")]

    def more(findings):
        new = [Finding("", *random.choice(spots), unit(random), unit(random)) for _ in range(6)]
        return findings + new

    both = beside(fleet, more)
    got, parts = scores_of(both, settings_of())
    for before, after in pairs(both, got):
        if not after["is_conflicted"]:
            assert after["lower"] >= before["lower"] - DUST
            assert after["upper_full"] <= before["upper_full"] + DUST
            for f in "vrlo":  # gamma's bound may rise, its distance from the lower one may not
                width = [row[f"{f}_upper"] - row[f"{f}_lower"] for row in (before, after)]
                assert after["category"] == "lock_in" or width[1] <= width[0] + 1e-11
    for (device, *rest), row in parts.items():
        if not device.endswith("*"):
            assert parts[(device + "*", *rest)]["uncertainty"] <= row["uncertainty"] + DUST


@EXAMPLES
@given(fleets(), randoms, st.just(value=False) | st.booleans())
def test_invariant_04_order_and_duplicates_are_irrelevant(fleet, random, by_archetype):
    def shuffled(findings):
        some = findings + [f for f in findings if random.random() < 0.5]
        random.shuffle(some)
        return some

    both = beside(fleet, shuffled)
    got, _ = scores_of(both, settings_of(), by_archetype=by_archetype)
    for before, after in pairs(both, got):
        assert without_device(before) == without_device(after)


@EXAMPLES
@given(fleets(mitigated=False), randoms)
def test_invariant_05_and_06_mitigations_never_raise_nor_push_below_observed(fleet, random):
    both = beside(fleet, list)
    both.mitigations += [
        Mitigation(d.device_id, c, unit(random), unit(random))
        for d in both.devices
        if d.device_id.endswith("*")
        for c in CATEGORIES[: random.randint(1, 8)]
    ]
    got, _ = scores_of(both, settings_of())
    for before, after in pairs(both, got):
        for name, observed in zip(BOUNDS, ("o_lower", "o_point", "o_upper", "o_upper"), strict=True):
            assert after[name] <= before[name] + DUST
            if after["category"] != "lock_in":
                assert after[name] >= after[observed] - DUST


@EXAMPLES
@given(fleets(mitigated=False), units, units)
def test_invariant_07_gains_of_mitigations_are_submodular(fleet, first, second):
    wide = Fleet([], [], fleet.applies, fleet.impacts)
    for suffix, effects in (("", ()), ("a", (first,)), ("b", (second,)), ("ab", (first, second))):
        for d in fleet.devices:
            name = d.device_id + suffix
            wide.devices.append(replace(d, device_id=name))
            wide.findings += copied(of(fleet, d), name)
            wide.mitigations += [Mitigation(name, c, e, 1.0) for c in CATEGORIES for e in effects]
    got, _ = scores_of(wide, settings_of())
    for d in fleet.devices:
        for c in CATEGORIES:
            none, a, b, ab = (got[d.device_id + s, c]["likelihood"] for s in ("", "a", "b", "ab"))
            assert none - b >= a - ab - 1e-10


@EXAMPLES
@given(fleets())
def test_invariant_10_shares_sum_to_the_factor(fleet):
    got, parts = scores_of(fleet, settings_of(veto=()))
    sums = {}
    for (device, category, factor, _), row in parts.items():
        assert 0 <= row["share"] <= 1 + DUST
        assert row["narrowing"] >= 0
        sums[device, category, factor] = sums.get((device, category, factor), 0.0) + row["share"]
    for (device, category, factor), whole in sums.items():
        point = got[device, category][f"{factor.lower()}_point"]
        if category != "lock_in" or factor == "L":
            assert math.isclose(whole, 1.0 if point > 0 else 0.0, abs_tol=1e-9) or point < 1e-12


@EXAMPLES
@given(fleets(size=5))
def test_invariant_13_gamma_is_nested(fleet):
    each = [scores_of(fleet, settings_of(gamma=gamma))[0] for gamma in (0, 1, 2, 6)]
    for less, more in pairwise(each):
        for key, row in less.items():
            assert row["upper"] <= more[key]["upper"] + DUST
            assert math.isclose(row["upper_full"], more[key]["upper_full"], abs_tol=DUST)
    for row in each[-1].values():
        assert math.isclose(row["upper"], row["upper_full"], abs_tol=1e-12)


@EXAMPLES
@given(fleets())
def test_invariant_15_without_evidence_nothing_is_claimed(fleet):
    both = beside(fleet, lambda _: [])
    both.mitigations.clear()
    got, _ = scores_of(both, settings_of())
    of_kind = {}
    for d in both.devices:
        if d.device_id.endswith("*"):
            for c in CATEGORIES:
                row = got[d.device_id, c]
                assert (row["lower"], row["coverage"], row["is_conflicted"]) == (0.0, 0.0, False)
                names = (*BOUNDS, "coverage", "next_best_evidence")
                shown = tuple(row[n] for n in names)
                kind = "" if d.kind == "unheard" else d.kind
                assert of_kind.setdefault((kind, c), shown) == shown


@EXAMPLES
@given(fleets(mitigated=False), units)
def test_invariant_16_origin_alone_leaves_vulnerability_and_behaviour(fleet, strength):
    origin = [(p.category, p.factor, p.proposition) for p in fleet.applies if p.factor == "L"]
    both = beside(fleet, lambda findings: findings + [Finding("", *o, strength, 1.0) for o in set(origin)])
    got, _ = scores_of(both, settings_of())
    for before, after in pairs(both, got):
        for name in before:
            if name[:2] in {"v_", "o_", "r_"}:
                assert before[name] == after[name]


@EXAMPLES
@given(fleets(), st.floats(0, 4000))
def test_invariant_17_ageing_only_widens(fleet, days):
    now, now_parts = scores_of(fleet, settings_of())
    later, later_parts = scores_of(fleet, settings_of(as_of=AS_OF + timedelta(days=days)))
    for key, row in now_parts.items():
        assert later_parts[key]["uncertainty"] >= row["uncertainty"] - DUST
    for key, row in now.items():
        if not row["is_conflicted"]:
            assert later[key]["lower"] <= row["lower"] + DUST
            assert later[key]["upper_full"] >= row["upper_full"] - DUST


@EXAMPLES
@given(fleets())
def test_invariant_20_a_lower_bound_rests_on_a_finding(fleet):
    got, parts = scores_of(fleet, settings_of())
    found = {(f.device_id, f.category) for f in fleet.findings}
    for key, row in got.items():
        assert row["lower"] == 0 or key in found
    for (device, category, factor, proposition), row in parts.items():
        if row["belief"] > 0 or row["disbelief"] > 0:
            there = (device, category, factor, proposition)
            assert there in {(f.device_id, f.category, f.factor, f.proposition) for f in fleet.findings}


@EXAMPLES
@given(fleets(size=5), fleets(size=5))
def test_invariant_21_an_unrelated_device_changes_nobody(fleet, others):
    more = Fleet(
        fleet.devices + [replace(d, device_id="x" + d.device_id) for d in others.devices],
        fleet.findings + [replace(f, device_id="x" + f.device_id) for f in others.findings],
        fleet.applies,
        fleet.impacts,
        fleet.mitigations + [replace(m, device_id="x" + m.device_id) for m in others.mitigations],
    )
    alone, _ = scores_of(fleet, settings_of())
    among, _ = scores_of(more, settings_of())
    for key, row in alone.items():
        assert among[key] == row


@EXAMPLES
@given(fleets(), st.integers(-12, 14))
def test_invariant_22_time_zones_are_irrelevant(fleet, hours):
    zone = timezone(timedelta(hours=hours))
    tables = arrow_inputs(fleet)
    observed = tables["findings"]["observed_at"].cast(pa.timestamp("us", tz=f"{hours:+03d}:00"))
    moved = tables["findings"].set_column(8, "observed_at", observed)
    here, _ = scores_of(fleet, settings_of())
    with DuckEngine() as engine:
        inputs = replace(inputs_of(engine, fleet), findings=engine.bind(moved))
        chosen = settings_of(as_of=AS_OF.astimezone(zone))
        scored = score(inputs, chosen, keep=engine.keep)
        there = engine.collect(of_every_device(scored, scored.scores)).to_pylist()
    assert {(row["device_id"], row["category"]): row for row in there} == here
    naive, _ = scores_of(fleet, settings_of(as_of=AS_OF.astimezone(UTC).replace(tzinfo=None)))
    assert naive == here


@EXAMPLES
@given(fleets(), st.lists(st.floats(1, 5), min_size=8, max_size=8), units)
def test_invariant_23_a_profile_never_alters_evidence(fleet, severities, criticality):
    other = settings_of(
        severities=dict(zip(CATEGORIES, severities, strict=True)), default_criticality=criticality
    )
    got, parts = scores_of(fleet, settings_of())
    changed, changed_parts = scores_of(fleet, other)
    assert parts == changed_parts
    for key, row in got.items():
        differing = {name for name, value in row.items() if changed[key][name] != value}
        assert differing <= {"severity", "impact", "risk", "risk_lower", "risk_upper"}


@EXAMPLES
@given(fleets(size=9), st.booleans())
def test_invariant_24_archetypes_equal_devices(fleet, colliding):
    with pytest.MonkeyPatch.context() as patch:
        if colliding:  # every signature of equal length collides
            patch.setattr("beholden.score.archetypes.PRIME", 1)
        together = scores_of(fleet, settings_of())
    assert together == scores_of(fleet, settings_of(), by_archetype=False)


@EXAMPLES
@given(fleets(mitigated=False))
def test_invariant_25_an_empty_overlay_is_the_baseline(fleet):
    both = beside(fleet, list)
    both.mitigations += [Mitigation(d.device_id, c, 0.0, 1.0) for d in fleet.devices for c in CATEGORIES]
    got, _ = scores_of(both, settings_of())
    for before, after in pairs(both, got):
        assert without_device(before) == without_device(after)


@EXAMPLES
@given(fleets(mitigated=False), randoms)
def test_invariant_27_lock_in_never_rises_when_an_interface_is_open(fleet, random):
    lock = [(p.category, p.factor, p.proposition) for p in fleet.applies if p.category == "lock_in"]
    assume(lock)
    both = beside(
        fleet,
        lambda findings: [*findings, Finding("", *random.choice(lock), 0.0, unit(random))],
    )
    got, _ = scores_of(both, settings_of())
    for before, after in pairs(both, got):
        for name in BOUNDS:
            assert after[name] <= before[name] + DUST


@pytest.mark.parametrize(
    "engines", [(lambda: DuckEngine(threads=1), lambda: DuckEngine(threads=4)), (PolarsEngine,) * 2]
)
@EXAMPLES
@given(fleets(size=9), randoms)
def test_invariant_28_same_inputs_same_bytes(engines, fleet, random):
    shuffled = Fleet(
        *(random.sample(part, len(part)) for part in (fleet.devices, fleet.findings, fleet.applies)), {}
    )
    shuffled.impacts = dict(random.sample(sorted(fleet.impacts.items()), len(fleet.impacts)))
    shuffled.mitigations = random.sample(fleet.mitigations, len(fleet.mitigations))
    tables = []
    for one, engine_kind in zip((fleet, shuffled), engines, strict=True):
        with engine_kind() as engine:
            scored = scored_by(engine, one, settings_of())
            table = engine.collect(of_every_device(scored, scored.scores))
            tables.append(table.sort_by([("device_id", "ascending"), ("category", "ascending")]))
    assert tables[0].equals(tables[1])


def test_lock_in_veto_needs_both_and_lifts_to_its_floor():
    applies = [
        Proposition("", "lock_in", "L", name, w, 0.2) for name, w in (("L1", 0.1), ("L2", 0.1), ("L3", 0.8))
    ]
    fleet = Fleet([Device("both"), Device("one")], [], applies, {("", c): 1.0 for c in CATEGORIES})
    fleet.findings = [Finding("both", "lock_in", "L", p, 1.0, 1.0) for p in ("L1", "L2")]
    fleet.findings += [Finding("one", "lock_in", "L", "L1", 1.0, 1.0)]
    fleet.findings += [Finding(d, "lock_in", "L", "L3", 0.0, 1.0) for d in ("both", "one")]
    got, _ = scores_of(fleet, settings_of())
    assert got["both", "lock_in"]["lower"] == pytest.approx(0.7)
    assert got["one", "lock_in"]["lower"] == pytest.approx(0.1)
    assert got["one", "lock_in"]["upper"] == pytest.approx(0.7)
    assert got["one", "lock_in"]["likelihood"] == pytest.approx(0.14)
    assert got["one", "lock_in"]["upper_full"] == pytest.approx(0.7)


def test_colliding_signatures_never_mix_devices(monkeypatch):
    monkeypatch.setattr("beholden.score.archetypes.PRIME", 1)
    applies = [Proposition("", "privacy", "O", f"O{i}", 0.5, 0.0) for i in range(4)]
    fleet = Fleet([Device(f"d{i}") for i in range(4)], [], applies, {("", c): 1.0 for c in CATEGORIES})
    fleet.findings = [Finding(f"d{i}", "privacy", "O", f"O{i % 2}", (1 + i % 2) / 2, 1.0) for i in range(4)]
    got, _ = scores_of(fleet, settings_of())
    assert [got[f"d{i}", "privacy"]["lower"] for i in range(4)] == [0.25, 0.5, 0.25, 0.5]
