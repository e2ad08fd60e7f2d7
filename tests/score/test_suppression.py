"""What is suppressed cannot be reckoned from what is told and from sums."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.score.suppression import suppressed

LEAST = 10


@st.composite
def tables(draw):
    n_rows, n_columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cells = [(row, column) for row in range(n_rows) for column in range(n_columns)]
    n = [draw(st.sampled_from((0, 1, 2, 9, 10, 11, 40, 500))) for _ in cells]
    return np.array(cells), np.array(n)


def told_by_sums(values, n, hidden):
    """Attack: which hidden cells are determined by the told ones and all sums of rows and columns."""
    places = np.flatnonzero(hidden & (n > 0))
    lines = [
        (values[places, dimension] == value).astype(float)
        for dimension in range(values.shape[1])
        for value in np.unique(values[:, dimension])
    ]
    system = np.array(lines)
    found = []
    for at in range(len(places)):
        unit = np.zeros(len(places))
        unit[at] = 1.0
        solution = np.linalg.lstsq(system.T, unit, rcond=None)[0]
        if np.allclose(system.T @ solution, unit, atol=1e-6):
            found.append(places[at])
    return found


@settings(max_examples=60, deadline=None)
@given(tables())
def test_no_hidden_cell_is_told_by_sums(table):
    values, n = table
    hidden = suppressed(values, n, LEAST)
    assert hidden[(n > 0) & (n < LEAST)].all()
    assert not hidden[n == 0].any()
    for place in told_by_sums(values, n, hidden):  # only where nothing is left beside it to hide
        in_line = [(values[:, d] == values[place, d]) & ~hidden & (n > 0) for d in range(values.shape[1])]
        assert not any(line.any() for line in in_line)


def test_a_lone_small_cell_hides_the_next():
    values = np.arange(4)[:, None]
    assert suppressed(values, np.array([3, 100, 20, 50]), LEAST).tolist() == [True, False, True, False]


def test_two_small_ones_that_do_not_come_to_the_least_hide_a_third():
    values = np.arange(4)[:, None]
    assert suppressed(values, np.array([3, 2, 20, 50]), LEAST).tolist() == [True, True, True, False]


def test_nothing_small_hides_nothing_and_a_least_of_one_tells_all():
    values = np.arange(3)[:, None]
    assert not suppressed(values, np.array([10, 11, 12]), LEAST).any()
    assert not suppressed(values, np.array([1, 2, 3]), 1).any()


def test_many_cells_that_hang_together_are_done_in_time():
    chance = np.random.default_rng(5)
    values = np.stack(np.meshgrid(np.arange(60), np.arange(60)), -1).reshape(-1, 2)
    n = chance.geometric(0.08, len(values))
    hidden = suppressed(values, n, LEAST)
    assert hidden[n < LEAST].all()
    for dimension in (0, 1):
        for value in range(60):
            line = hidden[values[:, dimension] == value]
            assert line.sum() != 1
