"""Statistics of many groups at once agree with those of each group alone, and tell beacons from people."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.assess.letters import Likeness, entropies
from beholden.assess.rhythm import Groups, beacon_scores, regularity

SERIES = st.lists(st.lists(st.integers(0, 1 << 45), max_size=12), min_size=1, max_size=6)


def laid(series):
    group = np.repeat(np.arange(len(series)), [len(one) for one in series])
    return group, np.array([value for one in series for value in one], np.int64)


@given(SERIES, st.sampled_from([0.25, 0.5, 0.75]))
def test_quantiles_are_those_of_each_group(series, share):
    told = Groups(*laid(series), len(series)).quantile(share)
    wanted = [np.quantile(one, share) if one else 0 for one in series]
    assert told == pytest.approx(wanted, abs=1)


def alone(values):
    """Give the published statistics of one series, from their formulas."""
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
    skew = (upper + lower - 2 * median) / (upper - lower) if upper > lower else 0
    steady = (median - np.median(np.abs(values - median))) / median if median > 0 else 0
    return (1 - abs(skew) + max(steady, 0)) / 2


@given(st.lists(st.lists(st.integers(0, 10_000).map(lambda n: 4 * n), min_size=1, max_size=9), min_size=1))
def test_regularity_is_that_of_each_series(series):
    told, _ = regularity(*laid(series), len(series))
    assert told == pytest.approx([alone(np.array(one)) for one in series], abs=0.01)
    assert ((told >= 0) & (told <= 1)).all()


@given(st.integers(0, 2**32), st.integers(1, 10**9))
def test_scores_are_within_bounds_and_do_not_know_the_unit_of_time(seed, scale):
    random = np.random.default_rng(seed)
    pair, time, size = (
        random.integers(0, 5, 100),
        random.integers(0, 10**6, 100),
        random.integers(0, 999, 100),
    )
    scores = beacon_scores(pair, time, size, 5)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert beacon_scores(pair, time * scale, size, 5) == pytest.approx(scores, abs=0.01)


def test_a_beacon_with_jitter_scores_more_than_visits_and_bursts():
    random = np.random.default_rng(5)
    n = 200
    series = [
        np.arange(n) * 60e6,
        np.cumsum(random.uniform(42e6, 78e6, n)),
        np.cumsum(random.exponential(60e6, n)),
        np.concatenate([burst * 3.6e9 + np.arange(20) * 1e6 for burst in range(10)]),
    ]
    pair, time = laid([one.astype(np.int64) for one in series])
    clock, jitter, visits, bursts = beacon_scores(pair, time, np.full(len(time), 300), 4)
    assert clock == pytest.approx(1)
    assert jitter > 0.85 > max(visits, bursts)


def test_letters_of_chosen_names_surprise_less_than_random_ones():
    likeness = Likeness(pa.array(["holding", "lighting", "smarthome", "homestead", "meterlight"] * 20))
    chosen, odd, short, none = likeness.surprise(pa.array(["smartlight", "xq7kzj0vwp", "a", ""]))
    assert chosen < 4 < odd
    assert short == none == 0


def test_entropy_is_of_each_text_alone():
    told = entropies(pa.array(["", "aaaa", "abab", "abcdefgh"]).slice(1))
    assert told == pytest.approx([0, 1, 3])
