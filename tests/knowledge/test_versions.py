"""Versions as makers write them: 300 pairs that public advisories put in order, schemes by name, and an order's laws."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.knowledge.versions import compare, is_within

PAIRS = list(csv.DictReader((Path(__file__).parent / "version_pairs.csv").read_text("utf-8").splitlines()))
"""`earlier` has a flaw and `later` is the first that has not, in records of the CVE Program (2024-10-24)."""
MISTAKEN = {"CVE-2023-36841"}
"""A record that puts 21.1R1, the first release of Junos 21.1, before 21.1."""

EARLIER = [
    ("1.2", "1.10"),
    ("V5.5.82 build 190909", "V5.5.83 build 180101"),
    ("V5.5.82 build 190909", "v5.5.82 Build 210101"),
    ("V2.800.0000000.25.R, Build Date: 2020-03-01", "V2.800.0000000.25.R, Build Date: 2021-02-28"),
    ("4.60(ABKA.3)C0", "4.60(ABKA.5)C0"),
    ("1.03b08", "1.04b12"),
    ("1.04b9", "1.04b12"),
    ("15.2(7)E2", "15.2(7)E3"),
    ("6.49beta3", "6.49rc1"),
    ("6.49rc1", "6.49"),
    ("7.0.5", "7.0.6"),
    ("V1.0.4.84_10.0.58", "V1.0.4.98_10.1.71"),
    ("1.0.9 Build 20201023 rel.45000", "1.0.9 Build 20201023 rel.45001"),
    ("h5.1.2.2534 build 20230927", "h5.1.3.2578 build 20231110"),
]
ACROSS = [
    ("CVE-2023-4473", "V5.21(AAZF.14)C0", "CVE-2023-5372", "V5.21(AAZF.15)C0"),
    ("CVE-2023-5372", "5.21(AAZF.15)C0", "CVE-2024-29976", "5.21(aazf.16)c0"),
    ("CVE-2024-29976", "5.21(aazf.16)c0", "CVE-2024-29972", "V5.21(AAZF.17)C0"),
    ("CVE-2024-29976", "5.21(abag.13)c0", "CVE-2024-29972", "V5.21(ABAG.14)C0"),
    ("CVE-2024-29972", "V5.21(AAZF.17)C0", "CVE-2024-6342", "V5.21(AAZF.18)C0"),
    ("CVE-2023-6398", "6.70(ABVS.1)", "CVE-2024-7261", "6.70(ABVS.4)"),
    ("CVE-2023-34140", "5.36 Patch 2", "CVE-2023-4398", "5.37"),
    ("CVE-2023-4398", "5.37", "CVE-2023-6398", "5.37 Patch 1"),
    ("CVE-2023-6764", "5.37patch1", "CVE-2024-42057", "5.38"),
    ("CVE-2023-30799", "6.48.6", "CVE-2023-30800", "6.48.8"),
    ("CVE-2023-30799", "6.49.7", "CVE-2023-30800", "6.49.9"),
    ("CVE-2023-30800", "6.49.9", "CVE-2024-2169", "7.13.2"),
    ("CVE-2024-39948", "2023.12.13", "CVE-2024-39944", "2024.2.2"),
    ("CVE-2024-39945", "2023/12/13", "CVE-2024-39950", "2024/1/22"),
]
"""Versions of one firmware (Zyxel's, MikroTik's, build days of Dahua's) that records of the CVE Program name one after
the other: the flaw that names the later version was published later."""
UNCLEAR = [
    ("V5.5.82", "V5.5.82 build 190909"),  # which build of it?
    ("1.04", "1.1"),  # 4 against 1, or 04 against 10?
    ("4.60(ABKA.5)", "4.60(ABKB.3)"),  # firmware of two models
    ("X14.2", "h5.1"),
    ("20201023", "1.4"),  # a date and a number
    ("2.6", "2:2.4"),
    ("latest", "1.0"),
    ("1.x", "All versions"),
]
EQUAL = [("1.2", "V1.2.0"), ("v1.0.3", "Version: 1.0.3"), ("15.2(7)e3", "15.2(7)E3"), ("Firmware 2.1", "2.1")]
NUMBERS = st.lists(st.integers(0, 40), min_size=1, max_size=4).map(lambda them: ".".join(map(str, them)))
TEXTS = st.one_of(
    NUMBERS,
    st.builds(
        "{}{}{}".format, NUMBERS, st.sampled_from(["a", "b", "rc", "beta", "R", "_", " build "]), NUMBERS
    ),
    st.text(max_size=12),
)


def test_pairs_of_advisories_stand_in_their_order():
    told = {
        (row["cve"], row["earlier"], row["later"]): compare(row["earlier"], row["later"]) for row in PAIRS
    }
    wrong = [pair for pair, answer in told.items() if answer in (0, 1) and pair[0] not in MISTAKEN]
    assert len(told) >= 300
    assert wrong == []
    assert sum(answer is None for answer in told.values()) <= len(told) * 0.03


@pytest.mark.parametrize(("earlier", "later"), EARLIER)
def test_earlier_than(earlier, later):
    assert compare(earlier, later) == -1
    assert compare(later, earlier) == 1


@pytest.mark.parametrize(("_cve", "earlier", "_later_cve", "later"), ACROSS)
def test_what_later_records_name_is_later(_cve, earlier, _later_cve, later):
    assert compare(earlier, later) == -1
    assert compare(later, earlier) == 1


@pytest.mark.parametrize(("one", "other"), UNCLEAR)
def test_what_nothing_tells_is_said_to_be_so(one, other):
    assert compare(one, other) is None
    assert compare(other, one) is None


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_the_same_in_other_words(one, other):
    assert compare(one, other) == 0


@given(TEXTS, TEXTS)
def test_turned_round_the_answer_turns(one, other):
    there, back = compare(one, other), compare(other, one)
    assert (there is None) == (back is None)
    assert there is None or there == -back


@given(TEXTS)
def test_a_version_is_itself(text):
    assert compare(text, text) in (0, None)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_what_lies_between_lies_between(a, b, c):
    low, mid, high = sorted((a, b, c), key=lambda text: [*map(int, text.split("."))] + [0] * 4)
    assert compare(low, high) in (-1, 0)
    assert is_within(mid, low, high, is_high_in=True) is True


@given(NUMBERS)
def test_bounds(version):
    later = f"{version}.1"
    assert is_within(version, None, version, is_high_in=True) is True
    assert is_within(version, None, version, is_high_in=False) is False
    assert is_within(version, later, None, is_high_in=True) is False
    assert is_within(later, version, None, is_high_in=True) is True
    assert is_within(version, None, "latest", is_high_in=True) is None
    assert is_within(later, None, version, is_high_in=True) is False
    assert is_within("latest", None, version, is_high_in=True) is None
