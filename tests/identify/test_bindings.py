"""A router's link address is not the device behind it."""

import pytest
from tests.identify.world import CAM, PHONE, ROUTER, frame, seen

from beholden.identify.bindings import credible


def trusted(engine, *rows):
    kept, fronts = credible(engine, frame(engine, rows))
    pairs = {(row["mac"], row["ip"]) for row in engine.collect(kept).to_pylist()}
    return pairs, set(engine.collect(fronts)["mac"].to_pylist())


def test_an_address_that_arp_or_dhcp_bound_is_trusted(engine):
    assert trusted(engine, seen(CAM, "ip", "192.168.1.10")) == ({(CAM, "192.168.1.10")}, set())


def test_the_source_of_a_frame_is_trusted_where_nothing_speaks_against_it(engine):
    assert trusted(engine, seen(CAM, "frame.ip", "192.168.1.10")) == ({(CAM, "192.168.1.10")}, set())


def test_a_link_address_that_carries_public_addresses_is_a_router(engine):
    pairs, fronts = trusted(
        engine,
        seen(ROUTER, "ip", "192.168.1.1"),
        seen(ROUTER, "frame.relays", "12"),
        seen(ROUTER, "frame.ip", "10.9.9.9"),
        seen(CAM, "ip", "192.168.1.10"),
    )
    assert fronts == {ROUTER}
    assert pairs == {(ROUTER, "192.168.1.1"), (CAM, "192.168.1.10")}


def test_a_public_address_of_ones_own_makes_no_router(engine):
    _, fronts = trusted(engine, seen(CAM, "ip", "198.18.0.1"), seen(CAM, "frame.relays", "1"))
    assert fronts == set()


def test_several_local_addresses_that_nothing_bound_make_a_router(engine):
    rows = [seen(ROUTER, "frame.ip", f"10.0.{net}.5") for net in range(3)]
    pairs, fronts = trusted(engine, *rows)
    assert (pairs, fronts) == (set(), {ROUTER})


def test_an_address_of_another_network_makes_a_router(engine):
    pairs, fronts = trusted(
        engine, seen(ROUTER, "ip", "192.168.1.1"), seen(ROUTER, "frame.ip", "192.168.7.9")
    )
    assert fronts == {ROUTER}
    assert pairs == {(ROUTER, "192.168.1.1")}


@pytest.mark.parametrize("address", ["169.254.3.4", "fe80::1", "192.168.1.77"])
def test_a_link_local_address_or_one_of_the_same_network_makes_no_router(engine, address):
    _, fronts = trusted(engine, seen(CAM, "ip", "192.168.1.10"), seen(CAM, "frame.ip", address))
    assert fronts == set()


def test_a_gateway_keeps_the_address_that_others_name_as_theirs(engine):
    pairs, _ = trusted(
        engine,
        seen(ROUTER, "frame.relays", "40"),
        seen(ROUTER, "frame.ip", "192.168.1.1"),
        seen(CAM, "gateway", "192.168.1.1"),
    )
    assert pairs == {(ROUTER, "192.168.1.1")}


def test_who_bound_an_address_goes_before_who_only_carried_it(engine):
    pairs, _ = trusted(engine, seen(CAM, "ip", "192.168.1.10"), seen(PHONE, "frame.ip", "192.168.1.10"))
    assert pairs == {(CAM, "192.168.1.10")}
