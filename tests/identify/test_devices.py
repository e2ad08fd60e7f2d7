"""Devices and their identifiers: what is stated, what is random, what stands in front of others."""

from tests.identify.world import CAM, NO_JUDGEMENTS, RANDOM, ROUTER, frame, seen, stated

from beholden.identify.devices import devices, identifiers, owned
from beholden.identify.resolve import resolve


def device_rows(engine, rows, judgements=NO_JUDGEMENTS):
    """Give the table `devices`, and `device_identifiers`, as rows."""
    observations = frame(engine, rows)
    resolved = resolve(engine, observations, judgements)
    mine = owned(observations, resolved)
    known = engine.keep(identifiers(mine, resolved))
    return engine.collect(devices(mine, known, resolved)).to_pylist(), engine.collect(known).to_pylist()


def test_a_randomised_link_address_is_flagged_and_a_fixed_one_is_not(engine):
    rows, _ = device_rows(engine, [seen(RANDOM, "ip", "192.168.1.12"), seen(CAM, "ip", "192.168.1.10")])
    assert sorted(row["is_randomised"] for row in rows) == [False, True]


def test_who_states_a_serial_number_is_not_known_by_a_random_address_alone(engine):
    (row,), _ = device_rows(engine, [*stated("SN-0001", ("mac", RANDOM))])
    assert not row["is_randomised"]


def test_what_an_inventory_states_stands_in_the_device(engine):
    pairs = (
        ("mac", CAM),
        ("site", "Ward 3"),
        ("country", "QM"),
        ("criticality", "0.9"),
        ("hostname", "Door"),
    )
    (row,), known = device_rows(engine, [*stated("SN-0001", *pairs), seen(CAM, "ip", "192.168.1.10", at=5)])
    assert (row["site"], row["country"], row["criticality"], row["is_router"]) == ("Ward 3", "QM", 0.9, False)
    assert row["first_seen_at"] < row["last_seen_at"]
    told = {(one["identifier_kind"], one["identifier"]) for one in known}
    assert told == {("mac", CAM), ("serial", "SN-0001"), ("hostname", "Door"), ("ip", "192.168.1.10")}


def test_a_router_is_marked(engine):
    rows, _ = device_rows(engine, [seen(ROUTER, "frame.relays", "9"), seen(ROUTER, "ip", "192.168.1.1")])
    assert [row["is_router"] for row in rows] == [True]
