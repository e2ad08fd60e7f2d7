"""Numbers of cards and modules by columns are what they are one by one."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.cards import numbers
from beholden.model import identifiers

BODY = "49015420323751"
TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.text("0123456789", min_size=12, max_size=21),
        st.text("0123456789", min_size=13, max_size=19).map(lambda one: one + identifiers.luhn_digit(one)),
        st.text("0123456789", min_size=11, max_size=17).map(lambda one: "89" + one),
        st.text("0123456789abF -/.", max_size=22),
    )
)


def values(read, *said):
    return read(pa.array(said, pa.string())).values.to_pylist()


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (BODY + "8", BODY + "8"),
        (BODY + "0", BODY + "8"),  # the spare digit of the network
        (BODY + "7", None),
        (BODY, None),  # might be fifteen digits that lost a leading zero: then the check digit would be right
        ("35162610523456", "351626105234568"),
        (BODY + "77", BODY + "8"),
        (BODY + "802", BODY + "8"),
        (BODY + "702", None),
        ("49-015420-323751-8", BODY + "8"),
        (" 490154203237518 ", BODY + "8"),
        ("111111111111111", None),
        ("49015420323751A", None),
        ("4901542032375", None),
        ("490154203237518000", None),
        ("", None),
    ],
)
def test_an_imei(said, read):
    assert values(numbers.imeis, said) == [read]


def test_what_is_wrong_is_told_from_what_is_empty():
    found = numbers.imeis(pa.array([BODY + "7", None, "", "-", BODY + "8", "n/a"]))
    assert found.wrong.to_pylist() == [True, False, False, False, False, True]
    assert found.values.to_pylist() == [None, None, None, None, BODY + "8", None]


def test_a_card():
    good = "8944500102198304826"
    said = [
        good,
        good + "F",
        good + "ff",
        "8944 5001 0219 8304 826",
        good[:-1] + "7",
        "77" + good[2:],
        good[:-1],
    ]
    assert values(numbers.iccids, *said) == [good, good, good, good, None, None, None]


def test_a_subscriber():
    said = [
        "262011234567890",
        "26201123456789",
        "901401234567890",
        "162011234567890",
        "2620112345678901",
        "x",
    ]
    assert values(numbers.imsis, *said) == [*said[:3], None, None, None]


@given(TEXTS)
def test_columns_read_as_single_numbers_do(said):
    assert values(numbers.iccids, *said) == [identifiers.iccid(one or "") for one in said]
    assert values(numbers.imsis, *said) == [identifiers.imsi(one or "") for one in said]
    for one, read in zip(said, values(numbers.imeis, *said), strict=True):
        alone = identifiers.imei(one or "")
        spare = (one or "").strip().rstrip("fF")
        assert read == alone or (spare.endswith("0") and read is not None)


@given(TEXTS, st.integers(0, 5))
def test_a_part_of_a_column_reads_as_the_whole(said, start):
    whole = pa.array(said, pa.string())
    for read in (numbers.iccids, numbers.imsis, numbers.imeis):
        assert read(whole.slice(start)).values.equals(read(whole).values.slice(start))
