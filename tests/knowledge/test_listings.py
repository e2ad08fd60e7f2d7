"""Entries of regulators' lists: of a known list, of a known company, with their conditions."""

import pytest
from tests.knowledge.folder import put

from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.listings import load_listings, load_lists

LISTS = "list,title,regulator,jurisdiction,legal_basis,obliges,source,url,date\nl,The list,R,QN,B,Do not buy.,s,,2026\n"
HEAD = "list,company,named_as,product_class,condition,includes_affiliates,since,until,source,url,date"


def load(root, *lines):
    put(root, "listings/lists.csv", LISTS)
    put(root, "listings/listings.csv", "\n".join((HEAD, *lines)) + "\n")
    ledger = Ledger(load_sources(root))
    return load_listings(root, ledger, load_companies(root, ledger), load_lists(root, ledger))


def test_an_entry_with_and_without_a_company(root):
    one, two = load(
        root, "l,acme,Acme Works,,in hospitals,yes,2021,,s,,2026", "l,,,drones,,no,2022,2024,s,,2026"
    )
    assert (one["company"], one["condition"], one["includes_affiliates"]) == ("acme", "in hospitals", True)
    assert (two["company"], two["product_class"], two["until"]) == (None, "drones", "2024")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("m,acme,Acme,,,no,2021,,s,,2026", "no list 'm'"),
        ("l,nobody,Nobody,,,no,2021,,s,,2026", "no company 'nobody'"),
        ("l,acme,Acme,,,no,2021,,,,2026", "no known source"),
        ("l,acme,Acme,,,no,2021,,s,,then", "the date"),
    ],
)
def test_an_entry_that_does_not_resolve_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"listings\.csv:2: {wrong}"):
        load(root, line)


def test_shipped_entries_name_facts_and_lists_that_exist(shipped):
    facts = set(shipped["facts"]["fact_id"].to_pylist())
    lists = set(shipped["lists"]["list"].to_pylist())
    for row in shipped["listings"].to_pylist():
        assert row["list"] in lists
        assert row["fact_id"] in facts
        assert row["named_as"] or row["product_class"]
