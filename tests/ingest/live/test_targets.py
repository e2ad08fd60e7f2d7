"""Targets: private by default, each once, and not too many."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.live.targets import addresses, is_public
from beholden.model.errors import BeholdenError


@pytest.mark.parametrize(
    "text",
    ["10.1.2.3", "172.31.255.255", "192.168.0.1", "127.0.0.1", "169.254.9.9", "255.255.255.255", "224.0.0.251",
     "239.255.255.250", "::1", "fd00::1", "fe80::1", "ff02::fb", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_own_networks_are_private(text):
    (address,) = addresses([text], 1)
    assert not is_public(address)


@pytest.mark.parametrize(
    "text",
    ["8.8.8.8", "172.32.0.1", "192.169.0.1", "11.0.0.1", "100.64.0.1", "225.0.0.1", "2001:db8::1", "ff0e::1",
     "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:a00:1::"],
)  # fmt: skip
def test_all_others_are_public(text):
    (address,) = addresses([text], 1)
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_what_it_reaches(address):
    assert addresses([f"::ffff:{address}"], 1) == [address]


@given(st.ip_addresses())
def test_what_nobody_reaches_from_elsewhere_is_no_global_address(address):
    if not is_public(address) and not address.is_multicast:
        assert not address.is_global


def test_networks_are_asked_without_their_ends_and_each_address_once():
    found = addresses(["192.168.1.0/30", "192.168.1.2", "192.168.1.9/32"], 10)
    assert [str(one) for one in found] == ["192.168.1.1", "192.168.1.2", "192.168.1.9"]
    assert addresses(["192.168.1.7/31"], 2) == [ip_address("192.168.1.6"), ip_address("192.168.1.7")]


@pytest.mark.parametrize("texts", [["10.0.0.0/8"], ["fe80::/64"], ["::/0"], ["10.0.0.0/22", "10.9.0.1"]])
def test_too_many_are_refused_without_counting_them_out(texts):
    with pytest.raises(BeholdenError, match="more than 1,024"):
        addresses(texts, 1024)


@pytest.mark.parametrize("text", ["", "example.org", "10.0.0", "10.0.0.1-9", "10.0.0.0/33"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(BeholdenError, match="such as"):
        addresses([text], 9)
