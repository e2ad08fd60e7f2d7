"""The kernels that work on whole columns agree with the functions that work on one value."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.tabular.forms import FORMS, canonicalise
from beholden.ingest.tabular.problems import Problems
from beholden.model.identifiers import luhn_digit

LIKELY = st.one_of(
    st.from_regex(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True),
    st.from_regex(r"[0-9]{14,16}", fullmatch=True),
    st.from_regex(r"[0-9]{14}", fullmatch=True).map(lambda digits: digits + luhn_digit(digits)),
    st.from_regex(r"[A-Za-z0-9_.-]{1,70}", fullmatch=True),
    st.sampled_from(
        ["00:00:00:00:00:00", "0" * 15, "1" * 15, "127.0.0.1", "0.0.0.1", "224.0.0.1", "01:00:5e:00:00:01"]
    ),
    st.text(max_size=20).map(str.strip).filter(bool),
)


@pytest.mark.parametrize("name", FORMS)
@settings(deadline=None, max_examples=200)
@given(values=st.lists(st.one_of(st.none(), LIKELY), max_size=8))
def test_columns_agree_with_values(name, values):
    column = pa.array(values, pa.string())
    formed = canonicalise(name, column, Problems(lambda _: None, "x"), pa.array(range(len(values))))
    for value, found in zip(values, formed.values.to_pylist(), strict=True):
        whole = FORMS[name].canonical(value) if value is not None else None
        if whole is not None or not FORMS[name].is_many or value is None:
            assert found == whole
    assert len(formed.extra_rows) == len(formed.extra_values)
