"""MurmurHash3 as published, and the hash of icons as Shodan and its users make it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.dissect.icons import hashed, murmur3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"", 0),
        (b"hello", 0x248BFA47),
        (b"hello, world", 0x149BBB7F),
        (b"The quick brown fox jumps over the lazy dog", 0x2E4FF723),
    ],
)
def test_published_values(text, number):
    assert murmur3(text) == number


@given(st.binary(max_size=200))
def test_only_icons_are_hashed(body):
    assert hashed(b"\x89PNG" + body) == ""
    assert -(1 << 31) <= int(hashed(b"\0\0\1\0" + body)) < 1 << 31
