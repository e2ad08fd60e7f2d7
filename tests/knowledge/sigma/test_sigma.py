"""Sigma rules of others: which run, why others do not, and what those that run find."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.assess import world
from tests.assess.conftest import ENGINES
from tests.assess.world import Device, to
from tests.attribute.flows import START, flow
from tests.identify import tiny

from beholden.assess.findings import assess
from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError

pytest.importorskip("sigma.collection", reason="pySigma is an extra, and not installed here")

from beholden.knowledge.sigma import judge
from beholden.knowledge.sigma_rows import with_sigma

RULES = Path(__file__).with_name("rules.yml")
RUN = {"Names of one domain", "High ports in one network", "Talks to many", "In time", "In order"}
WHY = {
    "Any conversation": "is counted by 'Talks to many'",
    "A process": "log source windows/process_creation: beholden has none like it",
    "Words": "looks for words in whole lines",
    "Two observations": "its fields stand in several observations: cs-host in http.host, c-useragent in http.user_agent",
    "An unseen field": "field action: no column of ours bears it",
    "Deprecated": "its status is deprecated",
    "Counts by destination": "counts by dst_ip",
    "One of two in order": "wants 1 of 2 rules",
    "Counts what is counted": "a rule that it counts is not there, does not run, or is a correlation itself",
    "Expressions": "its condition is an expression over rules",
    "Web": "is counted by ",
    "Names of another domain": "is counted by ",
}


def knowledge():
    made = Knowledge(tiny.ROOT / "vocabulary")
    made._tables, made.manifest = dict(tiny.knowledge()._tables), {"knowledge_id": "tiny"}
    return made


def rule(tmp_path, detection, logsource="{category: firewall}", **fields):
    head = "".join(f"{name}: {value}\n" for name, value in ({"title": "T", "level": "high"} | fields).items())
    path = tmp_path / "rule.yml"
    path.write_text(f"{head}logsource: {logsource}\ndetection:\n{detection}\n", "utf-8")
    return path


def test_which_rules_run_and_why_others_do_not():
    judged = {one.rule.title: one for one in judge([RULES], tiny.knowledge())}
    assert {title for title, one in judged.items() if one.why is None} == RUN
    for title, why in WHY.items():
        assert judged[title].why.startswith(why), title
    lines = RULES.read_text("utf-8").splitlines()
    assert all(lines[one.line - 1] == f"title: {title}" for title, one in judged.items())


def test_what_is_not_run_is_told_in_one_line_each():
    told = []
    with_sigma(knowledge(), [RULES], lambda problem: told.append(str(problem)))
    assert len(told) == len(WHY) - 3  # what another counts is no problem
    assert (
        f"{RULES}, line 55: Sigma rule 'Words': looks for words in whole lines of a log; does not run" in told
    )


def findings(devices, path=RULES):
    known = with_sigma(knowledge(), [path], lambda _: None)
    with ENGINES[1]() as engine:
        made = assess(world.context(engine, devices, knowledge=known), world.NO_JUDGEMENTS)
        found = [
            row for row in engine.collect(made.findings).to_pylist() if row["rule_id"].startswith("sigma.")
        ]
    return found, known


def test_rules_that_run_find_what_they_are_for():
    many = tuple(flow(server_ip=f"45.0.0.{i}", is_established=True) for i in range(3))
    devices = {
        "names": Device(
            flows=(to(),), seen=(("dns.query", "a.EVIL.example"), ("dns.query", "www.bad.example"))
        ),
        "filtered": Device(seen=(("dns.query", "www.evil.example"),)),
        "ports": Device(flows=(flow(server_port=40001),)),
        "many": Device(flows=many),
    }
    found, known = findings(devices)
    by = {(row["device_id"], row["title"]): row for row in found}
    assert set(by) == {
        ("names", "Names of one domain"),
        ("ports", "High ports in one network"),
        ("many", "Talks to many"),
    }
    named = by["names", "Names of one domain"]
    assert (named["attack"], named["factor"], named["confidence"]) == ("T1071.004", "O", pytest.approx(0.7))
    assert (named["category"], named["proposition"]) == ("prepositioning", "hidden_control")
    assert by["ports", "High ports in one network"]["proposition"] == "scanning_others"
    assert by["ports", "High ports in one network"]["confidence"] == pytest.approx(0.45)
    facts = {row["fact_id"]: row for row in known.rows("facts")}
    fact = facts[named["path"].split()[-1]]
    assert (fact["publisher"], fact["licence"], fact["date"]) == ("Somebody", "DRL 1.1", "2026-01-10")
    assert f"{RULES} line 1" in fact["text"]


def later(minutes, **fields):
    begun = START + timedelta(minutes=minutes)
    return flow(first_seen_at=begun, last_seen_at=begun + timedelta(hours=1), **fields)


def test_what_comes_together_is_told_with_all_it_rests_on():
    asked = (("dns.query", "a.worse.example"),)
    devices = {
        "after": Device(flows=(later(9),), seen=asked),
        "before": Device(flows=(later(-9),), seen=asked),
        "apart": Device(flows=(later(11), later(-11)), seen=asked),
        "half": Device(flows=(later(9, server_port=80),), seen=asked),
        "other": Device(flows=(later(9),)),
    }
    found, _ = findings(devices)
    by = {(row["device_id"], row["title"]) for row in found}
    assert by == {("after", "In time"), ("after", "In order"), ("before", "In time")}
    known = with_sigma(knowledge(), [RULES], lambda _: None)
    with ENGINES[1]() as engine:
        made = assess(world.context(engine, devices, knowledge=known), world.NO_JUDGEMENTS)
        proofs = engine.collect(made.finding_evidence).to_pylist()
    shown = {(row["property"], row["value"]) for row in proofs if row["finding_id"] == "before:sigma.in-time"}
    assert shown == {("dns.query", "a.worse.example"), ("port.used", "60.0.0.1")}


@pytest.mark.parametrize(
    ("detection", "flows", "is_found"),
    [
        ("  s: {dst_port: 443}\n  condition: s", {}, True),
        ("  s: {dst_port: '443'}\n  condition: s", {}, True),
        ("  s: {dst_port: [22, 443]}\n  condition: s", {}, True),
        ("  s: {dst_port|lt: 443}\n  condition: s", {}, False),
        ("  s: {dst_hostname: '*.evil.ex?mple'}\n  condition: s", {"sni": "a.EVIL.example"}, True),
        ("  s: {dst_hostname: 'a\\*b'}\n  condition: s", {"sni": "axb"}, False),
        ("  s: {dst_hostname|contains: evil}\n  condition: s", {"sni": "a.evil.example"}, True),
        ("  s: {dst_hostname|contains|all: [evil, a]}\n  condition: s", {"sni": "b.evil.x"}, False),
        ("  s: {dst_hostname|cased: 'A.example'}\n  condition: s", {"server_name": "a.example"}, False),
        ("  s: {dst_hostname|re: 'ev[i1]l'}\n  condition: s", {"sni": "a.ev1l.example"}, True),
        ("  s: {dst_hostname|re|i: 'EV[I1]L'}\n  condition: s", {"sni": "a.ev1l.example"}, True),
        ("  s: {dst_hostname: null}\n  condition: s", {}, True),
        ("  s: {dst_hostname|exists: true}\n  condition: s", {}, False),
        ("  s: {dst_port: 443}\n  f: {dst_ip|cidr: 60.0.0.0/8}\n  condition: s and not f", {}, False),
        ("  s1: {dst_port: 22}\n  s2: {dst_port: 443}\n  condition: 1 of s*", {}, True),
        ("  s: {dst_hostname|windash: x}\n  condition: s", {}, False),
    ],
)
def test_a_condition_of_sigma(tmp_path, detection, flows, is_found):
    found, _ = findings({"x": Device(flows=(flow(**flows),))}, rule(tmp_path, detection))
    assert bool(found) is is_found


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "x", "title: T\n", "title: T\nlogsource: 3\ndetection: 4\n", "title: [\n", "\x00", "a: &a [*a]\n",
     "title: T\nlogsource: {category: dns}\ndetection: {s: {query|re: '(('}, condition: s}\n",
     "title: T\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s and}\n",
     "title: T\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s | count() > 3}\n",
     "title: T\nlogsource: {category: dns}\n"
     "detection: {s: {query: x}, condition: " + "(" * 5000 + "s" + ")" * 5000 + "}\n",
     "a: " + "[" * 100_000, "a: &a [x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(30)), "#" * (2 << 20)],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_rule_is_told_and_does_no_harm(tmp_path, text):
    path = tmp_path / "rule.yml"
    path.write_text(text, "utf-8")
    begun = time.process_time()
    assert all(one.why for one in judge([path], tiny.knowledge()))
    assert time.process_time() - begun < 10


def test_a_regular_expression_made_to_run_long_does_not(tmp_path):
    path = rule(tmp_path, "  s: {dst_hostname|re: '(a+)+$'}\n  condition: s")
    begun = time.process_time()
    findings({"x": Device(flows=(flow(sni="a" * 20_000 + "!"),))}, path)
    assert time.process_time() - begun < 10


def test_the_rules_are_part_of_the_id_of_knowledge_and_listed(tmp_path):
    known = knowledge()
    one = with_sigma(known, [rule(tmp_path, "  s: {dst_port: 1}\n  condition: s")], print)
    other = with_sigma(known, [rule(tmp_path, "  s: {dst_port: 2}\n  condition: s")], print)
    assert len({known.knowledge_id, one.knowledge_id, other.knowledge_id}) == 3
    assert json.loads(one.rows("conditions")[-1]["condition"])["any"][0]["values"] == ["1"]
    with pytest.raises(BeholdenError, match="no such file or folder of Sigma rules"):
        judge([tmp_path / "none"], known)
