"""Intervals of samples hold the truth as often as they say, and samples by id are what they should be."""

import numpy as np
import pytest

from beholden.model.errors import BeholdenError
from beholden.model.ids import content_ids
from beholden.score.sampling import estimated, threshold


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("truth", [200, 5_000, 60_000])
def test_an_interval_of_95_per_cent_holds_the_truth_in_about_as_many_samples(share, truth):
    chance, n_all, n_samples = np.random.default_rng(11), 100_000, 4_000
    n_sample = chance.binomial(n_all, share, n_samples)
    n = chance.hypergeometric(truth, n_all - truth, n_sample)
    held = 0
    for size, found in zip(n_sample.tolist(), n.tolist(), strict=True):
        _, lower, upper = estimated(np.array([found]), size, n_all)
        held += lower[0] <= truth <= upper[0]
    assert 0.92 <= held / n_samples <= 0.99


def test_estimates_are_without_bias():
    chance = np.random.default_rng(12)
    n = chance.hypergeometric(3_000, 97_000, 2_000, 4_000)
    points = estimated(n, 2_000, 100_000)[0]
    assert points.mean() == pytest.approx(3_000, rel=0.01)


def test_a_whole_sample_is_exact_and_none_tells_nothing():
    point, lower, upper = estimated(np.array([3, 0]), 10, 10)
    assert (point == lower).all()
    assert (point == upper).all()
    assert estimated(np.array([0]), 0, 10)[2][0] == 10


def test_ids_below_the_threshold_are_the_share():
    ids = content_ids("device", map(str, range(50_000)))
    below = sum(one < threshold(0.1) for one in ids)
    assert abs(below - 5_000) < 5 * (50_000 * 0.1 * 0.9) ** 0.5
    assert all(one < threshold(1.0) for one in ids)
    assert {one for one in ids if one < threshold(0.01)} <= {one for one in ids if one < threshold(0.1)}


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(BeholdenError):
        threshold(share)
