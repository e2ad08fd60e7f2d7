"""Cards are assessed alike by every engine: all examples of all rules as one fleet."""

import csv
import io
from pathlib import Path

import pytest
from sameness import assert_same
from tests.assess.cards import fleets

from beholden.assess.cards.context import CardContext
from beholden.assess.cards.findings import assess_cards
from beholden.assess.cards.homes import Homes
from beholden.assess.law import regimes
from beholden.knowledge.base import Knowledge
from beholden.knowledge.files import read_yaml
from beholden.knowledge.profiles import load_profile

RULES = sorted((Path(__file__).parents[2] / "knowledge" / "cards").glob("*.yaml"))


def one_fleet(what):
    """Give the lines of all examples, with cards that are named after them."""
    rows = []
    for path in RULES:
        for at, example in enumerate(read_yaml(path)["examples"]):
            lines = csv.DictReader(example.get(what, "").splitlines())
            rows += [{**row, "card": f"{path.stem}-{at}-{row['card']}"} for row in lines]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.open()


def assessed(engine, knowledge):
    law = regimes(knowledge, fleets.TODAY, load_profile(knowledge, "article").is_concern)
    cards, limits = map(engine.bind, fleets.lists_of(one_fleet("cards")))
    usage = engine.bind(fleets.usage_of(one_fleet("usage")))
    context = CardContext(engine, usage, cards, limits, Homes(knowledge, law), knowledge, fleets.TODAY)
    found = assess_cards(context)
    findings = engine.collect(found.findings.drop("says_before", "says_after", "for_days", "fact_id"))
    return findings, engine.collect(found.evidence)


def test_engines_find_the_same_of_cards(duck, other, knowledge):
    findings, evidence = assessed(duck, knowledge)
    assert len(set(findings["rule_id"].to_pylist())) == len(RULES)
    again, proofs = assessed(other, knowledge)
    assert_same(findings, again)
    assert_same(evidence, proofs)
