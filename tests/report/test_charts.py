"""Geometry: what flows in flows out, nothing overlaps, nothing leaves the picture."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from beholden.report import charts

_NAMES = st.sampled_from([f"n{place}" for place in range(14)])
_ROWS = st.lists(st.tuples(_NAMES, _NAMES, _NAMES, st.integers(0, 10**12)), max_size=40)


@given(_ROWS)
def test_streams_conserve(rows: list[tuple[str, str, str, int]]) -> None:
    chart = charts.streams(rows)
    total = sum(row[3] for row in rows)
    if chart is None:
        assert total == 0
        return
    for column in range(3):
        assert sum(node.value for node in chart.nodes if node.column == column) == total
    assert sum(link.value for link in chart.links) == 2 * total


@given(_ROWS)
def test_nodes_stand_apart_and_inside(rows: list[tuple[str, str, str, int]]) -> None:
    chart = charts.streams(rows)
    if chart is None:
        return
    columns: dict[int, list[charts.Node]] = defaultdict(list)
    for node in chart.nodes:
        columns[node.column].append(node)
        assert node.y >= 0
        assert node.y + node.height <= chart.height + 1e-6
    for nodes in columns.values():
        for above, below in pairwise(nodes):
            assert below.y >= above.y + above.height
            assert (
                below.y + below.height / 2 - above.y - above.height / 2 >= 16
            )  # a line of text between labels
    assert max(len(nodes) for nodes in columns.values()) <= 11


@given(st.dictionaries(st.integers(0, 99), st.integers(1, 10**6)))
def test_histogram_keeps_every_device(bins: dict[int, int]) -> None:
    bars = charts.histogram(bins)
    assert len(bars) == charts.BINS
    assert sum(bar.n for bar in bars) == sum(bins.values())
    assert all(0 <= bar.height <= 1 for bar in bars)
    assert not bins or max(bar.height for bar in bars) == 1
    for fine, n in bins.items():
        assert bars[fine // 5].n >= n
        assert bars[fine // 5].start <= fine / 100 + 1e-9 < bars[fine // 5].end + 1e-9


def test_the_smallest_are_joined() -> None:
    rows = [("kind", f"operator {place}", "XX", 100 - place) for place in range(30)]
    chart = charts.streams(rows)
    assert chart is not None
    middle = [node.label for node in chart.nodes if node.column == 1]
    assert middle[:2] == ["operator 0", "operator 1"]
    assert middle[-1] == charts.OTHERS
    assert len(middle) == 11
