"""Values that were seen are matched as one would by hand: names label by label, addresses by prefix."""

import ipaddress

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from beholden.knowledge.indicators.matching import matches

LABELS = st.sampled_from(["a", "b", "evil", "example", "co", "uk", "com"])
PUBLIC = PublicSuffixList()
NAMES = st.lists(LABELS, min_size=2, max_size=5).map(".".join)
ADDRESSES = st.one_of(
    st.integers(0x2D000000, 0x2D0000FF).map(ipaddress.IPv4Address),
    st.integers(0, 255).map(lambda n: ipaddress.IPv6Address((0x2A01 << 112) + n)),
)


def listed(pairs):
    rows = [{"kind": kind, "value": value} for kind, value in pairs]
    return pa.Table.from_pylist(rows, schema=pa.schema([("kind", pa.string()), ("value", pa.string())]))


def found(pairs, about, values):
    rows = matches(listed(pairs), about, pa.array(values, pa.string())).to_pylist()
    return sorted((row["value"], pairs[row["at"]][1]) for row in rows)


@st.composite
def networks(draw):
    address = draw(ADDRESSES)
    length = draw(st.integers(16, address.max_prefixlen))
    return ipaddress.ip_network((address, length), strict=False)


@given(named=st.lists(NAMES, max_size=8, unique=True), seen=st.lists(NAMES, max_size=8, unique=True))
def test_a_name_stands_for_all_below_it(named, seen):
    pairs = [("name", one) for one in named]
    suffixes = {one for one in named if PUBLIC.publicsuffix(one) == one}
    expected = [
        (name, one)
        for name in seen
        for one in named
        if name == one or (name.endswith(f".{one}") and one not in suffixes)
    ]
    assert found(pairs, "name", seen) == sorted(expected)


@given(named=st.lists(networks(), max_size=8, unique=True), seen=st.lists(ADDRESSES, max_size=8, unique=True))
def test_an_address_lies_in_its_networks(named, seen):
    pairs = [
        ("address", str(one[0])) if one.prefixlen == one.max_prefixlen else ("network", str(one))
        for one in named
    ]
    expected = [
        (str(address), text)
        for address in seen
        for one, (_, text) in zip(named, pairs, strict=True)
        if address.version == one.version and address in one
    ]
    assert found(pairs, "address", [str(one) for one in seen]) == sorted(expected)


def test_a_public_suffix_stands_for_itself_alone():
    pairs = [("name", "co.uk"), ("name", "a.co.uk")]
    assert found(pairs, "name", ["co.uk", "b.co.uk", "x.a.co.uk"]) == [
        ("co.uk", "co.uk"),
        ("x.a.co.uk", "a.co.uk"),
    ]


def test_a_value_that_two_lists_name_is_found_twice():
    assert len(found([("ja4", "x"), ("ja4", "x"), ("file", "x")], "ja4", ["x", "y"])) == 2


def test_a_name_of_many_labels_costs_little():
    deep = ".".join(["a"] * 127)
    assert found([("name", "a.a")], "name", [deep]) == [(deep, "a.a")]


def test_nothing_is_found_in_nothing():
    assert found([], "name", ["a.example"]) == []
    assert found([("name", "a.example"), ("network", "45.0.0.0/8")], "name", []) == []
    assert found([("network", "45.0.0.0/8")], "address", []) == []
