"""Signals of takeover agree in both engines, and do not know where a device comes from."""

from tests.assess import world
from tests.assess.takeover import CASES

from beholden.assess import beacons, relays, scanning, tunnels, unusual

FLEET = {f"{name} {n}": device for name, cases in CASES.items() for n, (device, _) in enumerate(cases)}


def strongest(engine, **how):
    made, found = world.context(engine, FLEET, **how), {}
    for module in (scanning, beacons, tunnels, relays, unusual):
        for frame in module.measure(made):
            for row in engine.collect(frame).to_pylist():
                key = row["device_id"], row["signal"]
                found[key] = max(found.get(key, 0.0), row["strength"])
    return found


def test_every_case_holds_in_both_engines_whatever_is_of_concern(engine):
    found = strongest(engine)
    told = {
        (name, n): found.get((f"{name} {n}", name))
        for name, cases in CASES.items()
        for n in range(len(cases))
    }
    assert told == {(name, n): wanted for name, cases in CASES.items() for n, (_, wanted) in enumerate(cases)}
    for names in ((), ("QF", "QO", "QP")):
        assert strongest(engine, profile=world.permuted(world.PROFILE, names)) == found


def test_a_new_place_is_told_with_how_long_the_device_did_without(engine):
    case = next(n for n, (_, strength) in enumerate(CASES["beacon.regular"]) if strength == 0.9)
    device = f"beacon.regular {case}"
    found = [row for frame in beacons.measure(world.context(engine, {device: FLEET[device]}))
             for row in engine.collect(frame).to_pylist()]  # fmt: skip
    assert [row["detail"] for row in found] == [
        "30 connections at even distances to new.nobody.example port 443, none in 3 hours before"
    ]
