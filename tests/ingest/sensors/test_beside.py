"""Names that stand in other logs: what is held is bounded, and the number of a text depends on it alone."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.sensors.coded import Coded, hashed
from beholden.ingest.sensors.named import Names

TEXTS = st.lists(st.text(max_size=40) | st.none(), max_size=30)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_equal_texts_have_equal_numbers_and_others_not(before, texts):
    numbers = hashed(pa.array(texts, pa.string())).tolist()
    shifted = hashed(pa.array([*before, *texts], pa.string()).slice(len(before))).tolist()
    assert numbers == shifted
    named = {text or "": number for text, number in zip(texts, numbers, strict=True)}
    assert len(set(named.values())) == len(named)


def flows(n):
    return pa.table(
        {
            "client_ip": pa.repeat("192.168.0.1", n),
            "server_ip": pa.repeat("203.0.113.1", n),
            "first_seen_at": pa.array([10] * n, pa.timestamp("us", "UTC")),
        }
    )


def test_the_first_name_counts_and_is_forgotten_with_its_flow():
    names, ids = Names(100), np.array([3, 1, 3])
    names.add(ids, {"sni": Coded.of(pa.chunked_array([["c", "a", "other"]]))})
    asked = np.array([1, 2, 3])
    assert names.of(asked, flows(3), is_last=True)["sni"].to_pylist() == ["a", None, "c"]
    assert names.of(asked, flows(3))["sni"].to_pylist() == [None, None, None]


def test_no_more_names_are_held_than_allowed():
    names = Names(50)
    for start in range(0, 1000, 20):
        ids = np.arange(start, start + 20)
        names.add(ids, {"sni": Coded.of(pa.chunked_array([[f"n{at}" for at in ids.tolist()]]))})
    found = names.of(np.arange(1000), flows(1000))["sni"].to_pylist()
    assert found[-20:] == [f"n{at}" for at in range(980, 1000)]
    assert sum(name is not None for name in found) <= 90


def test_the_name_looked_up_last_before_a_flow_is_its_name():
    names = Names(100)
    found = {
        "client_ip": ["192.168.0.1"] * 3,
        "name": ["old.example", "new.example", "later.example"],
        "address": ["203.0.113.1"] * 3,
        "first_seen_at": pa.array([1, 5, 20], pa.timestamp("us", "UTC")),
    }
    names.look_up(pa.table(found))
    assert names.of(np.zeros(1, np.int64), flows(1))["server_name"].to_pylist() == ["new.example"]
