"""Connected components by label propagation over whole arrays (hash-min with pointer jumping)."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def connected(n_nodes: int, left: Codes, right: Codes) -> Codes:
    """Give for each of n nodes the smallest node it is connected to.

    `left` and `right` are the ends of the edges. Order and repetition of edges do not matter.
    """
    labels = np.arange(n_nodes, dtype=np.int64)
    while left.size:
        low = np.minimum(labels[left], labels[right])
        before = labels.copy()
        np.minimum.at(labels, labels[left], low)
        np.minimum.at(labels, labels[right], low)
        labels = _jump(labels)
        if np.array_equal(labels, before):
            break
    return labels


def _jump(labels: Codes) -> Codes:
    while True:
        shorter = labels[labels]
        if np.array_equal(shorter, labels):
            return labels
        labels = shorter
