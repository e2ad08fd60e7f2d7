"""A fact without a source and a date is not a fact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import SOURCES, put

from beholden.knowledge.facts import Ledger, Source, is_date, load_sources
from beholden.knowledge.files import KnowledgeError, Row


@pytest.fixture
def sources(root):
    return load_sources(root)


def row(**cells):
    return Row("pack.csv", 7, cells)


@pytest.mark.parametrize("cells", [{}, {"source": ""}, {"source": "not-there"}])
def test_a_row_without_a_known_source_is_refused_with_its_line(sources, cells):
    with pytest.raises(KnowledgeError, match=r"pack\.csv:7: no known source"):
        Ledger(sources).add(row(**cells), "text")


@pytest.mark.parametrize("when", ["yesterday", "2026-13", "2026-02-30", "26", "2026-1", "24.11.2026"])
def test_a_date_that_cannot_be_read_is_refused(sources, when):
    assert not is_date(when)
    with pytest.raises(KnowledgeError, match=r"pack\.csv:7: the date"):
        Ledger(sources).add(row(source="s", date=when), "text")


def test_a_row_without_a_date_takes_that_of_its_source(sources):
    ledger = Ledger(sources)
    fact_id = ledger.add(row(source="s"), "text")
    (fact,) = ledger.table().to_pylist()
    assert (fact["fact_id"], fact["date"], fact["licence"]) == (fact_id, "2026-01-02", "CC0-1.0")


@given(when=st.dates())
def test_dates_months_and_years_can_be_read(when):
    text = when.isoformat()
    assert is_date(text)
    assert is_date(text[:7])
    assert is_date(text[:4])


@pytest.mark.parametrize("field", ["title", "publisher", "date", "licence", "grade"])
def test_a_source_needs_every_field(root, field):
    put(root, "sources/one.toml", "\n".join(one for one in SOURCES.splitlines() if not one.startswith(field)))
    with pytest.raises(KnowledgeError, match=rf"one\.toml: s lacks {field}"):
        load_sources(root)


@pytest.mark.parametrize(("old", "new"), [("2026-01-02", "soon"), ("official", "rumour")])
def test_a_source_with_an_unknown_date_or_grade_is_refused(root, old, new):
    put(root, "sources/one.toml", SOURCES.replace(old, new))
    with pytest.raises(KnowledgeError, match="date or grade"):
        load_sources(root)


def test_a_source_that_stands_twice_is_refused(root):
    put(root, "sources/two.toml", SOURCES)
    with pytest.raises(KnowledgeError, match=r"two\.toml: s is defined twice"):
        load_sources(root)


@given(st.permutations(["a", "b", "c", "a"]))
def test_facts_do_not_depend_on_order_and_the_same_row_is_one(names):
    ledger = Ledger({"s": Source("s", "t", "p", "", "2026", "CC0-1.0", "official")})
    ids = {name: ledger.add(row(source="s", name=name), name) for name in names}
    table = ledger.table()
    assert table["fact_id"].to_pylist() == sorted(ids.values())
    assert len(set(ids.values())) == 3


def test_every_shipped_fact_has_publisher_date_and_licence(shipped):
    for fact in shipped["facts"].to_pylist():
        assert fact["publisher"], fact
        assert fact["licence"], fact
        assert is_date(fact["date"]), fact
