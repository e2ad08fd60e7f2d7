"""Rules that say themselves what they look for: conditions, examples, and what is told of faults."""

import json
import re
import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import put, put_rule

from beholden.knowledge.build import compile_all
from beholden.knowledge.conditions import FLOWS, ConditionError, holds, read_when, schema_of
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.own_rules import load_conditions
from beholden.knowledge.packs import compose


def met(when, unless=None, over=FLOWS, **row):
    table = pa.Table.from_pylist([row], schema=schema_of(over))
    return holds(read_when(when, unless, over), table).to_pylist()[0]


@pytest.mark.parametrize(
    ("when", "row", "is_met"),
    [
        ({"server_port": "23"}, {"server_port": 23}, True),
        ({"server_port": ["22", "23"]}, {"server_port": 23}, True),
        ({"server_port": "23"}, {"server_port": 22}, False),
        ({"server_port": "23"}, {}, False),
        ({"server_port|gte": "1024"}, {"server_port": 1024}, True),
        ({"client_bytes|lt": "10"}, {"client_bytes": 10}, False),
        ({"is_established": "true"}, {"is_established": True}, True),
        ({"is_established": "no"}, {"is_established": None}, False),
        ({"name": "A.example"}, {"name": "a.EXAMPLE"}, True),
        ({"name|cased": "A.example"}, {"name": "a.example"}, False),
        ({"name|contains": "VIL"}, {"name": "evil.example"}, True),
        ({"name|startswith": "e"}, {"name": "evil.example"}, True),
        ({"name|endswith": ".EXAMPLE"}, {"name": "evil.example"}, True),
        ({"name|domain": "evil.example"}, {"name": "a.Evil.example."}, True),
        ({"name|domain": "evil.example"}, {"name": "notevil.example"}, False),
        ({"name|like": "*.evil.ex?mple"}, {"name": "a.EVIL.example"}, True),
        ({"name|like": r"a\*b"}, {"name": "a*b"}, True),
        ({"name|like": r"a\*b"}, {"name": "axb"}, False),
        ({"name|re": "^e[a-z]+[.]"}, {"name": "evil.example"}, True),
        ({"server_ip|cidr": "45.0.0.0/8"}, {"server_ip": "45.1.1.1"}, True),
        ({"server_ip|cidr": "45.0.0.0/8"}, {"server_ip": "2a01::1"}, False),
        ({"name|known": "false"}, {}, True),
        ({"name|known": "true"}, {"name": "x"}, True),
        ({"server_port": "23", "protocol": "tcp"}, {"server_port": 23, "protocol": "udp"}, False),
        ([{"server_port": "23"}, {"protocol": "udp"}], {"server_port": 22, "protocol": "udp"}, True),
    ],
)
def test_a_condition(when, row, is_met):
    assert met(when, **row) is is_met


def test_what_unless_says_is_left_out():
    assert met({"server_port": "23"}, {"name|domain": "home.example"}, server_port=23)
    assert not met(
        {"server_port": "23"}, {"name|domain": "home.example"}, server_port=23, name="a.home.example"
    )


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"port": "23"}, "no column 'port'; there are protocol"),
        ({"server_port": "ssh"}, "'ssh' is no number"),
        ({"server_port|contains": "2"}, "a number has no |contains"),
        ({"name|near": "x"}, "a text has no |near"),
        ({"name|re": "("}, "is no expression"),
        ({"name|re": "(a)\\1"}, "is no expression"),
        ({"name|re": "a" * 2000}, "more than 1000 characters"),
        ({"server_ip|cidr": "x"}, "is no network"),
        ({"is_established": "perhaps"}, "neither true nor false"),
        ({"name": {"a": "b"}}, "no value"),
        ({"name": []}, "no value"),
        ({}, "columns with what they must be"),
        ("server_port = 23", "columns with what they must be"),
        ({"name": ["x"] * 30_000}, "comparisons"),
    ],
)
def test_what_cannot_be_run_is_refused(when, why):
    with pytest.raises(ConditionError, match=re.escape(why)):
        read_when(when, None, FLOWS)


def test_an_expression_made_to_run_long_does_not():
    begun = time.process_time()
    assert not met({"name|re": "(a+)+$", "name|like": "*a*a*a*a*a*a*a*a*b"}, name="a" * 50_000 + "!")
    assert time.process_time() - begun < 2


@given(text=st.text(max_size=12), pattern=st.text(alphabet="ab*?\\.[(", max_size=8))
def test_a_pattern_with_wildcards_is_one_of_python(text, pattern):
    made, at = "", 0
    while at < len(pattern):
        two = pattern[at : at + 2]
        escaped = len(two) == 2 and two[0] == "\\" and two[1] in "*?\\"
        made += re.escape(two[1]) if escaped else {"*": ".*", "?": "."}.get(two[0], re.escape(two[0]))
        at += 2 if escaped else 1
    wanted = re.fullmatch(made, text, re.DOTALL | re.IGNORECASE) is not None
    if text.isascii():  # beyond it, engines differ in what is the same letter
        assert met({"name|like": pattern or ""}, name=text) is wanted


OWN = """
over: flows
when:
  server_port: [23, 2323]
examples: [{server_port: 23}]
counterexamples: [{server_port: 22}]
"""


def own(root, text=OWN, **fields):
    """Write a rule with a condition of its own."""
    path = put_rule(root, "own", **fields) / "rules/coercion/own.yaml"
    path.write_text(
        path.read_text("utf-8").replace("signal: controller.compelled\n", "") + text.lstrip("\n"), "utf-8"
    )
    return path


def test_a_rule_with_a_condition_has_a_signal_of_its_own(root):
    own(root)
    tables = compile_all(root)
    (rule,), (condition,) = tables["rules"].to_pylist(), tables["conditions"].to_pylist()
    assert rule["signal"] == condition["signal"] == "when:coercion.own"
    assert json.loads(condition["condition"]) == {
        "all": [{"column": "server_port", "how": "equals", "values": ["23", "2323"]}]
    }
    assert (condition["at_least"], condition["seconds"], condition["distinct"]) == (1, None, None)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[{server_port: 23}]", "[{server_port: 80}]", "own.yaml:{}: {'server_port': '80'} is not matched"),
        ("[{server_port: 22}]", "[{server_port: 23}]", "own.yaml:{}: {'server_port': '23'} is matched"),
        ("[{server_port: 22}]", "[]", "own.yaml:{}: a rule with a condition has examples"),
        ("[{server_port: 22}]", "[{port: 22}]", "own.yaml:{}: no column 'port'"),
        ("[{server_port: 22}]", "[{server_port: ssh}]", "own.yaml:{}: {'server_port': 'ssh'}: no number"),
        ("  server_port: [23, 2323]", "  port: 23", "own.yaml:{}: no column 'port'"),
        ("over: flows", "over: clouds", "own.yaml:{}: no property 'clouds'"),
        ("over: flows", "over: flows\nat_least: none", "own.yaml:{}: at_least 'none' is no whole number"),
        ("over: flows", "over: flows\ndistinct: x", "own.yaml:{}: no column 'x'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(root, old, new, told):
    path = own(root, OWN.replace(old, new))
    lines = path.read_text("utf-8").splitlines()
    with pytest.raises(KnowledgeError) as refused:
        load_conditions(root)
    found = re.search(r"own\.yaml:(\d+)", str(refused.value))
    assert str(refused.value) == f"rules/coercion/{told.replace('{}', found[1], 1)}" or told.replace(
        "{}", found[1], 1
    ) in str(refused.value)
    key = lines[int(found[1]) - 1].partition(":")[0]
    assert key in {"examples", "counterexamples", "when", "over", "at_least", "distinct"}


def test_a_fault_of_a_pack_is_told_with_the_line_that_the_user_wrote(root, tmp_path):
    pack = put(tmp_path / "mine", "README.md", "x")
    path = own(pack, OWN.replace("server_port: 22", "server_port: 23"))
    line = next(
        n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if text.startswith("counter")
    )
    with pytest.raises(KnowledgeError, match=f"mine/rules/coercion/own.yaml:{line}: "):
        compile_all(compose(root, None, [pack], tmp_path / "cache"))
    own(pack)
    assert compile_all(compose(root, None, [pack], tmp_path / "cache"))["conditions"].num_rows == 1


def test_a_document_that_unfolds_to_billions_is_refused(root):
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    own(root, laughs + OWN.replace("[23, 2323]", "*i"))
    begun = time.process_time()
    with pytest.raises(KnowledgeError, match="no value to compare with"):
        load_conditions(root)
    laughs = laughs.replace("[x, x, x, x, x, x, x, x, x]", "[{server_port: 23}, {server_port: 24}]")
    own(root, laughs + OWN.replace("  server_port: [23, 2323]", "  *i"))
    with pytest.raises(KnowledgeError, match="comparisons"):
        load_conditions(root)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "deep",
    ["[" * 100_000, "- " * 100_000 + "x", "[" * 250 + "x" + "]" * 250],
    ids=["open", "dashes", "closed"],
)
def test_a_document_that_is_deep_is_refused(root, deep):
    put(root, "rules/coercion/deep.yaml", f"when: {deep}" if deep[0] == "[" else deep)
    with pytest.raises(KnowledgeError, match=r"levels deep|nesting depth"):
        load_conditions(root)


def test_conditions_that_are_deep_are_refused(root):
    own(root, OWN.replace("  server_port: [23, 2323]", "  " + "[" * 20 + "{server_port: 23}" + "]" * 20))
    with pytest.raises(KnowledgeError, match="conditions so deep are not run"):
        load_conditions(root)
