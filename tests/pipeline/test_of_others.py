"""Lists and rules of others and of users, from the command line to the line that a hit rests on."""

import pytest
from tests.conftest import CLINIC

from beholden.engine.store import Store

LIST = "# title: A block list\n# tlp: amber\n# date: 2026-11-20\n\nsamsungacr.com\n10.0.0.1\n"
RULE = """id: prepositioning.own
title: "Asks for a name"
category: prepositioning
factor: O
proposition: leaving_its_role
weight: "0.50"
base_rate: "0.005"
half_life_days: "30"
strength: "signal"
applies_to: [all]
attack: ""
says: "It asks: {detail}."
rationale: "Because."
contain: isolate
source: ours
over: dns.query
when: {value|domain: samsungacr.com}
examples: [a.samsungacr.com]
counterexamples: [samsungacr.com.example]
"""
SOURCE = """[sources.ours]
title = "A handbook"
publisher = "Us"
url = ""
date = "2026-11-24"
licence = "internal"
grade = "community"
"""


@pytest.fixture
def pack(tmp_path):
    """Give a pack with a rule and a list of its own."""
    folder = tmp_path / "ours"
    for name, text in (
        ("rules/prepositioning/own.yaml", RULE),
        ("sources/ours.toml", SOURCE),
        ("indicators/list.txt", LIST),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def found(beholden, folder, rule):
    """Give the findings of a rule in the newest scan, as `explain` shows them."""
    store = Store(folder)
    rows = store.read(store.scan_id(), "findings").to_pylist()
    store.close()
    devices = {row["device_id"] for row in rows if row["rule_id"] == rule}
    proofs = [beholden.json("explain", device, "--store", folder) for device in devices]
    parts = [part for proof in proofs for risk in proof["risks"] for part in risk["propositions"]]
    return [one for part in parts for one in part["findings"] if one["rule"] == rule]


def test_a_hit_opens_down_to_the_line_of_the_list(beholden, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(LIST, "utf-8")
    done = beholden.run(
        "scan", CLINIC / "clinic.pcapng", "--store", tmp_path / "s", "--no-report", "--indicators", path
    )
    assert done.returncode == 0
    assert f"{path}, line 6: '10.0.0.1': a local address means another device in every network" in done.stderr
    (hit,) = found(beholden, tmp_path / "s", "prepositioning.listed-destination")
    assert {row["value"] for row in hit["evidence"]} == {"log-ingestion-eu.samsungacr.com"}
    assert f"samsungacr.com is listed: A block list; {path} line 5; holds from 2024-11-20 to 2028-11-19" in {
        fact["text"] for fact in hit["facts"]
    }
    beholden.run("scan", CLINIC / "clinic.pcapng", "--store", tmp_path / "s", "--no-report")
    assert not found(beholden, tmp_path / "s", "prepositioning.listed-destination")


def test_a_pack_brings_rules_and_lists(beholden, pack, tmp_path):
    done = beholden.run("--knowledge-pack", pack, "knowledge", "check")
    assert done.returncode == 1
    assert "list.txt, line 6: '10.0.0.1'" in done.stderr
    scan = ("scan", CLINIC / "clinic.pcapng", "--store", tmp_path / "s", "--no-report")
    assert beholden.run("--knowledge-pack", pack, *scan).returncode == 0
    (hit,) = found(beholden, tmp_path / "s", "prepositioning.own")
    assert hit["says"] == "It asks: log-ingestion-eu.samsungacr.com."
    assert {fact["publisher"] for fact in hit["facts"]} == {"user pack ours: Us"}
    assert found(beholden, tmp_path / "s", "prepositioning.listed-destination")


def test_a_rule_whose_example_is_wrong_is_told_with_its_line(beholden, pack):
    path = pack / "rules/prepositioning/own.yaml"
    path.write_text(RULE.replace("[a.samsungacr.com]", "[other.example]"), "utf-8")
    done = beholden.run("--knowledge-pack", pack, "knowledge", "check")
    assert done.returncode == 1
    assert "ours/rules/prepositioning/own.yaml:18: {'value': 'other.example'} is not matched" in done.stderr


def test_sigma_rules_without_pysigma_are_refused_in_one_line(beholden, tmp_path):
    path = tmp_path / "rule.yml"
    path.write_text(
        "title: T\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}\n", "utf-8"
    )
    done = beholden.run("knowledge", "sigma", path)
    if done.returncode:
        assert "Sigma rules need pySigma; install beholden[sigma]" in done.stderr
    else:
        assert "runs: T: over dns.query" in done.stdout
