"""Concentration: the index of Herfindahl and Hirschman, with bounds where some is unknown.

U.S. Department of Justice and Federal Trade Commission, Merger Guidelines, 18 December 2023, guideline 1: the sum of
squared shares in per cent, 10,000 where one holds all; above 1,800 a market is highly concentrated.
"""

import numpy as np
import numpy.typing as npt

WHOLE = 10_000.0
Counts = npt.NDArray[np.int64]
Index = npt.NDArray[np.float64]


def hhi(cell: Counts, n: Counts, is_known: npt.NDArray[np.bool_], n_cells: int) -> tuple[Index, Index, Index]:
    """Give per cell the index among what is known, and its bounds whoever holds what is not; NaN where nothing is.

    cell, n, is_known: of each holder in each cell, its devices, and whether it is a holder of a known name.
    Lower: every unknown device is somebody else's; upper: all are of the largest holder.
    """
    sizes = n.astype(np.float64)
    total = np.bincount(cell, sizes, n_cells)
    known = np.bincount(cell[is_known], sizes[is_known], n_cells)
    squares = np.bincount(cell[is_known], sizes[is_known] ** 2, n_cells)
    largest = np.zeros(n_cells)
    np.maximum.at(largest, cell[is_known], sizes[is_known])
    unknown = total - known
    with np.errstate(invalid="ignore", divide="ignore"):
        point = WHOLE * squares / known**2
        lower = WHOLE * (squares + unknown) / total**2
        upper = WHOLE * (squares - largest**2 + (largest + unknown) ** 2) / total**2
    return point, lower, upper
