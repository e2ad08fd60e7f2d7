"""Connected components equal a slow union of sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beholden.identify.components import connected

edges = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=25)


def run(n, pairs):
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return connected(n, ends[:, 0], ends[:, 1]).tolist()


def slow(n, pairs):
    groups = [{node} for node in range(n)]
    for left, right in pairs:
        joined = groups[left] | groups[right]
        for node in joined:
            groups[node] = joined
    return [min(groups[node]) for node in range(n)]


@given(pairs=edges)
def test_labels_are_the_smallest_node_of_the_component(pairs):
    assert run(15, pairs) == slow(15, pairs)


@given(pairs=edges, data=st.data())
def test_order_direction_and_repetition_do_not_matter(pairs, data):
    shuffled = data.draw(st.permutations([*pairs, *((right, left) for left, right in pairs)]))
    assert run(15, shuffled) == run(15, pairs)


def test_a_long_chain_is_one():
    assert set(run(3000, [(at, at + 1) for at in range(2999)])) == {0}


def test_no_nodes_and_no_edges():
    assert run(0, []) == []
    assert run(3, []) == [0, 1, 2]
