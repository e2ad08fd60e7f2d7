"""Radio networks: what of their addresses is an identity, and what is none."""

import pyarrow as pa
import pytest
from tests.identify import tiny
from tests.identify.test_resolve import run
from tests.identify.world import CAM, NO_JUDGEMENTS, PHONE, frame, seen

from beholden.engine.duck import DuckEngine
from beholden.identify.identify import identify
from beholden.identify.resolve import rank

ONE, OTHER, SHORT = "00:12:4b:00:01:02:03:04", "00:12:4b:00:01:02:03:05", "1a62:3d4e"
BASIC = seen(SHORT, "zigbee.model", "model", kind="short")


def goes_by(extended, short=SHORT, at=1):
    return seen(extended, "wpan.address", short, kind="eui64", at=at)


def test_a_short_address_is_the_one_station_that_goes_by_it():
    found = run([BASIC, goes_by(ONE), goes_by(ONE, at=2)])
    assert found["short", SHORT, ""] == found["eui64", ONE, ""]
    assert found["eui64", ONE, ""] == run([goes_by(ONE)])["eui64", ONE, ""]


@pytest.mark.parametrize("rows", [[goes_by(ONE), goes_by(OTHER)], [goes_by(ONE, "1a62:0001")]])
def test_a_short_address_of_several_stations_or_of_another_is_none_of_them(rows):
    found = run([BASIC, *rows])
    assert len(set(found.values())) == len(found)
    assert None not in found.values()


def test_a_random_address_of_bluetooth_is_no_device_and_ties_nothing():
    rows = [seen("d0:01:02:03:04:05", "drone.serial", "1596F3A1", kind="ble"), seen(CAM, "ble.name", "x")]
    found = run([*rows, seen(CAM, "drone.serial", "1596F3A1")])
    assert found["ble", "d0:01:02:03:04:05", ""] is None
    assert found["mac", CAM, ""]


def test_an_aircraft_is_its_serial_number_whatever_it_sends_from():
    rows = [seen("1596F3A1", "drone.type", "glider", kind="serial")]
    rows += [seen(mac, "drone.serial", "1596F3A1") for mac in (CAM, PHONE)]
    assert len(set(run(rows).values())) == 1


def test_the_maker_of_an_extended_address_is_that_of_its_prefix():
    sources = pa.table({"source": [1], "evidence_id": ["e"], "locator_kind": ["frame"]})
    extended = CAM[:9] + "ff:fe:" + CAM[9:]
    with DuckEngine(threads=1) as engine:
        rows = [goes_by(extended)]
        found = identify(engine, frame(engine, rows), NO_JUDGEMENTS, sources, tiny.knowledge())
        claims = engine.collect(found.identifications).to_pylist()
    assert [(row["field"], row["value"], row["property"], row["observed"]) for row in claims] == [
        ("brand", "acme", "eui64", extended)
    ]


def test_ranks_are_one_digit():
    assert {rank(kind) for kind in ("mac", "eui64", "firmware", "short", "ip")} == {"0", "8", "9"}
