"""STIX patterns: what they take as enough, and what is refused; beside it the validator of OASIS, where it is there."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.knowledge.indicators.patterns import PatternError, Term, read_pattern

CASES = [
    ("[a:value = 'x']", [Term("a:value", "x")]),
    (r"[a:value = 'it\'s \\ x']", [Term("a:value", r"it's \ x")]),
    ("[a:value='x']OR[a:value='y']", [Term("a:value", "x"), Term("a:value", "y")]),
    ("([a:value = 'x'] OR ([a:value = 'y']))", [Term("a:value", "x"), Term("a:value", "y")]),
    (
        "[(a:value = 'x' OR b:value = 'y') AND c:dst_port = 80]",
        [Term("a:value", "x", 80), Term("b:value", "y", 80)],
    ),
    ("[a:value IN ('x', 'y')]", [Term("a:value", "x"), Term("a:value", "y")]),
    ("[file:hashes.'SHA-256' = 'x']", [Term("file:hashes.'SHA-256'", "x")]),
    ("[a:refs[*].value = 'x']", [Term("a:refs[*].value", "x")]),
    ("[a:protocols[*] = 'tcp' AND a:dst_ref.value = 'x']", [Term("a:dst_ref.value", "x")]),
]


@pytest.mark.parametrize(("text", "terms"), CASES)
def test_values_that_are_enough(text, terms):
    assert read_pattern(text).terms == terms


def test_a_pattern_may_say_when_it_holds():
    found = read_pattern("[a:value = 'x'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'")
    assert (found.start, found.stop) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a:value != 'x']", "!= is no equality"),
        ("[NOT a:value = 'x']", "is no equality"),
        ("[a:value MATCHES '.*']", "MATCHES is no equality"),
        ("[a:value = 'x' AND b:value = 'y']", "several things"),
        ("[a:value = 'x'] AND [b:value = 'y']", "AND of observations"),
        ("[a:value = 'x'] FOLLOWEDBY [b:value = 'y']", "FOLLOWEDBY of observations"),
        ("[a:value = 'x'] REPEATS 5 TIMES", "REPEATS of observations"),
        ("[a:dst_port = 80]", "names no value alone"),
        ("[a:value = 'x'", "ends too early"),
        ("[a:value = ]", "is no value"),
        ("[a:value IN ('x' 'y')]", "is not understood"),
        ("", "ends too early"),
        ("[a:value = 'x'] nonsense", "is not understood"),
        ("[" + "(" * 30 + "a:value = 'x'" + ")" * 30 + "]", "so deep"),
    ],
)
def test_what_says_more_is_refused(text, why):
    with pytest.raises(PatternError, match=why):
        read_pattern(text)


@given(st.text(alphabet="[]()=' \\aORNDI:.*,t0123456789", max_size=80))
def test_any_text_is_read_or_refused(text):
    with suppress(PatternError):
        read_pattern(text)


PATHS = st.sampled_from(["ipv4-addr:value", "domain-name:value", "file:hashes.'SHA-256'", "url:value"])
VALUES = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12)


@st.composite
def comparisons(draw):
    quoted = draw(VALUES).replace("\\", "\\\\").replace("'", "\\'")
    return f"{draw(PATHS)} = '{quoted}'"


PATTERNS = st.lists(st.lists(comparisons(), min_size=1, max_size=3), min_size=1, max_size=3).map(
    lambda observations: " OR ".join(f"[{' OR '.join(one)}]" for one in observations)
)


@given(PATTERNS)
def test_what_the_validator_of_oasis_takes_is_taken(text):
    validator = pytest.importorskip(
        "stix2patterns.v21.pattern",
        reason="stix2-patterns stands beside as a judge; it is not installed here",
    )
    validator.Pattern(text)
    assert len(read_pattern(text).terms) == text.count(" = '")
