"""A sample of knowledge can be drawn again, is of the size promised, and leaves no pack of facts out."""

import pytest
from tests.knowledge.sampling import LEFT_OUT, ROOT, drawn, packs

from beholden.knowledge.keys import PACK_KEYS


@pytest.mark.parametrize(("rows", "size"), [(0, 0), (7, 7), (20, 20), (400, 20), (401, 21), (1993, 100)])
def test_a_twentieth_and_at_least_twenty(rows, size):
    table = [{"n": n} for n in range(rows)]
    sample = drawn(table, "a")
    assert len(sample) == len({row["n"] for row in sample}) == size
    assert sample == drawn(table, "a")
    assert rows <= size or sample != drawn(table, "b")


def test_no_pack_of_facts_is_left_out():
    found = packs()
    kept = {name for name in PACK_KEYS if (ROOT / name).exists() and name.split("/")[0] not in LEFT_OUT}
    assert kept <= found.keys()
    assert all(found.values())
