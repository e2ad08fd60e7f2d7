"""Standards: their words are of the vocabulary, and a number has a basis."""

import pytest
from tests.knowledge.folder import put

from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.standards import load_standards

HEAD = (
    "standard,title,body,jurisdiction,openness,licence,certifier,n_suppliers,suppliers_basis,local_control,"
    "local_source,local_url,note,source,url,date"
)


def load(root, *lines):
    put(root, "places/countries.csv", "iso2,iso3,name\nQM,QMM,Middle\nQN,QNN,North\n")
    put(root, "standards/standards.csv", "\n".join((HEAD, *lines)) + "\n")
    return load_standards(root, Ledger(load_sources(root)))


def test_local_control_stands_on_its_own_source(root):
    one, two = load(
        root,
        "a,A,Body,QM QN,open,free,Body,7,members,full,s,,Text,s,,2026",
        "b,B,,,,,,,,,,,Text,s,,2026",
    )
    assert (one["n_suppliers"], one["local_control"]) == (7, "full")
    assert one["local_fact_id"] not in (None, one["fact_id"])
    assert (two["n_suppliers"], two["local_control"], two["local_fact_id"], two["body"]) == (None,) * 4


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (",A,,,,,,,,,,,Text,s,,2026", "the standard ''"),
        ("a,A,,QX,,,,,,,,,Text,s,,2026", "jurisdiction has no 'QX'"),
        ("a,A,,,ajar,,,,,,,,Text,s,,2026", "openness has no 'ajar'"),
        ("a,A,,,,,,,,maybe,s,,Text,s,,2026", "local_control has no 'maybe'"),
        ("a,A,,,,,,,,full,,,Text,s,,2026", "no known source"),
        ("a,A,,,,,,7,,,,,Text,s,,2026", "n_suppliers '7'"),
        ("a,A,,,,,,many,members,,,,Text,s,,2026", "n_suppliers 'many'"),
    ],
)
def test_a_standard_that_does_not_hold_together_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"standards\.csv:2: {wrong}"):
        load(root, line)


def test_a_standard_stands_once(root):
    line = "a,A,,,,,,,,,,,Text,s,,2026"
    with pytest.raises(KnowledgeError, match=r"standards\.csv:3: the standard 'a' is empty or stands twice"):
        load(root, line, line)


def test_shipped_standards_are_open_and_closed(shipped):
    rows = shipped["standards"].to_pylist()
    assert len(rows) >= 45
    assert {"open", "closed", "reverse_engineered"} <= {row["openness"] for row in rows}
