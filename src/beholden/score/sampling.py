"""Sampling by device id: ids are content hashes, so those below a threshold are a sample that stays the same.

Horvitz and Thompson (1952), JASA 47, https://doi.org/10.1080/01621459.1952.10483446: each device counts for one over its
chance. Given its size, the sample is a simple random one without replacement; intervals are Wilson's (1927), JASA 22,
https://doi.org/10.1080/01621459.1927.10502953, for a finite population.
"""

import numpy as np
import numpy.typing as npt

from beholden.model.errors import BeholdenError

Z = 1.959963984540054
"""Quantile of the normal distribution for intervals of 95 %."""
_DIGITS = 16
Numbers = npt.NDArray[np.float64]


def threshold(share: float) -> str:
    """Give the id below which ids are in a sample of this share; raises BeholdenError for no share in (0, 1]."""
    if not 0.0 < share <= 1.0:
        raise BeholdenError(f"--sample {share}: give a share above 0 and at most 1")
    limit = round(share * 16**_DIGITS)
    return f"{limit:0{_DIGITS}x}" if limit < 16**_DIGITS else "g"  # after every digit


def estimated(n: npt.NDArray[np.int64], n_sample: int, n_all: int) -> tuple[Numbers, Numbers, Numbers]:
    """Estimate counts in n_all devices from counts among n_sample: point, and interval of 95 %.

    What is not in the sample is between 0 and what Wilson's bound gives; a full sample is exact.
    """
    found = n.astype(np.float64)
    if n_sample == 0:
        return np.zeros_like(found), np.zeros_like(found), np.full_like(found, float(n_all))
    if n_sample >= n_all:
        return found, found, found
    share = found / n_sample
    size = n_sample * (n_all - 1) / (n_all - n_sample)  # as many devices with replacement tell as much
    middle = share + Z**2 / (2 * size)
    spread = Z * np.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    scale = n_all / (1 + Z**2 / size)
    lower, upper = (middle - spread) * scale, (middle + spread) * scale
    return share * n_all, np.maximum(lower, found), np.minimum(upper, n_all - (n_sample - found))
