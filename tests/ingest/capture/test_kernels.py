import io
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ingest.capture import craft, twin

from beholden.ingest.capture import reader

COMMON = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


def read(data, window=1 << 16, most_flows=64, limit=1 << 30):
    problems, batches = [], []
    captured = reader._read(
        io.BytesIO(data),
        problems.append,
        limit,
        None,
        batches.append,
        most_flows=most_flows,
        window_size=window,
    )
    selected = [row for batch in batches for row in batch.to_pylist()]
    return captured, selected, problems


def rows(table):
    return Counter(tuple(sorted((k, v) for k, v in row.items() if k != "flow")) for row in table.to_pylist())


def same(table):
    return Counter(tuple(row.values()) for row in table.to_pylist())


@COMMON
@given(craft.captures())
def test_kernel_equals_its_twin(data):
    captured, _, problems = read(data)
    expected = twin.run(data)
    assert rows(captured.flows) == Counter(tuple(sorted(row.items())) for row in twin.rows(expected))
    assert captured.n_bytes == expected.n_bytes
    assert captured.n_rejected == expected.n_rejected
    assert bool(captured.n_rejected) <= bool(problems)


@COMMON
@given(craft.captures(), st.sampled_from([64, 100, 4096]))
def test_size_of_the_window_does_not_matter(data, window):
    whole, selected, problems = read(data)
    pieces, selected_in_pieces, problems_in_pieces = read(data, window=window)
    assert same(whole.flows) == same(pieces.flows)
    assert same(whole.bindings) == same(pieces.bindings)
    assert selected == selected_in_pieces
    assert problems == problems_in_pieces


@COMMON
@given(craft.captures())
def test_size_of_the_table_does_not_matter(data):
    large, _, _ = read(data, most_flows=1 << 10)
    small, _, _ = read(data, most_flows=8)
    assert same(large.flows) == same(small.flows)
    assert same(large.bindings) == same(small.bindings)


@COMMON
@given(craft.captures())
def test_bytes_of_flows_are_bytes_of_ip_packets(data):
    captured, _, _ = read(data)
    expected = sum(side.size for flow in twin.run(data).flows.values() for side in flow.values())
    total = captured.flows.select(["client_bytes", "server_bytes"])
    assert sum(pa.compute.sum(column).as_py() or 0 for column in total.columns) == expected


@COMMON
@given(craft.captures())
def test_bindings_are_what_flows_say(data):
    captured, _, _ = read(data)
    said = Counter()
    for flow in captured.flows.to_pylist():
        for side in ("client", "server"):
            said[flow[f"{side}_mac"], flow[f"{side}_ip"]] += flow[f"{side}_packets"]
    for binding in captured.bindings.to_pylist():
        assert said[binding["mac"], binding["ip"]] == binding["n"]
        assert binding["ip"] != "0.0.0.0"  # noqa: S104 - not bound to


@COMMON
@given(st.binary(max_size=300), craft.pcaps())
def test_any_bytes_are_read_without_an_exception(tail, data):
    read(tail)
    read(data + tail)
    read(data[:24] + tail)


def test_twin_would_notice():
    assert list(twin.rows(twin.run(b""))) == []
    with pytest.raises(AssertionError):
        assert rows(read(craft.block("<", 0, b""))[0].flows) == Counter([()])
