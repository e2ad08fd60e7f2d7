"""What was distilled before is used again, and the result is that of a full run."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_fleets import fleet, row, said, write

from beholden.pipeline.fleet import ledger
from beholden.pipeline.fleet.local import LocalDistiller

_RUN = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from small_fleets import fleet
from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError
try:
    store, outcome = fleet([Path(sys.argv[1])], Path(sys.argv[2]), Knowledge.open())
except (BeholdenError, OSError) as error:
    print(error)
    raise SystemExit(1)
"""


@pytest.fixture
def distilled(monkeypatch):
    """Give the partitions that are distilled, by the beginning of their evidence's id."""
    seen = []
    distil = LocalDistiller.distil

    def counting(self, raw, evidence_id, folder, problems):
        seen.append(evidence_id)
        return distil(self, raw, evidence_id, folder, problems)

    monkeypatch.setattr(LocalDistiller, "distil", counting)
    return seen


def partitions(folder, count, seed=1, rows=8):
    for part in range(count):
        write(folder / f"p{part}.parquet", [row(part * 100 + number, seed) for number in range(rows)])


def test_only_what_changed_is_distilled(tmp_path, knowledge, distilled):
    partitions(tmp_path / "in", 4)
    _, first = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    assert len(distilled) == 4
    write(tmp_path / "in" / "p2.parquet", [row(200 + number, 9) for number in range(8)])
    (tmp_path / "in" / "p0.parquet").rename(tmp_path / "in" / "renamed.parquet")
    (tmp_path / "in" / "p3.parquet").unlink()
    store, second = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    assert len(distilled) == 5
    assert second.n_devices == 24 != first.n_devices
    links = [path.stat().st_nlink for path in (store.scans / second.scan_id / "parts").iterdir()]
    assert min(links) > 1, "devices of partitions are linked, not copied"
    again, third = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    assert (third.scan_id, third.is_new, len(distilled)) == (second.scan_id, False, 5)
    assert len(again.runs()) == 2


EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ("change", "add row", "drop row", "new partition", "drop partition", "rename", "same row")
        ),
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=5,
)


def edited(state, edits):
    """Apply edits to partitions, which are lists of (number, seed) by name."""
    for edit, at in edits:
        chance, names = random.Random(at), sorted(state)
        name, other = chance.choice(names), chance.choice(names)
        spot = chance.randrange(len(state[name]))
        drop = {"drop row": state[name].pop, "drop partition": lambda _, gone=name: state.pop(gone)}
        many = {"drop row": len(state[name]), "drop partition": len(state)}
        if edit in drop:
            if many[edit] > 1:
                drop[edit](spot)
        elif edit == "change":
            state[name][spot] = (state[name][spot][0], at)
        elif edit == "same row":  # another partition speaks of a device too, later in time or not
            state[other].append((state[name][spot][0], at))
        elif edit == "add row":
            state[name].append((at % 5000 + 1000, at))
        else:
            moved = [(at % 5000 + 6000 + number, at) for number in range(5)]
            state[f"n{at}"] = state.pop(name) if edit == "rename" else moved


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scripts=st.lists(EDITS, min_size=1, max_size=2))
def test_an_increment_equals_a_full_run(knowledge, scripts):
    state = {f"p{part}": [(part * 100 + number, 1) for number in range(8)] for part in range(3)}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for step, edits in enumerate([[], *scripts]):
            edited(state, edits)
            inputs = folder / f"in{step}"
            for name, rows in state.items():
                write(inputs / f"{name}.parquet", [row(*one) for one in rows])
            store, outcome = fleet([inputs], folder / "grown", knowledge)
        full, wanted = fleet([inputs], folder / "full", knowledge)
        assert outcome.scan_id == wanted.scan_id
        assert outcome.n_devices == wanted.n_devices
        assert said(store, outcome.scan_id) == said(full, wanted.scan_id)


def start(inputs, store, **how):
    program = _RUN.format(here=str(Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", program, inputs, store], stdout=subprocess.PIPE, text=True, **how
    )


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, knowledge, distilled):
    partitions(tmp_path / "in", 6, rows=40)
    finished = 0
    for kill in range(3):
        running = start(tmp_path / "in", tmp_path / "store")
        end = time.monotonic() + 120
        while len(whole(tmp_path)) <= finished and running.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(random.Random(kill).random() * 0.2)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert len(whole(tmp_path)) >= finished
        finished = len(whole(tmp_path))
    assert finished
    store, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    assert len(distilled) <= 6 - finished
    full, wanted = fleet([tmp_path / "in"], tmp_path / "full", knowledge)
    assert said(store, outcome.scan_id) == said(full, wanted.scan_id)


def whole(folder):
    return list((folder / "store").glob("fleet/*/[!.]*/about.json"))


def test_two_writers_both_land(tmp_path, knowledge):
    partitions(tmp_path / "in", 3)
    outcomes = []

    def run():
        outcomes.append(fleet([tmp_path / "in"], tmp_path / "store", knowledge)[1])

    writers = [threading.Thread(target=run) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len({one.scan_id for one in outcomes}) == 1
    assert [one.n_devices for one in outcomes] == [24, 24]
    left = [path.name for path in (tmp_path / "store").glob("**/.aside-*")]
    assert not left


def test_what_is_put_twice_is_the_same(tmp_path):
    book = ledger.Ledger(tmp_path, "recipe")
    assert book.get("nothing") is None
    (tmp_path / "recipe" / "half").mkdir()
    assert book.get("half") is None, "a folder without its last file is none"


def test_a_full_disk_is_one_line_and_leaves_the_store_as_it_was(tmp_path, knowledge):
    partitions(tmp_path / "in", 2)
    store, outcome = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    before = said(store, outcome.scan_id)
    write(tmp_path / "in" / "more.parquet", [row(5000 + number, 3) for number in range(3000)])

    def limited():
        import resource  # noqa: PLC0415

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    running = start(tmp_path / "in", tmp_path / "store", preexec_fn=limited, env=environment)
    told, _ = running.communicate()
    assert running.returncode == 1
    assert len(told.strip().splitlines()) == 1, told
    assert len(store.runs()) == 1
    assert said(store, outcome.scan_id) == before
    assert [path.name for path in store.scans.iterdir()] == [outcome.scan_id]
    _, after = fleet([tmp_path / "in"], tmp_path / "store", knowledge)
    assert after.n_devices == 16 + 3000
