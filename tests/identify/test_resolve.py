"""Devices keep their ids whatever the order, and what is not known to be one thing stays apart."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.identify.world import (
    CAM,
    NO_JUDGEMENTS,
    PHONE,
    ROUTER,
    devices_of,
    judged,
    seen,
    stated,
)

from beholden.engine.duck import DuckEngine

LETTERS = st.integers(1, 4)
KINDS_OF_ROWS = (
    "bound",
    "carried",
    "named",
    "relays",
    "asks",
    "asks alone",
    "serial",
    "serial named",
    "host",
)


def island_row(number, what, one, two):
    """Give an observation of one of a few link addresses, addresses, serials and names of island `number`."""
    mac = f"0{2 * (one == 4)}:11:22:00:{number:02x}:{one:02x}"
    ip = ("", f"192.168.{number}.1", f"192.168.{number}.2", f"10.7.{number}.9", f"198.18.0.{number + 1}")[two]
    serial, host = f"SN-{number}-{one}", f"door-{number}-{two % 2}"
    rows = {
        "bound": lambda: seen(mac, "ip", ip),
        "carried": lambda: seen(mac, "frame.ip", ip),
        "named": lambda: seen(mac, "dhcp.hostname", host),
        "relays": lambda: seen(mac, "frame.relays", "3"),
        "asks": lambda: seen(ip, "dns.query", "a.example", kind="ip", mac=mac),
        "asks alone": lambda: seen(ip, "dns.query", "a.example", kind="ip"),
        "serial": lambda: stated(f"SN-{number}-{two}", ("mac", mac))[0],
        "serial named": lambda: stated(serial, ("hostname", host))[0],
        "host": lambda: seen(host, "inventory.site", "here", kind="hostname"),
    }
    return rows[what]()


rows_of_one = st.lists(st.tuples(st.sampled_from(KINDS_OF_ROWS), LETTERS, LETTERS), min_size=1, max_size=8)
observed = st.lists(rows_of_one, min_size=8, max_size=8).map(
    lambda islands: [island_row(number, *row) for number, rows in enumerate(islands) for row in rows]
)
"""Eight islands that share no identifier in one run: a run costs much more than an island."""


def run(rows, judgements=NO_JUDGEMENTS):
    with DuckEngine(threads=1) as engine:
        return devices_of(engine, rows, judgements)


@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=observed, data=st.data())
def test_order_and_repetition_of_observations_do_not_matter(rows, data):
    again = [{**row, "place": row["place"] + 1_000_000} for row in rows]
    assert run(data.draw(st.permutations(rows + again))) == run(rows)


@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=observed)
def test_an_unrelated_device_changes_no_other(rows):
    new = "00:11:22:99:99:99"
    other = [
        seen(new, "ip", "192.168.99.200"),
        seen(new, "dhcp.hostname", "somebody-else"),
        seen("192.168.99.200", "dns.query", "a.example", kind="ip", mac=new),
        *stated("SN-9999", ("mac", new)),
    ]
    before, after = run(rows), run(rows + other)
    assert {key: after[key] for key in before} == before
    assert len({after[key] for key in after if key not in before}) == 1


def test_a_device_is_named_by_its_strongest_identifier():
    alone = run([seen(CAM, "ip", "192.168.1.10")])["mac", CAM, ""]
    rows = [seen(CAM, "ip", "192.168.1.10"), *stated("SN-0001", ("mac", CAM), ("site", "here"))]
    assert set(run(rows).values()) == {alone}


def test_an_address_belongs_to_the_link_address_that_bears_it():
    found = run(
        [seen(CAM, "ip", "192.168.1.10"), seen("192.168.1.10", "dns.query", "a.example", kind="ip", mac=CAM)]
    )
    assert found["ip", "192.168.1.10", CAM] == found["mac", CAM, ""]


def test_a_router_is_not_the_device_behind_it():
    found = run(
        [
            seen(ROUTER, "ip", "192.168.1.1"),
            seen(ROUTER, "frame.relays", "9"),
            seen(ROUTER, "frame.ip", "10.7.0.9"),
            seen("10.7.0.9", "dns.query", "a.example", kind="ip", mac=ROUTER),
        ]
    )
    assert found["ip", "10.7.0.9", ROUTER]
    assert found["ip", "10.7.0.9", ROUTER] != found["mac", ROUTER, ""]


def test_a_public_address_is_no_device_of_the_site():
    found = run(
        [seen(ROUTER, "frame.relays", "9"), seen("198.18.0.1", "http.server", "x", kind="ip", mac=ROUTER)]
    )
    assert found["ip", "198.18.0.1", ROUTER] is None


@pytest.mark.parametrize("name", ["inventory.vendor", "scan.host"])
def test_a_public_address_that_is_listed_or_scanned_is_a_device(name):
    found = run(
        [seen("198.18.0.1", name, "x", kind="ip"), seen("198.18.0.2", "port.open", "tcp/80", kind="ip")]
    )
    assert found["ip", "198.18.0.1", ""]
    assert found["ip", "198.18.0.2", ""] is None


def test_the_same_serial_on_two_link_addresses_ties_them_and_on_three_it_is_a_placeholder():
    two = [seen(mac, "inventory.serial", "0000") for mac in (CAM, PHONE)]
    three = [*two, seen(ROUTER, "inventory.serial", "0000")]
    assert len(set(run(two).values())) == 1
    assert len({run(three)["mac", mac, ""] for mac in (CAM, PHONE, ROUTER)}) == 3


def test_a_placeholder_on_many_rows_does_not_merge_them():
    rows = [seen(f"00:11:22:00:01:{number:02x}", "inventory.serial", "0000") for number in range(40)]
    assert len(set(run(rows).values())) == 40


@pytest.mark.parametrize("name", ["inventory.serial", "inventory.asset", "inventory.imei"])
def test_what_many_state_of_themselves_is_no_identity(name):
    rows = [seen(mac, name, "1234") for mac in (CAM, PHONE, ROUTER)]
    assert len(set(run(rows).values())) == 3


def test_a_row_that_knows_only_a_host_name_is_the_one_that_bears_it():
    rows = [
        seen(CAM, "dhcp.hostname", "Front-Door"),
        seen("front-door", "inventory.site", "here", kind="hostname"),
    ]
    found = run(rows)
    assert found["hostname", "front-door", ""] == found["mac", CAM, ""]


def test_a_host_name_that_two_bear_attaches_to_neither():
    rows = [seen(mac, "dhcp.hostname", "door") for mac in (CAM, PHONE)]
    found = run([*rows, seen("door", "inventory.site", "here", kind="hostname")])
    assert len(set(found.values())) == 3


def test_a_row_that_knows_only_an_address_is_the_one_that_ever_held_it():
    row = seen("192.168.1.10", "inventory.site", "here", kind="ip")
    once = run([seen(CAM, "ip", "192.168.1.10"), row])
    assert once["ip", "192.168.1.10", ""] == once["mac", CAM, ""]
    twice = run([seen(CAM, "ip", "192.168.1.10"), seen(PHONE, "ip", "192.168.1.10"), row])
    assert len(set(twice.values())) == 3


def test_a_judgement_merges():
    rows = [seen(CAM, "ip", "192.168.1.10"), *stated("SN-0001", ("site", "here"))]
    assert len(set(run(rows).values())) == 2
    assert len(set(run(rows, judged(("merge", f"mac:{CAM}", "serial:SN-0001"))).values())) == 1


def test_a_judgement_splits():
    rows = [*stated("SN-0001", ("mac", CAM)), *stated("SN-0001", ("mac", PHONE))]
    assert len(set(run(rows).values())) == 1
    found = run(
        [*rows, seen(CAM, "ip", "192.168.1.10"), seen(PHONE, "ip", "192.168.1.11")],
        judged(("split", f"mac:{PHONE}", None)),
    )
    assert found["mac", PHONE, ""] != found["mac", CAM, ""] == found["serial", "SN-0001", ""]


def test_a_judgement_about_what_is_not_there_changes_nothing():
    rows = [seen(CAM, "ip", "192.168.1.10")]
    assert run(rows, judged(("split", "serial:NONE", None))) == run(rows)
