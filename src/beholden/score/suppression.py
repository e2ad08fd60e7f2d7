"""Suppression: counts of few devices are not told, nor others from which they could be reckoned.

Hundepool et al., Statistical Disclosure Control (2012), chapter 4, https://doi.org/10.1002/9781118348239: a count below
the least is suppressed first; then others of its line, so that no sum tells it.
"""

import numpy as np
import numpy.typing as npt

_MOST_SOLVED = 600
"""Cells that hang together of which it is reckoned whether sums tell one; of more, every line has three suppressed."""
_TINY = 1e-9
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def suppressed(values: Counts, n: Counts, least: int) -> Mask:
    """Say which cells are not told, where every sum over one or several dimensions may be known to the reader.

    values: of each cell the number of its value in each dimension, one column a dimension. n: its devices.
    """
    hidden: Mask = (n > 0) & (n < least)
    lines = _lines(values)
    while True:
        before = hidden.sum()
        for line in lines:
            _complete(hidden, line, n, least, 2)
        if hidden.sum() == before and not _hide_what_is_told(hidden, lines, n, least):
            return hidden


def _lines(values: Counts) -> list[Counts]:
    """Give the cells that differ in one dimension alone, for each dimension: lines whose sums may be known."""
    found = []
    for dimension in range(values.shape[1]):
        others = np.delete(values, dimension, axis=1)
        _, line = np.unique(others, axis=0, return_inverse=True)
        order = np.argsort(line.ravel(), kind="stable")
        found += np.split(order, np.flatnonzero(np.diff(line.ravel()[order])) + 1)
    return found


def _complete(hidden: Mask, line: Counts, n: Counts, least: int, several: int) -> None:
    """Hide the smallest told cells of a line with a hidden one, until several are hidden that come to the least."""
    cells = line[n[line] > 0]
    if not hidden[cells].any():
        return
    for cell in sorted(cells[~hidden[cells]], key=lambda one: (n[one], one)):
        if hidden[cells].sum() >= several and n[cells[hidden[cells]]].sum() >= least:
            return
        hidden[cell] = True


def _hide_what_is_told(hidden: Mask, lines: list[Counts], n: Counts, least: int) -> bool:
    """Hide one more cell beside each that sums alone tell; says whether there was any."""
    places = np.flatnonzero(hidden & (n > 0))
    if not len(places):
        return False
    at = np.full(len(hidden), -1)
    at[places] = np.arange(len(places))
    sums = np.array([np.isin(np.arange(len(places)), at[line[at[line] >= 0]]) for line in lines], float)
    sums = sums[sums.any(axis=1)]
    if len(places) > _MOST_SOLVED:
        before = hidden.sum()
        for line in lines:
            _complete(hidden, line, n, least, 3)
        return bool(hidden.sum() > before)
    _, sizes, rows = np.linalg.svd(sums, full_matrices=True)
    free = rows[int((sizes > _TINY).sum()) :]
    told = places[(np.abs(free) < _TINY).all(axis=0)] if len(free) else places
    more = [cell for one in told.tolist() for cell in _neighbours(one, lines, hidden, n)]
    hidden[more] = True
    return bool(more)


def _neighbours(cell: int, lines: list[Counts], hidden: Mask, n: Counts) -> list[int]:
    """Give the smallest told cell of each line of a cell."""
    beside = [line[~hidden[line] & (n[line] > 0)] for line in lines if cell in line]
    return [int(min(some, key=lambda one: (n[one], one))) for some in beside if len(some)]
