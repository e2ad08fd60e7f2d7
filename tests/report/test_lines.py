"""A chart of counts over time is well-formed, names its lines apart, and leaves a gap where nothing is told."""

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from defusedxml.ElementTree import fromstring

from beholden.report.lines import MOST, Line, chart

TIMES = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 12)]


def test_lines_are_named_and_a_count_not_told_is_a_gap():
    text = chart("devices <by> kind", TIMES, [Line("camera & co", [10, None, 40]), Line("plug", [5, 6, 7])])
    root = fromstring(text)
    assert root.tag.endswith("svg")
    assert "devices &lt;by&gt; kind" in text
    assert "camera &amp; co" in text
    paths = re.findall(r'<path d="(M[^"H]*)" fill="none"', text)
    assert [path.count("M") for path in paths] == [2, 1]
    assert text.count("<circle") == 5


def test_times_lie_where_they_belong_and_names_do_not_cover_each_other():
    text = chart("same", TIMES, [Line(f"kind {at}", [3, 3, 3]) for at in range(MOST + 2)])
    xs = [float(x) for x in re.findall(r'cx="([\d.]+)"', text)][:3]
    assert (xs[1] - xs[0]) / (xs[2] - xs[0]) == pytest.approx(31 / 334, abs=0.001)
    ys = sorted(float(y) for y in re.findall(r'y="([\d.-]+)" fill', text))
    assert len(ys) == MOST
    assert min(after - before for before, after in pairwise(ys)) >= 15.9


@pytest.mark.parametrize(("times", "values"), [(TIMES[:1], [[0]]), (TIMES[:1], []), (TIMES, [[None] * 3])])
def test_nothing_to_draw_is_no_error(times, values):
    fromstring(chart("", times, [Line("a", one) for one in values]))
