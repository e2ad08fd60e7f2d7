"""Rules hold together, and stay few enough to be understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ROOT, put, put_rule

from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.rules import (
    MAX_PROPOSITIONS,
    UNKNOWN_KIND,
    expand_applies,
    lineage,
    load_impacts,
    load_kinds,
    load_rules,
)
from beholden.model.risks import CATEGORIES

KINDS = "kind,parent,title,sensors,note\nsecurity,,Security,,\ncamera,security,Camera,camera,\nlamp,,Lamp,,\n"


def load(root):
    return load_rules(root, Ledger(load_sources(root)))


def expand(root):
    return expand_applies(load(root), load_kinds(root))


def test_a_rule_is_typed_after_it_is_read(root):
    (rule,) = load(put_rule(root, "one"))
    assert (rule["weight"], rule["base_rate"], rule["half_life_days"], rule["strength"]) == (
        0.4,
        0.2,
        None,
        None,
    )
    assert rule["applies_to"] == "all"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"factor": "X"}, "5: no factor 'X'"),
        ({"category": "mischief"}, "4: no category 'mischief'"),
        ({"weight": "2"}, "7: '2' is no number from 0 to 1"),
        ({"source": "nobody"}, " no known source"),
        ({"date": "soon"}, " the date"),
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused(root, fields, wrong):
    put_rule(root, "one", **fields)
    with pytest.raises(KnowledgeError, match=rf"rules/\w+/one\.yaml:{wrong}"):
        load(root)


def test_a_rule_says_what_to_do_at_once_in_the_words_of_the_vocabulary(root):
    put(root, "vocabulary/containments.csv", "containment,says\npart,Part it.\n")
    path = put_rule(root, "one") / "rules/coercion/one.yaml"
    assert load(root)[0]["contain"] is None
    text = path.read_text("utf-8").rstrip("\n")
    path.write_text(f"{text}\ncontain: part\n", "utf-8")
    assert load(root)[0]["contain"] == "Part it."
    path.write_text(f"{text}\ncontain: pray\n", "utf-8")
    with pytest.raises(KnowledgeError, match="no containment 'pray'"):
        load(root)


def test_every_shipped_rule_of_what_a_device_does_says_what_to_do_at_once():
    rules = [one for one in load(ROOT) if one["factor"] == "O" and one["category"] != "normative"]
    assert len(rules) > 20
    assert [one["rule_id"] for one in rules if not one["contain"]] == []


@pytest.mark.parametrize("name", ["weight", "base_rate", "strength", "veto_floor"])
@pytest.mark.parametrize("text", ["1.01", "-0.1", "half", "nan", "1e9"])
def test_a_share_outside_0_to_1_is_refused(root, name, text):
    path = root / "rules/coercion/one.yaml"
    put_rule(root, "one")
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith(f"{name}:")]
    path.write_text("\n".join([*lines, f'{name}: "{text}"']), "utf-8")
    with pytest.raises(KnowledgeError, match="no number from 0 to 1"):
        load(root)


def test_rules_of_one_proposition_that_disagree_are_refused(root):
    put_rule(root, "one", weight="0.4")
    put_rule(root, "two", weight="0.5")
    with pytest.raises(KnowledgeError, match="disagree on weight"):
        expand(root)


def test_rules_of_one_proposition_that_agree_are_one_proposition(root):
    put_rule(root, "one")
    put_rule(root, "two", signal="operator.compelled")
    assert {(row["kind"], row["proposition"]) for row in expand(root)} == {("", "held"), ("camera", "held")}


@pytest.mark.parametrize(("category", "most"), [("coercion", MAX_PROPOSITIONS), ("lock_in", 8)])
def test_too_many_propositions_of_a_factor_are_refused(root, category, most):
    for number in range(most):
        put_rule(root, f"r{number}", category=category, proposition=f"p{number}")
    assert expand(root)
    put_rule(root, "more", category=category, proposition="more")
    with pytest.raises(KnowledgeError, match=f"{category} L has too many"):
        expand(root)


def test_a_rule_applies_to_the_kinds_it_names_their_descendants_and_the_unknown(root):
    put(root, "vocabulary/kinds.csv", KINDS)
    put_rule(root, "one", applies_to="security")
    assert {row["kind"] for row in expand(root)} == {UNKNOWN_KIND, "security", "camera"}


@given(parents=st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_lineage_ends_even_where_kinds_turn_in_a_circle(parents):
    kinds = [{"kind": str(at), "parent": str(up)} for at, up in enumerate(parents)]
    for kind, line in lineage(kinds).items():
        assert line[0] == kind
        assert len(set(line)) == len(line)


def test_a_kind_without_impact_takes_its_parents_then_the_unknowns(root):
    put(root, "vocabulary/kinds.csv", KINDS)
    head = "kind,category,impact,rationale,source,date\n"
    put(
        root,
        "vocabulary/impacts.csv",
        f"{head},privacy,0.3,Why,s,2026\nsecurity,privacy,0.9,Why,s,2026\n",
    )
    rows = load_impacts(root, Ledger(load_sources(root)), load_kinds(root))
    impact = {(row["kind"], row["category"]): row["impact"] for row in rows}
    assert (impact["camera", "privacy"], impact["lamp", "privacy"], impact["", "privacy"]) == (0.9, 0.3, 0.3)
    assert impact["lamp", "coercion"] == 0.5
    assert len(rows) == len(CATEGORIES) * 4


def test_shipped_rules_are_within_bounds_and_read_known_signals(shipped):
    signals = set(shipped["signals"]["signal"].to_pylist())
    kinds = {"all", *shipped["kinds"]["kind"].to_pylist()}
    for rule in shipped["rules"].to_pylist():
        assert 0 <= rule["weight"] <= 1, rule["rule_id"]
        assert 0 <= rule["base_rate"] <= 1, rule["rule_id"]
        assert rule["signal"] in signals, rule["rule_id"]
        assert kinds.issuperset(rule["applies_to"].split()), rule["rule_id"]
        assert rule["rule_id"].partition(".")[0] == rule["category"]


def test_every_category_has_rules_for_the_unknown_kind(shipped):
    rows = shipped["applies"].to_pylist()
    assert {row["category"] for row in rows if row["kind"] == UNKNOWN_KIND} == set(CATEGORIES)
