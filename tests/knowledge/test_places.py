"""Groupings and deployments: of known countries and companies, with dates and sums that can be read."""

import pytest
from tests.knowledge.folder import put

from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.places import load_deployments, load_groupings

COUNTRIES = "iso2,iso3,name\nQM,QMM,Middle\nQN,QNN,North\n"
NAMES = "grouping,title\nroad,the road\n"
MEMBER = "grouping,member,since,until,source,url,date"
DEPLOYMENT = (
    "deployment,country,city,project,vendors,vendor_named,year,status,financier,form,amount,currency,"
    "note,source,url,date"
)


def groupings(root, *lines):
    put(root, "places/countries.csv", COUNTRIES)
    put(root, "places/grouping_names.csv", NAMES)
    put(root, "places/groupings.csv", "\n".join((MEMBER, *lines)) + "\n")
    return load_groupings(root, Ledger(load_sources(root)))


def deployments(root, *lines):
    put(root, "places/countries.csv", COUNTRIES)
    put(root, "places/deployments.csv", "\n".join((DEPLOYMENT, *lines)) + "\n")
    ledger = Ledger(load_sources(root))
    return load_deployments(root, ledger, load_companies(root, ledger))


def test_a_member_that_left_keeps_both_dates(root):
    one, two = groupings(root, "road,QM,2019,2023,s,,2026", "road,QN,2017-05,,s,,2026")
    assert (one["title"], one["since"], one["until"]) == ("the road", "2019", "2023")
    assert (two["since"], two["until"]) == ("2017-05", None)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("path,QM,2019,,s,,2026", "no grouping 'path'"),
        ("road,QX,2019,,s,,2026", "member has no 'QX'"),
        ("road,QM,once,,s,,2026", "since 'once'"),
        ("road,QM,2019,2018,s,,2026", "ends before it begins"),
        ("road,QM,2019,,,,2026", "no known source"),
    ],
)
def test_a_membership_that_does_not_resolve_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"groupings\.csv:2: {wrong}"):
        groupings(root, line)


def test_a_deployment_with_and_without_a_sum(root):
    one, two = deployments(
        root,
        "a,QM,Town,Safe town,acme holding,Acme,2019-03,built,A bank,loan,1500000.5,XTS,,s,,2026",
        "b,QN,,Safe land,,,,,,,,,,s,,2026",
    )
    assert (one["vendors"], one["amount"], one["currency"]) == ("acme holding", 1500000.5, "XTS")
    assert (two["vendors"], two["amount"], two["city"], two["status"]) == (None,) * 4


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("a,QX,,P,,,,,,,,,,s,,2026", "country has no 'QX'"),
        ("a,QM,,P,nobody,,,,,,,,,s,,2026", "vendors has no 'nobody'"),
        ("a,QM,,P,,,,dreamt,,,,,,s,,2026", "status has no 'dreamt'"),
        ("a,QM,,P,,,,,,luck,,,,s,,2026", "form has no 'luck'"),
        ("a,QM,,P,,,,,,,much,XTS,,s,,2026", "the amount 'much'"),
        ("a,QM,,P,,,,,,,5,,,s,,2026", "the amount '5'"),
        (",QM,,P,,,,,,,,,,s,,2026", "the deployment ''"),
    ],
)
def test_a_deployment_that_does_not_resolve_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"deployments\.csv:2: {wrong}"):
        deployments(root, line)


def test_shipped_deployments_and_groupings_are_there(shipped):
    assert shipped["deployments"].num_rows >= 80
    assert len(set(shipped["deployments"]["country"].to_pylist())) >= 40
    assert len(set(shipped["groupings"]["grouping"].to_pylist())) >= 3
