import ipaddress
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.model import identifiers as ids
from beholden.model.addresses import LOCAL_IP

FUNCTIONS = [ids.mac, ids.ip, ids.imei, ids.iccid, ids.imsi, ids.serial, ids.hostname]


@pytest.mark.parametrize(
    "text", ["001122aabbcc", "00-11-22-AA-BB-CC", "0011.22aa.bbcc", " 00:11:22:aa:BB:cc ", "0011-22aa-bbcc"]
)
def test_mac_spellings(text):
    assert ids.mac(text) == "00:11:22:aa:bb:cc"


@pytest.mark.parametrize(
    "text", ["", "00:11:22:aa:bb", "00:11-22:aa:bb:cc", "00:11:22:aa:bb:cg", "0011.22aa-bbcc", "x"]
)
def test_no_mac(text):
    assert ids.mac(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/24", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[2001:DB8::0001]", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("010.0.0.1", None),
        ("10.0.0.256", None),
        ("10.0.0.1/x", None),
        ("10.0.0.1:80", None),
    ],
)
def test_ip(text, expected):
    assert ids.ip(text) == expected


def test_imei():
    # 490154203237518 is the example of 3GPP TS 23.003 annex B
    assert ids.imei("49-015420-323751-8") == "490154203237518"
    assert ids.imei("490154203237517") is None
    assert ids.imei("4901542032375100") == "490154203237518"
    assert ids.imei("35209900176148") == "352099001761481"
    assert ids.imei("000000000000000") is None
    assert ids.imei("3.5E+14") is None
    assert ids.tac("012345678901237") == "01234567"


def test_imei_that_may_have_lost_its_leading_zero_is_unknown():
    full = "0" + "1234567890123"
    lost = (full + ids.luhn_digit(full))[1:]
    assert len(lost) == 14
    assert ids.imei(lost) is None


def test_sim():
    body = "894921001234567890"
    assert ids.iccid(body + ids.luhn_digit(body) + "F") == body + ids.luhn_digit(body)
    assert ids.iccid(body + str((int(ids.luhn_digit(body)) + 1) % 10)) is None
    assert ids.imsi("262011234567890") == "262011234567890"
    assert ids.imsi("862011234567890") is None


@pytest.mark.parametrize(
    "text", ["N/A", "To Be Filled By O.E.M.", "0000000", "-", "", "unknown", "ab", "---"]
)
def test_placeholders_are_no_serial(text):
    assert ids.serial(text) is None


@pytest.mark.parametrize("text", ["10.0.0.1", "localhost", "a b", "-x", "a..b", "12.5", "é"])
def test_no_hostname(text):
    assert ids.hostname(text) is None


def test_hostname():
    assert ids.hostname("Cam-1.Example.ORG.") == "cam-1.example.org"


def test_bits():
    assert ids.is_multicast_mac("01:00:5e:00:00:01")
    assert ids.is_locally_administered("02:00:00:00:00:01")
    assert not ids.is_multicast_mac("00:11:22:33:44:55")
    assert not ids.is_locally_administered("00:11:22:33:44:55")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("2001:db8::1", False),
        ("8.8.8.8", False),
    ],
)
def test_local(text, expected):
    assert bool(re.search(LOCAL_IP, text)) is expected


def test_multicast_ip():
    assert ids.is_multicast_ip("224.0.0.251")
    assert ids.is_multicast_ip("255.255.255.255")
    assert ids.is_multicast_ip("ff02::fb")
    assert not ids.is_multicast_ip("10.0.0.1")


@given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", "", " "]), st.booleans())
def test_mac_is_idempotent_and_one_for_all_spellings(octets, separator, is_upper):
    text = separator.join(f"{one:02x}" for one in octets)
    found = ids.mac(text.upper() if is_upper else text)
    assert found == octets.hex(":")
    assert ids.mac(found) == found


@given(st.ip_addresses())
def test_ip_is_idempotent(address):
    found = ids.ip(str(address))
    assert found is not None
    assert ids.ip(found) == found
    assert ipaddress.ip_address(found)


@given(st.text(max_size=80), st.sampled_from(FUNCTIONS))
def test_total_and_idempotent(text, function):
    found = function(text)
    assert found is None or function(found) == found


@given(st.text(string.digits, min_size=13, max_size=22))
def test_check_digit(digits):
    assert ids.is_luhn(digits + ids.luhn_digit(digits))
