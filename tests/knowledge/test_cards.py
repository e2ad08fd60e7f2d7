"""Cards: rules with examples, issuers and networks, each row of what it is, once."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.knowledge.folder import put

from beholden.knowledge.base import Knowledge
from beholden.knowledge.cards import (
    load_card_classes,
    load_card_issuers,
    load_card_rules,
    load_mobile_networks,
)
from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.networks import countries_by_code, networks
from beholden.pipeline.knowing import look_up

RULE = """
id: cards.one
title: "A title"
category: exfiltration
signal: a.signal
parameters: {most: "3", words: "a b"}
says: "It is so: {detail}."
rationale: "Because."
contain: stop
action: block
for_days: "7"
source: s
examples:
  - {title: found, usage: "card,day", finds: [1]}
  - {title: none, usage: "card,day", finds: []}
"""
CONTAINMENTS = "containment,says\nstop,Stop it.\n"
ISSUERS = "prefix,issuer,country,note,source,url,date\n"
NETWORKS = "network,company,note,source,url,date\n"


def ledger_of(root):
    return Ledger(load_sources(root))


def rules(root, text):
    put(root, "vocabulary/containments.csv", CONTAINMENTS)
    put(root, "cards/one.yaml", text)
    return load_card_rules(root, ledger_of(root))


def test_a_rule(root):
    (rule,) = rules(root, RULE)
    fact = rule.pop("fact_id")
    assert len(fact) == 16
    assert rule == {
        "rule_id": "cards.one",
        "title": "A title",
        "category": "exfiltration",
        "signal": "a.signal",
        "says": "It is so: {detail}.",
        "action": "block",
        "parameters": "most=3 words=a b",
        "contain": "Stop it.",
        "for_days": 7,
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title: "A title"\n', "", "lacks title"),
        ("contain: stop", "contain: go", "no containment 'go'"),
        ("action: block", "action: melt", "no action 'melt'"),
        ('for_days: "7"', 'for_days: "soon"', "'soon' is no number"),
        ("finds: [1]", "finds: []", "needs an example"),
        ("finds: []", "finds: [2]", "needs an example"),
        ("source: s", "source: nobody", "no known source"),
    ],
)
def test_a_rule_that_lacks_something(root, old, new, said):
    with pytest.raises(KnowledgeError, match=said):
        rules(root, RULE.replace(old, new))


def test_issuers(root):
    put(root, "parts/card_issuers.csv", f"{ISSUERS}894902,Acme Works Ltd,QM,,s,,\n894903,Nobody,,,s,,\n")
    acme, nobody = load_card_issuers(root, ledger_of(root), load_companies(root, ledger_of(root)))
    assert (acme["issuer"], acme["company"], acme["country"]) == ("Acme Works Ltd", "acme", "QM")
    assert (nobody["company"], nobody["country"]) == (None, None)


@pytest.mark.parametrize(
    "row", ["8849,A,,,s,,", "89x02,A,,,s,,", "8949,A,,,s,,", "894902,A,,,s,,\n894902,B,,,s,,"]
)
def test_an_issuer_that_is_none(root, row):
    put(root, "parts/card_issuers.csv", f"{ISSUERS}{row}\n")
    with pytest.raises(KnowledgeError, match="prefix"):
        load_card_issuers(root, ledger_of(root), load_companies(root, ledger_of(root)))


@pytest.mark.parametrize(
    ("row", "said"), [("262,acme,,s,,", "no network"), ("26201,who,,s,,", "no company 'who'")]
)
def test_a_network_that_is_none(root, row, said):
    put(root, "parts/mobile_networks.csv", f"{NETWORKS}{row}\n")
    with pytest.raises(KnowledgeError, match=said):
        load_mobile_networks(root, ledger_of(root), load_companies(root, ledger_of(root)))


def test_a_class_of_no_kind(root):
    head = "kind,mb_a_day,mb_up_a_day,sms_a_day,rationale,source\n"
    put(root, "vocabulary/card_classes.csv", f"{head}teapot,1,1,1,why,s\n")
    with pytest.raises(KnowledgeError, match="no kind 'teapot'"):
        load_card_classes(root, ledger_of(root), [{"kind": "meter"}])


def known(*rows):
    made = Knowledge(Path("/nowhere"))
    names = ("mcc", "mnc", "country", "brand", "operator")
    listed = [dict(zip(names, row, strict=True)) for row in rows]
    run = [{"network": "26201", "company": "acme", "fact_id": "f"}]
    made._tables = {"mcc_mnc": pa.Table.from_pylist(listed), "mobile_networks": pa.Table.from_pylist(run)}
    return made


def test_networks_and_countries_of_their_codes():
    knowledge = known(
        ("262", "01", "DE", "One", None),
        *(("310", f"{at:03}", "US", None, "Two") for at in range(8)),
        ("310", "000", "GU", None, "Two"),
        ("340", "01", "GP", "Three", None),
        ("340", "01", "MQ", "Three", None),
        ("901", "40", None, None, "Four"),
    )
    found = networks(knowledge)
    assert (found["26201"].name, found["26201"].country, found["26201"].company) == ("One", "DE", "acme")
    assert (found["310000"].country, found["310001"].country) == ("US", "US")
    assert found["34001"].country is None
    assert (found["90140"].name, found["90140"].country, found["90140"].fact_id) == ("Four", None, "")
    assert countries_by_code(knowledge) == {"262": "DE", "310": "US"}


def test_shipped_networks_are_run_by_companies_and_known():
    knowledge = Knowledge.open()
    found = networks(knowledge)
    run = knowledge.rows("mobile_networks")
    assert len({row["company"] for row in run}) >= 20
    assert len(run) >= 100
    assert {row["network"] for row in run} <= set(found)
    assert sum(code.startswith("901") for code in found) > 80
    assert len(knowledge.rows("card_issuers")) > 900


def test_a_card_is_looked_up_by_its_issuer():
    found = look_up(Knowledge.open(), "8988 3030 0000 0000 0007")
    assert (found["is"], found["value"], found["begins"]) == ("iccid", "89883030000000000007", "8988303")
    assert (found["issuer"], found["company"]) == ("EMnify GmbH", "emnify")
    assert found["chain"][0]["jurisdiction"] == "DE"
    assert "8988303" in found["facts"][0]["text"]


def test_a_card_of_an_issuer_that_nobody_knows():
    found = look_up(Knowledge.open(), "8999912345678901233")
    assert (found["is"], found["begins"], found["company"], found["facts"]) == ("iccid", None, None, [])
