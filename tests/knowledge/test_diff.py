"""A difference counts each row once, as a slow loop counts it; a state does not differ from itself."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import COMPANY_HEAD, RELATION_HEAD, put, start

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import build
from beholden.knowledge.diff import differences, state_at
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.keys import TABLE_KEYS

SCHEMA = pa.schema(
    [
        ("cve", pa.string()),
        ("vendor", pa.string()),
        ("n", pa.int64()),
        ("raw", pa.binary(2)),
        ("is_on", pa.bool_()),
        ("share", pa.float64()),
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "cve": st.sampled_from(["", "a", "b", "c", None]),
            "vendor": st.sampled_from(["", "x", None]),
            "n": st.sampled_from([0, 1, None]),
            "raw": st.sampled_from([b"\0\0", b"ab", None]),
            "is_on": st.sampled_from([True, False, None]),
            "share": st.sampled_from([0.0, 0.5, None]),
        }
    ),
    max_size=6,
    unique_by=lambda row: row["cve"],
)


def state(folder, **tables):
    """Give a state of these tables alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in tables:
        (folder / f"{name}.parquet").touch()
    made = Knowledge(folder)
    made.manifest = {"knowledge_id": folder.name}
    made._tables = {"companies": pa.table({}), **tables}
    return made


def slow(old, new):
    before, after = ({row["cve"]: row for row in rows} for rows in (old, new))
    return {
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(after[key] != before[key] for key in after.keys() & before.keys()),
    }


def told(tmp_path_factory, name, old, new):
    made = tmp_path_factory.mktemp("states")
    found = differences(state(made / "a", **{name: old}), state(made / "b", **{name: new}))["tables"].get(
        name
    )
    return found and {sort: found[sort] for sort in ("added", "removed", "changed")}


@given(old=ROWS, new=ROWS)
def test_rows_are_counted_as_a_slow_loop_counts_them(tmp_path_factory, old, new):
    tables = (pa.Table.from_pylist(rows, SCHEMA) for rows in (old, new))
    expected = slow(old, new)
    assert told(tmp_path_factory, "kev", *tables) == (expected if any(expected.values()) else None)


@given(rows=ROWS)
def test_a_table_does_not_differ_from_itself_in_another_order(tmp_path_factory, rows):
    tables = (pa.Table.from_pylist(one, SCHEMA) for one in (rows, rows[::-1]))
    assert told(tmp_path_factory, "kev", *tables) is None


@given(old=ROWS, new=ROWS)
def test_what_is_added_one_way_is_removed_the_other(tmp_path_factory, old, new):
    first, second = (pa.Table.from_pylist(rows, SCHEMA) for rows in (old, new))
    there = told(tmp_path_factory, "kev", first, second) or {}
    back = told(tmp_path_factory, "kev", second, first) or {}
    assert (there.get("added"), there.get("removed"), there.get("changed")) == (
        back.get("removed"),
        back.get("added"),
        back.get("changed"),
    )


def test_a_table_without_a_key_has_rows_that_come_and_go(tmp_path_factory):
    assert "anything" not in TABLE_KEYS
    old, new = (pa.table({"x": one, "y": [None, None]}) for one in (["a", "b"], ["b", "c"]))
    assert told(tmp_path_factory, "anything", old, new) == {"added": 1, "removed": 1, "changed": 0}


@pytest.mark.parametrize("other", [pa.table({}), pa.table({"cve": pa.array([], pa.null())})])
def test_a_table_that_was_not_there_is_added_whole(tmp_path_factory, other):
    table = pa.table({"cve": ["a", None]})
    assert told(tmp_path_factory, "kev", other, table) == {"added": 2, "removed": 0, "changed": 0}
    assert told(tmp_path_factory, "kev", table, other) == {"added": 0, "removed": 2, "changed": 0}


def test_where_a_row_comes_from_is_told_by_the_facts_alone(tmp_path_factory):
    old, new = (
        pa.table({"cve": ["a"], "source": [one], "fact_id": [one], "owner_path": [one]}) for one in "xy"
    )
    assert told(tmp_path_factory, "kev", old, new) is None
    assert told(tmp_path_factory, "facts", old, new) == {"added": 1, "removed": 1, "changed": 0}


@pytest.fixture
def two(tmp_path, root, monkeypatch):
    """Give two folders of knowledge: in the second a company moved its seat, was sold, and one is new."""
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    other = start(tmp_path / "checkout" / "knowledge")
    put(
        other,
        "companies/companies.csv",
        f"{COMPANY_HEAD}\nacme,Acme,Acme Works Ltd,QX,,brand maker,s,,2026\n"
        "holding,Holding,Holding plc,QN,,holding,s,,2026-01\nnew,New,New plc,QP,,holding,s,,2026-01\n"
        "shield,Shield,Shield Brand Inc,QO,,brand,s,,2026-01-03\n",
    )
    put(
        other,
        "companies/relations.csv",
        f"{RELATION_HEAD}\nacme,new,owned_by,1,2026,,s,,2026\nshield,acme,brand_of,,2020,,s,,2026\n",
    )
    return root, other


def test_companies_that_changed_hands_or_seat_are_named(two):
    root, other = two
    found = differences(state_at(root), state_at(other.parent))
    changed = {(row["company"], row["what"]): (row["old"], row["new"]) for row in found["companies"]}
    assert changed == {
        ("acme", "jurisdiction"): ("QM", "QX"),
        ("acme", "owner"): ("holding", "new"),
        ("acme", "owner_jurisdiction"): ("QN", "QP"),
        ("shield", "owner"): ("holding", "new"),
        ("shield", "owner_jurisdiction"): ("QN", "QP"),
    }
    assert found["tables"]["companies"]["added_keys"] == ["new"]
    assert found["tables"]["companies"]["changed_keys"] == ["acme", "shield"]
    assert set(found["tables"]) == {"aliases", "companies", "facts"}


def test_folder_checkout_and_compiled_are_the_same_state(two, tmp_path):
    _, other = two
    build(other, tmp_path / "compiled")
    states = [state_at(path) for path in (other, other.parent, tmp_path / "compiled")]
    for one in states:
        found = differences(states[0], one)
        assert (found["tables"], found["companies"], found["old"]) == ({}, [], found["new"])


def test_what_is_no_knowledge_is_refused(tmp_path):
    with pytest.raises(KnowledgeError, match="neither compiled knowledge"):
        state_at(tmp_path)


def test_the_verb_tells_both_ways(two, beholden):
    root, other = two
    said = beholden.good("knowledge", "diff", root, other)
    assert "acme: owner was holding, is new" in said
    assert beholden.json("knowledge", "diff", root, root)["tables"] == {}
    assert "no difference" in beholden.good("knowledge", "diff", root, root)
    assert beholden.run("knowledge", "diff", root, Path("/nowhere")).returncode in (1, 2)
