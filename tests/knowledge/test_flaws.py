"""Which versions a record means, in the words that records use; what is unclear is said to be unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.knowledge.flaws import Bounds, bounds
from beholden.knowledge.flaws_names import product_key

UNKNOWN = Bounds(is_known=False)
CASES = [
    ({"version": "1.2", "lessThan": "1.5"}, Bounds("1.2", "1.5", False)),
    ({"version": "0", "lessThanOrEqual": "1.04b12"}, Bounds(None, "1.04b12", True)),
    ({"version": "5.1.x", "lessThan": "5.1.3"}, Bounds("5.1", "5.1.3", False)),
    ({"version": "unspecified", "lessThan": "2"}, Bounds(None, "2", False)),
    ({"version": "4.1.3", "lessThan": "< 4.3.1"}, Bounds("4.1.3", "4.3.1", False)),
    ({"version": "0", "lessThan": "*"}, Bounds(None, None)),
    ({"version": "5.8.0", "lessThanOrEqual": "5.8.*"}, UNKNOWN),
    ({"version": "All versions < V4.1.4"}, Bounds(None, "V4.1.4", False)),
    ({"version": "<= 2.0"}, Bounds(None, "2.0", True)),
    ({"version": "1.3 and earlier"}, Bounds(None, "1.3", True)),
    ({"version": "6.0.0 through 6.0.14"}, Bounds("6.0.0", "6.0.14", True)),
    ({"version": "versions V5.20 through V5.38"}, Bounds("V5.20", "V5.38", True)),
    ({"version": "12.2\\(28\\)sb12"}, Bounds("12.2(28)sb12", "12.2(28)sb12")),
    ({"version": "1.03"}, Bounds("1.03", "1.03")),
    ({"version": "All versions"}, Bounds()),
    ({"version": "*"}, Bounds()),
    ({"version": "0"}, UNKNOWN),
    ({"version": "n/a"}, UNKNOWN),
    ({"version": "7.0.x"}, UNKNOWN),
    ({}, UNKNOWN),
]


@pytest.mark.parametrize(("entry", "expected"), CASES, ids=str)
def test_bounds(entry, expected):
    assert bounds(entry) == expected


@given(st.dictionaries(st.sampled_from(["version", "lessThan", "lessThanOrEqual"]), st.text(max_size=30)))
def test_any_words_are_read(entry):
    assert isinstance(bounds(entry), Bounds)


@pytest.mark.parametrize(
    ("text", "vendor", "key"),
    [
        ("DIR-645 firmware", "D-Link", "dir645"),
        ("dir_645_firmware", "dlink", "dir645"),
        ("D-Link DIR-645", "D-Link", "dir645"),
        ("DIR-645L", "D-Link", "dir645l"),
        ("firmware", "", ""),
    ],
)
def test_product_key(text, vendor, key):
    assert product_key(text, frozenset({"firmware"}), vendor) == key
