"""Identifiers are found by their form and check digit, and nothing that is told of them gives one whole."""

from hypothesis import given
from hypothesis import strategies as st
from tests.assess.exposure import CASES, IMEI, said
from tests.assess.world import Device, findings, signals

from beholden.assess.identifiers import detect

MAC = st.lists(st.integers(0, 255), min_size=6, max_size=6).map(lambda six: ":".join(f"{n:02x}" for n in six))


def sorts(text):
    return {one["sort"] for one in detect(text)}


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    for one in detect(text):
        assert len(one["masked"].partition("…")[0]) <= 3


@given(MAC, st.sampled_from(["/", " ", "?id=", ""]))
def test_a_link_address_is_found_and_not_shown(mac, before):
    hits = [one for one in detect(f"GET {before}{mac}/x") if one["sort"] == "link address"]
    assert [one["token"] for one in hits] == [mac]
    assert mac not in hits[0]["masked"]


@given(st.integers(1, 10**15 - 1).filter(lambda n: len(set(str(n))) > 1))
def test_of_ten_numbers_that_differ_in_the_last_digit_one_is_an_imei(number):
    stem = f"{number:015d}"[:14]
    assert sum("IMEI" in sorts(f"/{stem}{last}/") for last in range(10)) == 1


def test_a_longer_number_is_no_imei():
    assert "IMEI" not in sorts(f"/1{IMEI}")


def test_nothing_told_gives_one_whole():
    whole = ("aa:bb:cc:00:11:22", IMEI, "someone@mail.example", "48.20849", "XK4711", "xk4711")
    fleet = {str(number): device for number, (device, _) in enumerate(CASES["identifier.cleartext"])}
    told = [row for row in signals(fleet) if row["signal"] == "identifier.cleartext"]
    assert {row["strength"] for row in told} == {0.0, 1.0}
    rows, proofs, _ = findings({"a": said(f"GET /up/{IMEI}")})
    of_it = [row for row in rows if row["rule_id"] == "privacy.identifier-in-clear"]
    texts = [row["detail"] for row in (*told, *of_it)] + [row["value"] or "" for row in told]
    texts += [row["value"] or "" for row in proofs if row["finding_id"].endswith("identifier-in-clear")]
    assert of_it
    assert not [text for text in texts for one in whole if one in text]


def test_a_user_name_is_shown_whole_where_makers_give_it():
    names = {"admin": "http.basic_user", "jane.roe": "mqtt.username"}
    fleet = {name: Device(seen=((about, name),)) for name, about in names.items()}
    told = {row["device_id"]: row for row in signals(fleet) if row["signal"] == "credential.cleartext"}
    assert told["admin"]["value"] == "admin"
    assert told["jane.roe"]["detail"] == "mqtt.username jan…"
    assert "roe" not in told["jane.roe"]["value"]
