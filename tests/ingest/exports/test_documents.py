"""Of a JSON document that is cut or damaged, what is whole before the damage is kept, and nothing else is made up."""

import json

from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.documents import document
from beholden.ingest.tabular.problems import Problems

leaves = st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],:é')
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def read(text):
    told = []
    return document(text.encode(), Problems(lambda one: told.append(str(one)), "f")), told


def is_beginning(part, whole):
    """Say whether a document is the beginning of another, each list and object cut at most at its end."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_beginning(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_beginning, part, whole))
    return part == whole


@given(whole=st.dictionaries(st.text(), values), data=st.data())
def test_a_beginning_is_kept(whole, data):
    text = json.dumps(whole, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(text)))
    found, told = read(text[:cut])
    assert is_beginning(found, whole)
    assert bool(told) == (cut < len(text))


def test_whole_members_before_damage_are_kept():
    text = '{"id": 1, "parts": [{"name": "a]"}, {"name": "b", "in": [{"name": "c"}, {"name": "d'
    found, told = read(text)
    assert found == {"id": 1, "parts": [{"name": "a]"}, {"name": "b", "in": [{"name": "c"}]}]}
    assert [one.endswith("what comes before is kept") for one in told] == [True]


def test_what_is_no_object_or_too_deep_is_left_out():
    assert read("[1]") == ({}, [])
    assert read("[" * 100_000)[0] == {}
    assert read('{"a":' * 100_000)[0] == {}
    assert read('{"a": [1], "b": ' + "[" * 300)[0] == {"a": [1]}
