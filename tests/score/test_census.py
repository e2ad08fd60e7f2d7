"""The parts of a change sum to it, on every engine, and say of each device what became of it."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.score.census import LATER, PARTS, counted, decomposed, moved
from beholden.score.concentration import WHOLE, hhi

CELLS = st.sampled_from(("a", "b", None))
FLEET = st.dictionaries(st.integers(0, 30), CELLS)


def table(fleet):
    ids = pa.array([f"{device:016x}" for device in fleet], pa.string())
    return pa.table({"device_id": ids, "cell": pa.array(list(fleet.values()), pa.string())})


def of_cells(found):
    return {row["cell"]: {name: n for name, n in row.items() if name != "cell"} for row in found.to_pylist()}


@pytest.mark.parametrize("engine_of", [PolarsEngine, DuckEngine])
@settings(max_examples=12, deadline=None)
@given(FLEET, FLEET, st.booleans(), CELLS)
def test_parts_sum_to_the_change(engine_of, earlier, later, ruled, uncounted):
    with engine_of() as engine:
        rows = engine.collect(moved(engine.bind(table(earlier)), engine.bind(table(later)), ["cell"]))
    before, after = (rows[name].to_pylist() for name in ("cell", f"cell{LATER}"))
    counts = tuple(np.array([cell != uncounted for cell in some], bool) for some in (before, after))
    is_ruled = np.full(rows.num_rows, ruled)
    got = of_cells(decomposed(rows, ["cell"], counts, is_ruled))
    for parts in got.values():
        assert parts["later"] == parts["earlier"] + sum(parts[name] for name in PARTS)
        assert parts["re_identified" if ruled else "re_ruled"] == 0
    was = {device: cell for device, cell in earlier.items() if cell != uncounted}
    comes = {device: cell for device, cell in later.items() if cell != uncounted}
    assert {cell: parts["earlier"] for cell, parts in got.items() if parts["earlier"]} == Counter(
        was.values()
    )
    assert {cell: parts["later"] for cell, parts in got.items() if parts["later"]} == Counter(comes.values())
    new = Counter(cell for device, cell in comes.items() if device not in earlier)
    gone = Counter(cell for device, cell in was.items() if device not in later)
    assert {cell: parts["new"] for cell, parts in got.items() if parts["new"]} == new
    assert {cell: -parts["gone"] for cell, parts in got.items() if parts["gone"]} == gone


def test_null_is_a_cell_of_its_own():
    with DuckEngine() as engine:
        rows = engine.collect(counted(engine.bind(table({1: None, 2: None, 3: "a"})), ["cell"]))
    assert {row["cell"]: row["n"] for row in rows.to_pylist()} == {None: 2, "a": 1}


def test_concentration_of_one_holder_of_equals_and_of_unknowns():
    cell = np.array([0, 1, 1, 2, 2, 3])
    n = np.array([7, 5, 5, 6, 4, 9])
    is_known = np.array([True, True, True, True, False, False])
    point, lower, upper = hhi(cell, n, is_known, 4)
    assert (point[0], lower[0], upper[0]) == (WHOLE, WHOLE, WHOLE)
    assert point[1] == WHOLE / 2
    assert point[2] == WHOLE
    assert lower[2] == pytest.approx(WHOLE * (0.36 + 0.04))  # four unknown devices of four other holders
    assert upper[2] == WHOLE
    assert np.isnan(point[3])


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 40), st.data())
def test_bounds_of_concentration_hold_whoever_the_unknowns_are(known, n_unknown, data):
    sizes = np.array([*known, n_unknown])
    is_known = np.array([True] * len(known) + [False])
    _, lower, upper = hhi(np.zeros(len(sizes), np.int64), sizes, is_known, 1)
    truth = Counter(dict(enumerate(known)))
    truth.update(data.draw(st.lists(st.integers(0, len(known) + 3), min_size=n_unknown, max_size=n_unknown)))
    held = np.array(list(truth.values()), float)
    index = WHOLE * (held**2).sum() / held.sum() ** 2
    assert lower[0] - 1e-9 <= index <= upper[0] + 1e-9
    assert pc.sum(pa.array(held)).as_py() == sizes.sum()
