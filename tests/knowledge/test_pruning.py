"""Folders that can be made again do not pile up, and none that is in use goes."""

import os
import time

from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import put

from beholden.knowledge.packs import compose
from beholden.knowledge.pruning import KEPT, prune

DAY = 24 * 3600


def aged(folder, days):
    folder.mkdir(parents=True)
    os.utime(folder, (time.time() - days * DAY,) * 2)
    return folder


@given(st.lists(st.floats(0, 30).filter(lambda days: abs(days - 1) > 0.01), max_size=12))
def test_the_last_used_stay_and_so_do_those_of_the_last_day(tmp_path_factory, days):
    cache = tmp_path_factory.mktemp("cache")
    folders = {aged(cache / f"composed-{place}", age): age for place, age in enumerate(days)}
    (cache / "composed-file").write_text("no folder", "utf-8")
    prune(cache.glob("composed-*"))
    left = {folder for folder in folders if folder.exists()}
    gone = folders.keys() - left
    assert len(left) == max(min(len(days), KEPT), sum(age < 1 for age in days))
    assert all(folders[one] >= folders[other] for one in gone for other in left)
    assert (cache / "composed-file").exists()


def test_composing_forgets_what_was_composed_long_ago_and_not_what_is_used(root, tmp_path):
    cache = tmp_path / "cache"
    pack = tmp_path / "mine"
    put(pack, "vocabulary/kinds.csv", "kind,parent,title,sensors,note\nlamp,,Lamp,,\n")
    used = compose(root, None, [pack], cache)
    os.utime(used, (time.time() - 30 * DAY,) * 2)
    old = [aged(cache / f"composed-{place}", 10 + place) for place in range(KEPT + 1)]
    kept = aged(cache / "knowledge-0", 100)
    assert compose(root, None, [pack], cache) == used
    put(pack, "README.md", "changed")
    made = compose(root, None, [pack], cache)
    assert all(folder.exists() for folder in (used, made, kept, *old[: KEPT - 2]))
    assert not any(folder.exists() for folder in old[KEPT - 2 :])
