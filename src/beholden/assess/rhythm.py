"""How regular series are: quartiles of many groups at once, over sorted columns.

The statistics are those that RITA publishes (Active Countermeasures): Bowley's skewness and the median absolute
deviation over the median, of the times between connections and of their sizes; written from the formulas.
"""

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


def joined(group: Whole, value: Whole, n_groups: int) -> tuple[Whole, int, int]:
    """Put group and value in one integer, for sorting: that, the bits of the value, and how many were dropped."""
    bits = 62 - max(int(n_groups).bit_length(), 1)
    spare = max(int(value.max(initial=0)).bit_length() - bits, 0)
    return group << bits | value >> spare, bits, spare


class Groups:
    """Values of groups, sorted by group and value within it: one integer holds both."""

    def __init__(self, group: Whole, value: Whole, n_groups: int) -> None:
        keys, bits, spare = joined(group, value, n_groups)
        keys.sort()
        self.group = keys >> bits
        self.value: Whole = (keys & (1 << bits) - 1) << spare
        self.n = np.bincount(self.group, minlength=n_groups)
        self._start = np.cumsum(self.n) - self.n

    def quantile(self, share: float) -> Real:
        """Give a quantile of each group, interpolated between neighbours; 0 for one without values."""
        if not len(self.value):
            return np.zeros(len(self.n))
        at = np.maximum(self.n - 1, 0) * share
        low = np.floor(at).astype(np.int64)
        first = np.minimum(self._start + low, len(self.value) - 1)
        after = np.minimum(self._start + np.minimum(low + 1, np.maximum(self.n - 1, 0)), len(self.value) - 1)
        quantile = self.value[first] + (at - low) * (self.value[after] - self.value[first])
        return np.where(self.n > 0, quantile, 0.0)


def regularity(group: Whole, value: Whole, n_groups: int) -> tuple[Real, Real]:
    """Give how regular the values of each group are, 0-1, and their median.

    The mean of two: one less Bowley's skewness without sign, and one less the median absolute deviation
    over the median.
    """
    sorted_values = Groups(group, value, n_groups)
    lower, median, upper = (sorted_values.quantile(share) for share in (0.25, 0.5, 0.75))
    spread = upper - lower
    skew = np.divide(upper + lower - 2 * median, spread, out=np.zeros(n_groups), where=spread > 0)
    off = np.abs(sorted_values.value - median[sorted_values.group]).astype(np.int64)
    deviation = Groups(sorted_values.group, off, n_groups).quantile(0.5)
    steady = np.divide(median - deviation, median, out=np.zeros(n_groups), where=median > 0)
    return (1 - np.abs(skew) + np.maximum(steady, 0)) / 2, median


def beacon_scores(pair: Whole, time: Whole, size: Whole, n_pairs: int) -> Real:
    """Score how much each pair's connections look like a beacon, 0-1.

    The mean of three: regularity of the times between them, of their sizes, and how much of the span they fill
    at their usual distance (1 for one after the other, near 0 for bursts far apart). time: any unit from 0 on.
    """
    times = Groups(pair, time, n_pairs)
    is_same = times.group[1:] == times.group[:-1]
    between = np.diff(times.value)[is_same]
    by_time, usual = regularity(times.group[1:][is_same], between, n_pairs)
    by_size, _ = regularity(pair, size, n_pairs)
    span = times.quantile(1.0) - times.quantile(0.0)
    filled = np.divide(usual * (times.n - 1), span, out=np.zeros(n_pairs), where=span > 0)
    return (by_time + by_size + np.minimum(filled, 1.0)) / 3
