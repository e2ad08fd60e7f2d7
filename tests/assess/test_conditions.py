"""Conditions of rules over what devices did: as many rows as wanted, within the time, of the device that did it."""

import itertools
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assess import world
from tests.assess.conftest import ENGINES
from tests.assess.world import Device, inbound, to
from tests.attribute.flows import START, flow
from tests.identify import tiny

from beholden.assess import conditions
from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import _table
from beholden.knowledge.conditions import read_when


def knowledge(when, over="flows", at_least=1, seconds=None, distinct=None):
    row = {
        "rule_id": "r",
        "signal": "when:r",
        "over": over,
        "at_least": at_least,
        "seconds": seconds,
        "distinct": distinct,
    }
    made = Knowledge(tiny.ROOT / "vocabulary")
    tree = json.dumps(read_when(when, None, over))
    made._tables = tiny.knowledge()._tables | {
        "conditions": _table(
            "conditions", [row | {"condition": tree, "step": None, "is_ordered": False, "confidence": 0.6}]
        )
    }
    return made


def told_together(devices, *whens, seconds, is_ordered):
    rows = []
    for step, when in enumerate(whens):
        tree = json.dumps(read_when(when, None, "flows"))
        rows.append({"rule_id": "r", "signal": "when:r", "over": "flows", "condition": tree, "seconds": seconds,
                     "at_least": len(whens), "distinct": None, "step": step, "is_ordered": is_ordered,
                     "confidence": 0.6})  # fmt: skip
    made = Knowledge(tiny.ROOT / "vocabulary")
    made._tables = tiny.knowledge()._tables | {"conditions": _table("conditions", rows)}
    with ENGINES[1]() as engine:
        frames = conditions.measure(world.context(engine, devices, knowledge=made))
        return {row["device_id"] for frame in frames for row in engine.collect(frame).to_pylist()}


def told(devices, when, engine=ENGINES[1], **how):
    with engine() as made:
        frames = conditions.measure(world.context(made, devices, knowledge=knowledge(when, **how)))
        rows = [row for frame in frames for row in made.collect(frame).to_pylist()]
    assert all((row["strength"], row["confidence"], row["signal"]) == (1.0, 0.6, "when:r") for row in rows)
    return sorted((row["device_id"], row["value"]) for row in rows)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.__name__)
def test_what_meets_a_condition_is_told_of_who_did_it(engine):
    devices = {
        "x": Device(flows=(flow(server_port=23), to("a.example"))),
        "y": Device(flows=(inbound(server_port=23),)),
        "z": Device(seen=(("dns.query", "evil.example"),)),
    }
    assert told(devices, {"server_port": "23"}, engine) == [("x", "60.0.0.1"), ("y", "192.168.1.10")]
    assert told(devices, {"name": "a.example", "seconds|gte": "60"}, engine) == [("x", "60.0.0.1")]
    assert told(devices, {"value|domain": "evil.example"}, engine, over="dns.query") == [
        ("z", "evil.example")
    ]
    assert told(devices, {"server_port": "24"}, engine) == []


def at(*minutes, **fields):
    return tuple(flow(first_seen_at=START + timedelta(minutes=one), **fields) for one in minutes)


def test_enough_rows_within_the_time_are_told_together():
    devices = {"x": Device(flows=at(0, 1, 2)), "y": Device(flows=at(0, 30, 60)), "z": Device(flows=at(0, 1))}
    many = told(devices, {"protocol": "tcp"}, at_least=3, seconds=120)
    assert {name for name, _ in many} == {"x"}
    assert {name for name, _ in told(devices, {"protocol": "tcp"}, at_least=3)} == {"x", "y"}


def test_distinct_values_are_counted_once():
    same, others = at(0, 1, 2), tuple(flow(server_ip=f"60.0.0.{i}") for i in range(3))
    devices = {"x": Device(flows=same), "y": Device(flows=others), "z": Device(flows=at(0, 1, 2, sni=None))}
    assert {name for name, _ in told(devices, {"protocol": "tcp"}, at_least=3, distinct="server_ip")} == {"y"}
    assert told(devices, {"protocol": "tcp"}, at_least=1, distinct="sni") == []


@settings(max_examples=25)
@given(
    minutes=st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc")), min_size=1, max_size=12),
    at_least=st.integers(2, 4),
    span=st.integers(1, 10),
)
def test_a_window_that_slides_finds_what_all_windows_find(minutes, at_least, span):
    rows = tuple(flow(first_seen_at=START + timedelta(minutes=one), sni=name) for one, name in minutes)
    wanted = any(
        len({name for one, name in minutes if begin <= one <= begin + span}) >= at_least
        for begin, _ in minutes
    )
    found = told(
        {"x": Device(flows=rows)}, {"protocol": "tcp"}, at_least=at_least, seconds=span * 60, distinct="sni"
    )
    assert bool(found) is wanted


@settings(max_examples=40)
@given(
    events=st.lists(st.tuples(st.integers(0, 15), st.integers(1, 3)), max_size=9),
    span=st.integers(0, 8),
    is_ordered=st.booleans(),
)
def test_steps_come_together_where_trying_all_ways_says_so(events, span, is_ordered):
    rows = tuple(flow(first_seen_at=START + timedelta(minutes=one), server_port=port) for one, port in events)
    times = [[minute for minute, port in events if port == wanted] for wanted in (1, 2, 3)]
    ways = itertools.product(*times)
    wanted = any(max(way) - min(way) <= span and (not is_ordered or list(way) == sorted(way)) for way in ways)
    steps = [{"server_port": str(port)} for port in (1, 2, 3)]
    devices = {"x": Device(flows=rows), "y": Device(flows=rows[:2])}
    found = told_together(devices, *steps, seconds=span * 60, is_ordered=is_ordered)
    assert found == ({"x"} if wanted else set())
