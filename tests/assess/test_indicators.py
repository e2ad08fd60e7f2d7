"""Lists of others against what devices did: valid at the time, less with age, and for what many share."""

import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assess import world
from tests.assess.conftest import ENGINES
from tests.assess.world import Device, inbound, to
from tests.attribute.flows import START, flow
from tests.identify import tiny

from beholden.assess import indicators
from beholden.assess.findings import assess
from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.lists import INDICATORS, LISTS, facts

_DAY = timedelta(days=1)


def entry(value, kind="name", **fields):
    """Give one row of a list that is valid for good and as sure as can be."""
    base = {
        "kind": kind,
        "value": value,
        "signal": "indicator.control",
        "confidence": 1.0,
        "is_dated": True,
        "line": 1,
    }
    return base | {"half_life_days": None, "list_id": "l"} | fields


def knowledge(*entries):
    rows = [row | {"row": number} for number, row in enumerate(entries)]
    made = Knowledge(tiny.ROOT / "vocabulary")
    made._tables = tiny.knowledge()._tables | {
        "indicators": pa.Table.from_pylist(rows, schema=INDICATORS),
        "indicator_lists": pa.Table.from_pylist(
            [
                {
                    "list_id": "l",
                    "file": "f",
                    "title": "T",
                    "publisher": "P",
                    "date": "2026",
                    "marking": "TLP:GREEN",
                }
            ],
            schema=LISTS,
        ),
    }
    return made


def hits(devices, *entries, engine=ENGINES[1]):
    """Give device, value and confidence of what lists name."""
    known = knowledge(*entries)
    with engine() as made:
        frames = indicators.measure(world.context(made, devices, knowledge=known))
        return [row for frame in frames for row in made.collect(frame).to_pylist()]


def told(devices, *entries, **how):
    return sorted({(row["device_id"], row["value"]) for row in hits(devices, *entries, **how)})


def one(*rows, seen=(), **claims):
    return {"x": Device(flows=rows, seen=tuple(seen), claims=tuple(claims.items()))}


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    ("device", "listed", "value"),
    [
        (one(to("a.evil.example")), entry("evil.example"), "a.evil.example"),
        (one(to("A.Evil.example")), entry("a.evil.example"), "A.Evil.example"),
        (one(flow(http_host="evil.example:8080")), entry("evil.example"), "evil.example:8080"),
        (one(flow(server_name="evil.example")), entry("evil.example"), "evil.example"),
        (one(flow()), entry("60.0.0.1", "address"), "60.0.0.1"),
        (one(flow()), entry("60.0.0.0/24", "network"), "60.0.0.1"),
        (one(flow(is_established=False)), entry("60.0.0.1", "address"), "60.0.0.1"),
        (one(flow()), entry("60.0.0.1", "address", port=443), "60.0.0.1"),
        (one(inbound()), entry("60.0.0.9", "address"), "60.0.0.9"),
        (one(flow(server_ip="2a01:db00::1")), entry("2a01:db00::/32", "network"), "2a01:db00::1"),
        (one(seen=[("dns.query", "evil.example")]), entry("evil.example"), "evil.example"),
        (one(seen=[("tls.ja4", "t")]), entry("t", "ja4"), "t"),
        (one(seen=[("sbom.hash", "lib@1: SHA-256:ab")]), entry("ab", "file"), "lib@1: SHA-256:ab"),
        (one(seen=[("tls.certificate.subject", "CN=x")]), entry("CN=x", "subject"), "CN=x"),
    ],
)
def test_what_a_list_names_is_told(engine, device, listed, value):
    assert told(device, listed, engine=engine) == [("x", value)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    ("device", "listed"),
    [
        (one(to("notevil.example")), entry("evil.example")),
        (one(to("evil.example")), entry("a.evil.example")),
        (one(flow()), entry("60.0.1.0/24", "network")),
        (one(flow()), entry("60.0.0.1", "address", port=80)),
        (one(inbound(is_established=False)), entry("60.0.0.9", "address")),
        (one(flow()), entry("60.0.0.1", "address", valid_until=START - _DAY)),
        (one(flow()), entry("60.0.0.1", "address", valid_from=START + _DAY)),
        (one(flow()), entry("60.0.0.1", "address", valid_until=START)),
        (one(seen=[("http.server", "evil.example")]), entry("evil.example")),
        (one(seen=[("dns.query", "evil.example")]), entry("evil.example", port=53)),
        (one(flow(first_seen_at=None, last_seen_at=None)), entry("60.0.0.1", "address", valid_from=START)),
        (one(), entry("evil.example")),
    ],
)
def test_what_a_list_does_not_name_or_not_then_is_not_told(engine, device, listed):
    assert told(device, listed, engine=engine) == []


def confidence(device, listed):
    (sure,) = {row["confidence"] for row in hits(device, listed)}
    return sure


def test_confidence_halves_with_every_half_life():
    call = one(flow(last_seen_at=START))
    for days, share in ((0, 1.0), (30, 0.5), (60, 0.25)):
        aged = entry("60.0.0.1", "address", half_life_days=30.0, seen_at=START - days * _DAY, confidence=0.8)
        assert confidence(call, aged) == pytest.approx(0.8 * share)
        later = entry("60.0.0.1", "address", half_life_days=30.0, seen_at=START + days * _DAY, confidence=0.8)
        assert confidence(call, later) == pytest.approx(0.8 * share)


def test_what_many_share_counts_in_part():
    sure = entry("60.0.0.1", "address")
    assert confidence(one(to("evil.example")), sure) == 1.0
    assert confidence(one(to("shop.tenants.example")), sure) == pytest.approx(0.3)
    assert confidence(one(to("shop.tenants.example")), entry("tenants.example")) == pytest.approx(0.3)
    assert confidence(one(to("shop.tenants.example")), entry("shop.tenants.example")) == 1.0


def test_an_undated_entry_and_a_host_alone_count_in_part():
    assert confidence(one(flow()), entry("60.0.0.1", "address", is_dated=False)) == 0.5
    listed = entry("evil.example", path="/gate.php")
    assert confidence(one(to("evil.example")), listed) == pytest.approx(0.3)
    assert confidence(one(to("evil.example"), seen=[("http.request", "GET /gate.php")]), listed) == 1.0


def test_a_finding_has_the_technique_of_the_list_and_leads_to_its_line():
    known = knowledge(entry("evil.example", attack="T1102"), entry("relay.example", signal="indicator.relay"))
    devices = {"x": Device(flows=(to("evil.example"),)), "y": Device(flows=(to("relay.example"),))}
    with ENGINES[0](threads=1) as engine:
        made = assess(world.context(engine, devices, knowledge=known), world.NO_JUDGEMENTS)
        found = [row for row in engine.collect(made.findings).to_pylist() if "listed" in row["rule_id"]]
        proofs = engine.collect(made.finding_evidence).to_pylist()
    assert {(row["device_id"], row["rule_id"], row["attack"], row["factor"]) for row in found} == {
        ("x", "prepositioning.listed-destination", "T1102", "O"),
        ("y", "prepositioning.listed-relay", "T1090", "O"),
    }
    paths = {row["finding_id"]: row["path"] for row in proofs}
    assert facts(known, [paths["x:prepositioning.listed-destination"]])[0]["licence"] == "TLP:GREEN"


def test_lists_that_name_the_same_make_one_finding_with_all_of_them_as_its_proof():
    known = knowledge(
        entry("evil.example", confidence=0.4),
        entry("a.evil.example", confidence=0.9, list_id="m"),
        entry("60.0.0.1", "address", confidence=0.5, list_id="m"),
    )
    devices = {"x": Device(flows=(to("a.evil.example"),))}
    with ENGINES[0](threads=1) as engine:
        made = assess(world.context(engine, devices, knowledge=known), world.NO_JUDGEMENTS)
        found = [row for row in engine.collect(made.findings).to_pylist() if "listed" in row["rule_id"]]
        proofs = engine.collect(made.finding_evidence).to_pylist()
    (one_finding,) = found
    assert one_finding["confidence"] == 0.9
    paths = {row["path"] for row in proofs if row["finding_id"] == one_finding["finding_id"]}
    assert paths == {"l.0", "m.1", "m.2"}


def test_a_list_that_names_nothing_is_no_evidence_against():
    assert hits(one(flow(), to("a.example")), entry("evil.example")) == []


DEVICES = {
    "x": Device(
        flows=(to("a.evil.example"), flow(server_ip="60.0.0.7", at=5), flow(server_ip="60.0.1.7", at=50))
    ),
    "y": Device(flows=(inbound(),), seen=(("dns.query", "b.example"), ("tls.ja4", "t"))),
}
LISTED = [
    entry("evil.example"),
    entry("a.evil.example", confidence=0.5),
    entry("60.0.0.0/24", "network"),
    entry("60.0.1.7", "address"),
    entry("60.0.0.9", "address"),
    entry("b.example"),
    entry("t", "ja4"),
]


@settings(max_examples=15)
@given(order=st.permutations(LISTED))
def test_the_order_of_a_list_does_not_matter(order):
    def said(entries):
        return sorted((row["device_id"], row["value"], row["confidence"]) for row in hits(DEVICES, *entries))

    assert said(order) == said(LISTED)


@settings(max_examples=25)
@given(data=st.data())
def test_a_flow_outside_the_window_is_never_told(data):
    hours = st.integers(-72, 72)
    begun, lasted, at, width = (
        data.draw(one) for one in (hours, st.integers(0, 48), hours, st.integers(1, 48))
    )
    first, window = START + timedelta(hours=begun), START + timedelta(hours=at)
    last, until = first + timedelta(hours=lasted), window + timedelta(hours=width)
    listed = entry("60.0.0.1", "address", valid_from=window, valid_until=until)
    was_there = first < until and last >= window
    assert bool(told(one(flow(first_seen_at=first, last_seen_at=last)), listed)) is was_there


def test_ageing_is_exact():
    when = datetime(2026, 1, 1, tzinfo=UTC) - 45 * _DAY
    aged = entry("60.0.0.1", "address", half_life_days=30.0, seen_at=when)
    assert confidence(one(flow(last_seen_at=START)), aged) == pytest.approx(math.pow(2, -1.5))
