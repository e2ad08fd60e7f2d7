"""Every signal: where it is there, where it was looked for and is not there, and where nobody looked (no row)."""

import pytest
from tests.assess.exposure import CASES as EXPOSURE
from tests.assess.takeover import CASES as TAKEOVER
from tests.assess.world import Device, inbound, local, signals, to
from tests.attribute.flows import START, flow
from tests.identify import tiny
from tests.knowledge.folder import ROOT

from beholden.knowledge.law import load_points, strength

NOT_MEASURED = {
    "crypto.national": "cipher suites are not kept by the dissectors, only JA4",
    "data_export.none": "needs facts by model, which knowledge does not have yet",
    **dict.fromkeys(
        (
            "indicator.control",
            "indicator.exfiltration",
            "indicator.file",
            "indicator.relay",
            "indicator.tracking",
        ),
        "needs lists of the user: test_indicators",
    ),
    "local_control.none": "needs facts by model, which knowledge does not have yet",
    "rehoming.maker": "needs facts by model, which knowledge does not have yet",
    "suppliers.single": "needs facts by kind on compatible makers, which knowledge does not have yet",
}
"""Signals that rules read and no module measures, each with the reason; they count as unknown in every score."""

LAWS = {
    row["regime"]: row["strength"] for row in tiny.knowledge().rows("regimes")
}  # m in QM and n in QN are of concern, o in QO is not
HOUR = START.replace(hour=1)
ACTIVE = 1 - (1 - 0.6) * (1 - 0.3) * (1 - 0.2)  # exploited, automatable, total
CONTROL, STORE = "x.control.acme.example", "x.store.acme.example"
MB = 1_000_000


def claims(**fields):
    return Device(claims=tuple(fields.items()))


def flows(*rows, **fields):
    return Device(flows=rows, claims=tuple(fields.items()))


def seen(*pairs):
    return Device(seen=pairs)


SCAN = tuple(flow(server_ip=f"60.0.{n}.1", server_port=23, n_syn=1, server_bytes=0) for n in range(120))
FEW = tuple(flow(server_ip=f"60.0.{n}.1", server_port=443, n_syn=1) for n in range(3))

CASES = {
    "controller.compelled": [
        (claims(brand="acme"), LAWS["m"]),
        (claims(brand="hosting"), 0.0),
        (claims(brand="free"), None),
        (claims(brand="stated:Nobody"), None),
    ],
    "module.compelled": [
        (claims(module_maker="modco"), LAWS["m"]),
        (claims(module_maker="hosting"), 0.0),
        (claims(brand="acme"), None),
    ],
    "chip.compelled": [
        (claims(chip_maker="chipco"), LAWS["m"]),
        (claims(chip_maker="hosting"), 0.0),
        (claims(brand="acme"), None),
    ],
    "vulnerability_to_state": [
        (claims(brand="acme"), 1.0),
        (claims(brand="hosting"), 0.0),
        (claims(brand="free"), None),
    ],
    "operator.compelled": [
        (flows(to(CONTROL)), LAWS["n"]),
        (flows(to("x.tenants.example")), 0.0),
        (flows(to("x.unknown.example")), None),
        (flows(to(CONTROL, server_port=53)), None),
        (flows(inbound()), None),
    ],
    "storage.compelled": [
        (flows(to(server_ip="50.0.0.1")), LAWS["m"]),
        (flows(to(server_ip="60.0.0.1")), 0.0),
        (flows(to(server_ip="70.0.0.1")), None),
        (flows(to(server_ip="50.0.0.1", server_port=123)), None),
    ],
    "listing.named": [
        (claims(brand="shield"), 1.0),
        (claims(brand="hosting"), 0.0),
        (claims(brand="free"), 0.0),
        (claims(brand="stated:Nobody"), None),
        (claims(), None),
    ],
    "channel.internet": [
        (flows(to()), 1.0),
        (flows(local()), 0.0),
        (flows(to(server_bytes=0)), 0.0),
        (claims(brand="acme"), None),
    ],
    "channel.inbound": [
        (flows(inbound()), 1.0),
        (flows(inbound(server_bytes=0)), 0.0),
        (flows(to()), 0.0),
        (claims(brand="acme"), None),
    ],
    "channel.control": [
        (flows(to(CONTROL, last_seen_at=HOUR)), 1.0),
        (flows(to(CONTROL), to(CONTROL, at=9)), 1.0),
        (flows(to(CONTROL)), 0.0),
        (flows(to(STORE, last_seen_at=HOUR)), 0.0),
        (claims(), None),
    ],
    "controller.update": [
        (flows(to("update.acme.example")), 1.0),
        (flows(to(CONTROL)), 0.7),
        (flows(to(STORE)), 0.0),
        (claims(), None),
    ],
    "cloud.single": [
        (flows(to(CONTROL)), 1.0),
        (flows(to(CONTROL), to("control.free.example")), 0.0),
        (flows(to(STORE)), None),
    ],
    "upload.volume": [
        (flows(to(client_bytes=51 * MB, server_bytes=90 * MB)), 1.0),
        (flows(to(client_bytes=2 * MB)), 1.0),
        (flows(to(client_bytes=2 * MB, server_bytes=MB)), 0.0),
        (flows(local(client_bytes=99 * MB)), 0.0),
        (claims(), None),
    ],
    "upload.mapping": [
        (flows(to(STORE, client_bytes=2 * MB)), 1.0),
        (flows(to(client_bytes=2 * MB, server_port=2101)), 1.0),
        (flows(to(STORE)), None),
        (flows(to("ads.example", client_bytes=2 * MB)), None),
    ],
    "upload.path": [
        (flows(to(STORE)), 1.0),
        (flows(to("x.unknown.example")), 0.5),
        (flows(to("ads.example")), None),
    ],
    "destination.advertising": [
        (flows(to("x.ads.example")), 1.0),
        (flows(to(STORE)), 0.0),
        (flows(to()), None),
    ],
    "destination.unexpected": [
        (flows(to("ads.example"), brand="acme"), 1.0),
        (flows(to("x.unknown.example"), brand="acme"), 0.5),
        (flows(to(CONTROL), brand="acme"), 0.0),
        (flows(to(CONTROL), brand="shield"), 0.0),
        (flows(to("x.tenants.example"), brand="acme"), 0.0),
        (flows(to("ads.example")), None),
    ],
    "payload.cleartext": [
        (flows(to(server_port=80)), 1.0),
        (flows(to(server_port=443)), 0.0),
        (flows(local(server_port=80)), 0.0),
        (claims(), None),
    ],
    "credential.cleartext": [
        (seen(("http.basic_user", "admin")), 1.0),
        (seen(("mqtt.username", "u"), ("mqtt.client_id", "c")), 1.0),
        (seen(("ftp.user", "admin")), 1.0),
        (seen(("rtsp.basic_user", "admin")), 1.0),
        (seen(("http.request", "GET /")), 0.0),
        (seen(("dns.query", "a.example")), None),
    ],
    "tls.weak": [
        (seen(("tls.version", "TLS 1.0")), 1.0),
        (seen(("tls.version", "TLS 1.3"), ("tls.version", "SSL 3.0")), 1.0),
        (seen(("tls.version", "TLS 1.2")), 0.0),
        (seen(("tls.version", "TLS 1.2"), ("tls.certificate.key", "RSA 2047")), 1.0),
        (seen(("tls.certificate.key", "RSA 512")), 1.0),
        (seen(("tls.certificate.key", "RSA 2048")), None),
        (seen(("tls.certificate.key", "EC 256")), None),
        (seen(("tls.sni", "a.example")), None),
    ],
    "tls.certificate": [
        (seen(("tls.certificate.self_signed", "true")), 1.0),
        (seen(("tls.certificate.expiry", "2025-12-31T00:00:00Z")), 1.0),
        (seen(("tls.sni", "a.example")), None),
    ],
    "service.debug": [
        (flows(inbound(server_port=23)), 1.0),
        (flows(inbound(server_port=443)), None),
        (flows(inbound(server_port=23, server_bytes=0)), None),
        (flows(to(server_port=23)), None),
    ],
    "listener.backdoor": [
        (flows(inbound(server_port=7777)), 1.0),
        (flows(inbound(server_port=7777, protocol="udp")), None),
    ],
    "scan.telnet": [
        (flows(*SCAN), 1.0),
        (flows(*SCAN[:50]), 0.0),
        (flows(*FEW), 0.0),
        (flows(to()), None),
    ],
    "stack.depth": [
        (flows(to(CONTROL), brand="acme"), 0.5),
        (claims(brand="acme"), 0.0),
        (claims(brand="acme", chip_maker="chipco"), 0.0),
        (claims(), None),
    ],
    "owner.state": [
        (claims(brand="shield"), 1.0),
        (claims(brand="hosting"), 0.0),
        (claims(brand="stated:Nobody"), None),
    ],
    "sensor.mapping": [
        (Device(kind="vacuum"), 1.0),
        (Device(kind="camera"), 0.5),
        (Device(kind="printer"), 0.0),
        (Device(), None),
    ],
    "channel.cellular": [
        (seen(("inventory.imei", "490154203237518")), 1.0),
        (seen(("inventory.serial", "SN-1")), None),
    ],
    "standard.open": [
        (seen(("mdns.service", "_ipp._tcp")), 1.0),
        (seen(("mdns.service", "_own._tcp")), None),
    ],
    "standard.proprietary": [
        (flows(to(CONTROL)), 1.0),
        (Device(flows=(to(CONTROL),), seen=(("mdns.service", "_ipp._tcp"),)), 0.0),
        (flows(to(STORE)), None),
    ],
    "advisory.kev": [
        (claims(brand="acme", model="AC-100", firmware="1.4.1"), 1.0),
        (claims(brand="acme", model="ac 100", firmware="V1.0"), 1.0),
        (claims(brand="acme", model="AC-100", firmware="1.4.2"), 0.0),
        (claims(brand="acme", model="AC-100", firmware="latest"), 0.3),
        (claims(brand="acme", model="AC-100"), 0.3),
        (claims(brand="acme", model="ZZ-9", firmware="1.0"), 0.3),
        (claims(brand="acme", model="AC-1000"), None),
        (claims(brand="acme", model="XQ9"), None),  # too short to be looked for in a longer text
        (claims(brand="acme", model="AC-300", firmware="1.0"), None),
        (claims(brand="acme", model="ZZ-9"), 0.3),
        (claims(brand="free", model="AC-100"), None),
        (claims(brand="acme"), None),
    ],
    "advisory.ssvc": [
        (claims(brand="acme", model="AC-100", firmware="1.4.1"), ACTIVE),
        (
            claims(brand="acme", model="AC-100", firmware="1.4.2"),
            0.3,
        ),  # a proof of concept, of the older flaw
        (claims(brand="acme", model="AC-100", firmware="2.1"), 0.0),
        (claims(brand="acme", model="AC-100"), 0.3 * ACTIVE),
        (claims(brand="acme", os="Acme WorkOS V5.5.80 build 180101"), 1 - 0.7 * 0.8),
        (claims(brand="acme", os="Acme WorkOS", firmware="V5.5.82"), 0.3 * (1 - 0.7 * 0.8)),
        (claims(brand="acme", os="Acme WorkOS", firmware="V5.5.83"), 0.0),
        (claims(brand="acme", model="AC-300"), 0.0),
        (claims(brand="acme", model="ZZ-9"), 0.3 * 0.6),
        (claims(brand="acme", model="AC-1000"), None),
        (claims(brand="free", model="AC-100"), None),
    ],
}
CASES["advisory.botnet_model"] = [
    (claims(brand="acme", model="AC-100"), 1.0),
    (claims(brand="acme", model="Acme AC 100"), 1.0),
    (claims(brand="acme", model="AC-1000"), 0.0),
    (claims(brand="free", model="AC-100"), 0.0),
    (claims(brand="acme", model="RB-9iU"), 1.0),  # begins as one that is named
    (claims(brand="acme", model="RB-91"), 0.0),
    (Device(kind="camera", claims=(("model", "Q9"),)), 1.0),  # of no brand, and of the kind that is named
    (Device(kind="printer", claims=(("model", "Q9"),)), None),
    (claims(model="AC-100"), None),
    (claims(brand="acme"), None),
]
CASES["support.end"] = [
    (claims(brand="acme", os="WorkOS 5"), 1.0),
    (claims(brand="acme", os="WorkOS 5.5"), 0.0),  # ends later
    (claims(brand="acme", os="WorkOS 6"), 0.0),  # no end stated
    (claims(brand="acme", os="WorkOS", firmware="5.1"), 1.0),
    (claims(brand="acme", os="Kernel 2.6"), 0.7),  # makers may keep it alive
    (claims(brand="acme", os="Kernel", firmware="2.6"), None),
    (claims(brand="acme", os="WorkOS 9"), None),
    (claims(brand="acme", model="AC-100"), 1.0),
    (claims(brand="free", model="AC-100"), None),
    (claims(brand="acme", model="AC-300", firmware="V5 build 190909"), 0.7),
    (claims(brand="acme", model="AC-300", firmware="V5 build 250909"), 0.0),
    (claims(brand="acme", model="AC-300", firmware="5.1"), None),
]
CASES |= TAKEOVER | EXPOSURE
FLEET = {
    f"{name} {number}": device for name, cases in CASES.items() for number, (device, _) in enumerate(cases)
}


@pytest.fixture(scope="module")
def measured():
    """Give every row that is measured of the fleet of all cases."""
    return signals(FLEET)


@pytest.fixture(scope="module")
def strongest(measured):
    found = {}
    for row in measured:
        key = row["device_id"], row["signal"]
        found[key] = max(found.get(key, 0.0), row["strength"])
    return found


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, cases in CASES.items() for number in range(len(cases))]
)
def test_each_signal_present_absent_and_not_looked_for(strongest, name, number):
    expected = CASES[name][number][1]
    told = strongest.get((f"{name} {number}", name))
    assert (told is None) == (expected is None), told
    assert expected is None or told == pytest.approx(expected)


def test_every_signal_that_rules_read_is_measured_or_listed_with_a_reason():
    known = tiny.knowledge()
    read = {row["signal"] for row in known.rows("rules")}
    measured = {*CASES, "policy.context"}
    assert read - measured == set(NOT_MEASURED)
    assert all(NOT_MEASURED.values())
    assert measured <= {row["signal"] for row in known.rows("signals")}


def test_what_is_listed_as_not_measured_is_not(measured):
    told = {row["signal"] for row in measured}
    assert told == {*CASES, "policy.context"}
    assert not told & set(NOT_MEASURED)


def test_every_case_has_one_that_is_there_and_one_that_nobody_looked_for():
    for name, cases in CASES.items():
        values = [expected for _, expected in cases]
        assert None in values, name
        assert any(values), name


def test_rows_are_within_bounds_and_say_what_they_rest_on(measured):
    facts = set(tiny.knowledge().table("facts")["fact_id"].to_pylist())
    for row in measured:
        assert 0 <= row["strength"] <= 1, row
        assert 0 <= row["confidence"] <= 1, row
        assert row["detail"], row
        assert facts.issuperset(row["path"].split()), row
        assert (row["place"] is None) == (row["property"] is None), row


def test_the_law_of_the_small_world_is_measured_by_the_shipped_function():
    points = load_points(ROOT)
    (m,) = [row for row in tiny.knowledge().rows("regimes") if row["regime"] == "m"]
    fields = {name: m[name] for name in ("compelled_access", "secrecy_duty", "extraterritorial", "review")}
    assert strength({**fields, "capability_duty": "yes"}, points) == pytest.approx(LAWS["m"])
    assert LAWS["m"] > LAWS["n"] > 0


@pytest.mark.parametrize(
    ("fleet", "share"),
    [
        ({"a": claims(brand="acme"), "b": claims(brand="hosting"), "c": Device()}, 0.5),
        ({"a": claims(brand="hosting")}, 0.0),
        ({"a": Device()}, None),
    ],
)
def test_the_share_of_the_fleet_is_of_those_whose_owner_is_known(fleet, share):
    rows = [row for row in signals(fleet) if row["signal"] == "policy.context"]
    assert {row["strength"] for row in rows} == ({share} if share is not None else set())
    assert len(rows) == (len(fleet) if share is not None else 0)


def test_a_short_watch_makes_silence_less_sure():
    day = START.replace(day=2)
    rows = signals({"short": flows(local()), "long": flows(local(last_seen_at=day))})
    sure = {row["device_id"]: row["confidence"] for row in rows if row["signal"] == "channel.internet"}
    assert 0 < sure["short"] < sure["long"] == 1


def test_nobody_watched_between_two_captures():
    later = START.replace(year=START.year + 1)
    first = local(last_seen_at=START)
    second = local(first_seen_at=later, last_seen_at=later, place=1 << 40)
    rows = signals({"twice": flows(first, second)})
    (sure,) = (row["confidence"] for row in rows if row["signal"] == "channel.internet")
    assert sure == 0
