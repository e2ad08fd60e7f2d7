"""Entries of regulators' lists: of a known list, of a known company, with their conditions."""

import pytest
from tests.knowledge.folder import put

from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.listings import load_listings, load_lists
from beholden.knowledge.rules import load_kinds

LISTS = "list,title,regulator,jurisdiction,legal_basis,obliges,source,url,date\nl,The list,R,QN,B,Do not buy.,s,,2026\n"
HEAD = (
    "list,company,named_as,product_class,kinds,places,place_of,stages,condition,includes_affiliates,"
    "since,until,updates_until,updates_source,source,url,date"
)
KINDS = "kind,parent,title,sensors,note\ncamera,,Camera,camera,\ndoorbell,camera,Doorbell,camera,\ndrone,,Drone,,\n"


def load(root, *lines):
    put(root, "listings/lists.csv", LISTS)
    put(root, "listings/listings.csv", "\n".join((HEAD, *lines)) + "\n")
    put(root, "vocabulary/kinds.csv", KINDS)
    put(root, "places/countries.csv", "iso2,iso3,name\nQM,QMM,Middle\nQN,QNN,North\n")
    ledger = Ledger(load_sources(root))
    lists = load_lists(root, ledger)
    return load_listings(root, ledger, load_companies(root, ledger), lists, load_kinds(root))


def test_an_entry_with_and_without_a_company(root):
    one, two = load(
        root,
        "l,acme,Acme Works,,,,,,in hospitals,yes,2021,,,,s,,2026",
        "l,,,drones,drone,foreign,production,design assembly,,no,2022,2024,2023-06,s,s,,2026",
    )
    assert (one["company"], one["condition"], one["includes_affiliates"]) == ("acme", "in hospitals", True)
    assert (one["kinds"], one["places"], one["stages"], one["updates_fact_id"]) == (None,) * 4
    assert (two["company"], two["product_class"], two["until"]) == (None, "drones", "2024")
    assert (two["places"], two["place_of"], two["stages"]) == ("foreign", "production", "design assembly")
    assert two["updates_until"] == "2023-06"
    assert two["updates_fact_id"] not in (None, two["fact_id"])


def test_a_class_of_a_kind_holds_what_lies_below_it(root):
    (one,) = load(root, "l,,,cameras,camera,,,,,no,2022,,,,s,,2026")
    assert one["kinds"] == "camera doorbell"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("m,acme,Acme,,,,,,,no,2021,,,,s,,2026", "no list 'm'"),
        ("l,nobody,Nobody,,,,,,,no,2021,,,,s,,2026", "no company 'nobody'"),
        ("l,acme,Acme,,,,,,,no,2021,,,,,,2026", "no known source"),
        ("l,acme,Acme,,,,,,,no,2021,,,,s,,then", "the date"),
        ("l,acme,Acme,,,,,,,no,soon,,,,s,,2026", "since 'soon'"),
        ("l,,,things,,,,,,no,2021,,,,s,,2026", "names neither"),
        ("l,,,things,saucer,,,,,no,2021,,,,s,,2026", "kinds has no 'saucer'"),
        ("l,,,things,drone,QX,production,,,no,2021,,,,s,,2026", "places has no 'QX'"),
        ("l,,,things,drone,QM,,,,no,2021,,,,s,,2026", "what stands in the place"),
        ("l,,,things,drone,QM,air,,,no,2021,,,,s,,2026", "place_of has no 'air'"),
        ("l,,,things,drone,QM,production,painting,,no,2021,,,,s,,2026", "stages has no 'painting'"),
        ("l,,,things,drone,QM,production,,,no,2021,,2027,,s,,2026", "no known source"),
    ],
)
def test_an_entry_that_does_not_resolve_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"listings\.csv:2: {wrong}"):
        load(root, line)


def test_a_list_stands_once(root):
    put(root, "listings/lists.csv", LISTS + LISTS.splitlines()[1] + "\n")
    with pytest.raises(KnowledgeError, match=r"lists\.csv:3: the list 'l' is empty or stands twice"):
        load_lists(root, Ledger(load_sources(root)))


def test_shipped_entries_name_facts_and_lists_that_exist(shipped):
    facts = set(shipped["facts"]["fact_id"].to_pylist())
    lists = set(shipped["lists"]["list"].to_pylist())
    for row in shipped["listings"].to_pylist():
        assert row["list"] in lists
        assert row["fact_id"] in facts
        assert row["named_as"] or row["product_class"]


def test_shipped_lists_are_of_many_regulators_and_classes_can_be_applied(shipped):
    rows = shipped["listings"].to_pylist()
    assert len(set(shipped["lists"]["jurisdiction"].to_pylist())) >= 14
    routers = [row for row in rows if row["list"] == "us-fcc-covered-list" and row["kinds"] == "router"]
    assert [(row["places"], row["place_of"], row["since"]) for row in routers] == [
        ("foreign", "production", "2026-03-23")
    ]
    assert {row["list"] for row in rows} == set(shipped["lists"]["list"].to_pylist())
