"""Registrable domains and suffixes: what a slow loop and the package say, whatever the names."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from beholden.knowledge import suffixes
from beholden.knowledge.suffixes import Names, longest_suffix, registrable

SLOW = PublicSuffixList()
RULES = suffixes._public_suffixes()[0].to_pylist()
label = st.sampled_from(["a", "www", "city", "x-1", "com", "uk"])
name = st.builds(
    lambda labels, rule: ".".join([*labels, rule]), st.lists(label, max_size=3), st.sampled_from(RULES)
)


def domains(names):
    return registrable(Names(pa.array(names, pa.string()))).to_pylist()


@settings(max_examples=40)
@given(names=st.lists(name, min_size=1, max_size=40))
def test_a_registrable_domain_is_the_one_the_package_gives(names):
    assert domains(names) == [SLOW.privatesuffix(one) for one in names]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("a.b.co.uk", "b.co.uk"),
        ("A.B.CO.UK.", "b.co.uk"),
        ("co.uk", None),
        ("me.github.io", "me.github.io"),
        ("github.io", None),
        ("x.foo.kobe.jp", "x.foo.kobe.jp"),
        ("x.city.kobe.jp", "city.kobe.jp"),
        ("printer.local", "printer.local"),
        ("local", None),
        ("", None),
        (".", None),
    ],
)
def test_rules_wildcards_exceptions_and_unknown_ends(text, domain):
    assert domains([text]) == [domain]


@settings(max_examples=40)
@given(names=st.lists(st.text(max_size=20), max_size=20))
def test_any_text_gives_a_row(names):
    assert len(domains(names)) == len(names)
    assert len(longest_suffix(Names(pa.array(names, pa.string())), pa.array(["com"]))) == len(names)


def test_a_slice_of_a_column_is_read_from_its_own_start():
    column = pa.array(["x.other.example", "a.cloud.example", "b.c.cloud.example"])[1:]
    found = longest_suffix(Names(column), pa.array(["other.example", "c.cloud.example", "cloud.example"]))
    assert found.to_pylist() == [2, 1]
