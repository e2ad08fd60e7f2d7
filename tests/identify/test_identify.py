"""The whole stage: from observations to what the devices are."""

import pyarrow as pa
import pytest
from tests.identify import tiny
from tests.identify.world import CAM, NO_JUDGEMENTS, ROUTER, START, frame, judged, seen, stated

from beholden.engine.schemas import arrow_schema
from beholden.identify.identify import components, identify
from beholden.model.tables import FLOWS

FLOW_SCHEMA = pa.schema(
    [
        *(one for one in arrow_schema(FLOWS) if one.name not in ("evidence_id", "locator")),
        ("place", pa.int64()),
    ]
)
FLOW = {
    "protocol": "tcp",
    "client_ip": "192.168.1.10",
    "client_mac": CAM,
    "server_ip": "50.0.0.1",
    "server_mac": ROUTER,
    "client_packets": 1,
    "server_packets": 1,
    "client_bytes": 100,
    "server_bytes": 10,
    "first_seen_at": START,
    "last_seen_at": START,
    "n_syn": 1,
    "is_established": True,
    "place": 7,
}
ROWS = [
    seen(CAM, "frame.ip", "192.168.1.10"),
    seen(CAM, "ip", "192.168.1.10"),
    seen(CAM, "dhcp.hostname", "acmecam-3"),
    seen(CAM, "ssdp.server", "Modco/1.0"),
    seen(ROUTER, "ip", "192.168.1.1"),
    seen(ROUTER, "frame.relays", "3"),
    *stated("SN-77", ("vendor", "Acmex"), ("model", "Z")),
]


@pytest.fixture
def run(engine):
    def run(rows, judgements=NO_JUDGEMENTS):
        ids = judgements["judgement_id"].to_pylist()
        sources = pa.table(
            {
                "source": pa.array(range(1, len(ids) + 2), pa.int64()),
                "evidence_id": ["e", *ids],
                "locator_kind": ["row"] * (len(ids) + 1),
            }
        )
        return identify(engine, frame(engine, rows), judgements, sources, tiny.knowledge())

    return run


def chosen(engine, found, kind, identifier):
    known = engine.collect(found.device_identifiers).to_pylist()
    (device,) = {
        row["device_id"] for row in known if (row["identifier_kind"], row["identifier"]) == (kind, identifier)
    }
    rows = engine.collect(found.identifications).to_pylist()
    return {row["field"]: row["value"] for row in rows if row["is_chosen"] and row["device_id"] == device}


def test_a_device_is_what_its_observations_say(engine, run):
    found = run(ROWS)
    assert chosen(engine, found, "mac", CAM) == {
        "brand": "acme",
        "kind": "camera",
        "model": "AC-100",
        "module_maker": "modco",
    }
    assert chosen(engine, found, "serial", "SN-77") == {"brand": "stated:Acmex", "model": "Z"}
    assert engine.collect(found.devices).num_rows == 3


def test_every_identification_rests_on_an_observation(engine, run):
    told = {(row["property"], row["value"]) for row in ROWS}
    for row in engine.collect(run(ROWS).identifications).to_pylist():
        assert row["property"] == "mac" or (row["property"], row["observed"]) in told
        assert row["place"] is not None
        assert 0 < row["confidence"] <= 1


@pytest.mark.parametrize("kind", ["imei", "serial"])
def test_an_imei_of_a_modules_code_makes_a_component_of_it(engine, run, kind):
    imei = "355555550000014"
    subject = imei if kind == "imei" else "SN-1"
    found = run(stated(subject, ("imei", imei), ("vendor", "Acme"), kind=kind))
    assert chosen(engine, found, "imei", imei) == {"brand": "acme", "module_maker": "modco"}
    (part,) = engine.collect(components(found.identifications)).to_pylist()
    assert (part["role"], part["name"], part["confidence"], part["place"]) == ("module", "modco", 0.9, 1)
    (row,) = [
        row for row in engine.collect(found.identifications).to_pylist() if row["field"] == "module_maker"
    ]
    assert (row["property"], row["observed"]) == ("inventory.imei", "35555555")
    assert row["fact_id"] in tiny.knowledge().table("facts")["fact_id"].to_pylist()


def test_an_imei_of_a_code_that_is_not_known_says_nothing_of_modules(engine, run):
    found = run(stated("SN-1", ("imei", "355555540000014"), ("vendor", "Acme")))
    assert chosen(engine, found, "serial", "SN-1") == {"brand": "acme"}
    assert not engine.collect(components(found.identifications)).num_rows


def test_parts_become_components(engine, run):
    (part,) = engine.collect(components(run(ROWS).identifications)).to_pylist()
    assert (part["role"], part["name"]) == ("module", "modco")


def test_a_tls_library_becomes_a_component(engine, run):
    found = run([*ROWS, seen(CAM, "tls.ja4", "t13d190900_a_b")])
    parts = engine.collect(components(found.identifications)).to_pylist()
    assert {(row["role"], row["name"]) for row in parts} == {("module", "modco"), ("library", "Some TLS")}


def test_flows_know_the_device_of_each_side(run):
    (flow,) = run(ROWS).sides.said(pa.Table.from_pylist([FLOW], schema=FLOW_SCHEMA)).to_pylist()
    assert flow["client_device_id"]
    assert flow["server_device_id"] is None


@pytest.mark.parametrize("subject", [f"mac:{CAM}", "ip:192.168.1.10"])
def test_a_persons_correction_wins_over_every_claim(engine, run, subject):
    found = run(ROWS, judged(("correct", subject, "brand=shield"), ("correct", subject, "os=x=y")))
    assert chosen(engine, found, "mac", CAM) == {
        "brand": "shield",
        "kind": "camera",
        "model": "AC-100",
        "module_maker": "modco",
        "os": "x=y",
    }
    rows = engine.collect(found.identifications).to_pylist()
    (said,) = [row for row in rows if row["property"] == "judgement" and row["field"] == "brand"]
    assert (said["confidence"], said["fingerprint_id"], said["observed"]) == (1.0, "judgement-j0", "because")


def test_a_correction_of_a_device_by_its_id(engine, run):
    devices = engine.collect(run(ROWS).device_identifiers).to_pylist()
    device = next(row["device_id"] for row in devices if row["identifier"] == CAM)
    assert chosen(engine, run(ROWS, judged(("correct", device, "kind=lamp"))), "mac", CAM)["kind"] == "lamp"


def test_a_correction_of_nobody_changes_nothing(engine, run):
    found = run(ROWS, judged(("correct", "mac:00:00:00:00:00:99", "brand=shield")))
    assert chosen(engine, found, "mac", CAM)["brand"] == "acme"


def test_what_a_router_asks_for_is_not_what_it_is(engine, run):
    asks = seen(ROUTER, "dns.query", "x.control.acme.example")
    registered = "00:dd:00:00:00:01"
    plain = [seen(registered, "ip", "192.168.1.50"), {**asks, "subject": registered}]
    assert chosen(engine, run(plain), "mac", registered) == {"brand": "acme"}
    relays = [*plain, seen(registered, "frame.relays", "5")]
    assert chosen(engine, run(relays), "mac", registered) == {}
