"""A scan that lets records stand for others says of every device what a scan of each by itself says."""

import csv
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholden.engine import from_rows
from beholden.engine.places import sources
from beholden.engine.store import Store
from beholden.ingest.read import Options, ingest
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from beholden.model.tables import EVIDENCE, TABLES
from beholden.pipeline import scan as stage
from beholden.pipeline.condensing import condensed
from beholden.pipeline.stages import Given

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNEQUAL = {"members", "runs", "evidence", "judgements", "scores", "contributions"}
"""Scores are compared too, but by device and risk: which device's evidence was scored may differ."""
PREFIXES = ("50:c7:bf", "44:19:b6", "5c:cf:7f", "00:00:00", "02:11:22")
WORDS = {
    "vendor": (None, "TP-Link", "D-Link", "ASUS", "Acme"),
    "model": (None, "Archer AX21", "DIR-645", "RT-AC66U", "M-1", "M-2"),
    "type": (None, "camera", "router"),
    "firmware": (None, "1.03", "2.0", "V5 build 190909", "20251109"),
    "os": (None, "Android 9", "RouterOS"),
    "site": (None, "north", "south"),
    "country": (None, "DE", "US"),
    "criticality": (None, "low", "high"),
    "last seen": (None, "2026-01-01T00:00:00", "2026-05-01T12:00:00"),
}


TACS = ("49015420", "86020106", "86837105")
"""Type allocation codes; two of them are modules'."""


def with_check_digit(digits):
    """Give an IMEI of 14 digits and the one that 3GPP TS 23.003 computes of them."""
    doubled = sum(sum(map(int, str(int(one) * 2))) for one in digits[1::2]) + sum(map(int, digits[::2]))
    return digits + str(-doubled % 10)


@st.composite
def records(draw):
    """A record: mostly of a device by itself, sometimes with a name that another has too."""
    number = draw(st.integers(0, 40))
    row = {name: draw(st.sampled_from(words)) for name, words in WORDS.items()}
    has = draw(st.sets(st.sampled_from(("mac", "ip", "hostname", "serial", "imei", "asset"))))
    made = {
        "mac": f"{draw(st.sampled_from(PREFIXES))}:00:00:{number:02x}",
        "ip": f"10.0.0.{number + 1}",
        "hostname": f"Host-{number}",
        "serial": f"SN-{number}",
        "imei": with_check_digit(f"{draw(st.sampled_from(TACS))}{number % 10:06}"),
        "asset": f"A-{number}",
    }
    return row | {name: made[name] for name in has}


@pytest.fixture(scope="module")
def knowledge(beholden):  # noqa: ARG001 - makes the cache
    return Knowledge.open()


def write(path, rows):
    names = [*WORDS, "mac", "ip", "hostname", "serial", "imei", "asset"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)


def scanned(folder, path, knowledge, judgements=()):
    store = Store(folder)
    for judgement in judgements:
        store.judge(judgement)
    request = stage.Request([str(path)], load_profile(knowledge, "article"), NOW, options=Options())
    outcome = stage.scan(request, store, knowledge, lambda _: None)
    return store, outcome


def rows_of(store, scan_id, table):
    return sorted(map(repr, store.read(scan_id, table).to_pylist()))


def both(monkeypatch, rows, knowledge, folder, judgements=()):
    path = Path(folder) / "list.csv"
    write(path, rows)
    condensed = scanned(Path(folder) / "condensed", path, knowledge, judgements)
    with monkeypatch.context() as patch:
        patch.setattr(stage, "condensed", lambda *_: None)
        apart = scanned(Path(folder) / "apart", path, knowledge, judgements)
    return condensed, apart


def assert_equal(one, other):
    (store, outcome), (plain, wanted) = one, other
    assert outcome.n_devices == wanted.n_devices
    for table in TABLES:
        if table.name not in UNEQUAL:
            got, want = (
                rows_of(store, outcome.scan_id, table.name),
                rows_of(plain, wanted.scan_id, table.name),
            )
            assert got == want, table.name
    for table in ("scores", "contributions"):
        assert rows_of(store, outcome.scan_id, table) == rows_of(plain, wanted.scan_id, table), table


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records(), min_size=1, max_size=30))
def test_condensed_equals_apart(monkeypatch, knowledge, rows):
    with TemporaryDirectory() as folder:
        assert_equal(*both(monkeypatch, rows, knowledge, folder))


def alike(n, **others):
    return [
        {"mac": f"50:c7:bf:00:01:{i:02x}", "ip": f"10.1.0.{i}", "vendor": "TP-Link", "type": "plug", **others}
        for i in range(n)
    ]


def test_a_hundred_alike_are_assessed_once(monkeypatch, knowledge, tmp_path):
    rows = [
        row
        | {"model": f"Zq-{i}", "site": ("north", "south")[i % 2], "criticality": ("low", "", "high")[i % 3]}
        for i, row in enumerate(alike(100))
    ]
    (store, outcome), apart = both(monkeypatch, rows, knowledge, tmp_path)
    assert_equal((store, outcome), apart)
    members = pq.read_table(store.path(outcome.scan_id, "members"))
    assert len(set(members["like_id"].to_pylist())) == 1
    assert len(set(members["pattern_id"].to_pylist())) == 1
    assert len(set(members["unit_id"].to_pylist())) == 3  # one a criticality
    assert pq.read_table(store.path(outcome.scan_id, "findings")).num_rows < 100
    assert pq.read_table(store.path(outcome.scan_id, "attributions")).num_rows < 10
    places = store.read(outcome.scan_id, "identifications")
    brands = [row for row in places.to_pylist() if row["field"] == "brand" and row["property"] == "mac"]
    assert len({row["observed"] for row in brands}) == len({row["locator"] for row in brands}) == 100


def test_versions_of_which_advisories_speak_are_told_apart(monkeypatch, knowledge, tmp_path):
    versions = ["1.03", "1.03", "1.05", "1.05", "", "9"]
    rows = [
        row | {"vendor": "D-Link", "model": "DIR-645" if i < 5 else "Zq-1", "firmware": versions[i]}
        for i, row in enumerate(alike(6))
    ]
    (store, outcome), apart = both(monkeypatch, rows, knowledge, tmp_path)
    assert_equal((store, outcome), apart)
    flaws = store.read(outcome.scan_id, "device_flaws").to_pylist()
    assert sorted({(row["version"] or "", row["is_affected"]) for row in flaws}) == [
        ("", False),
        ("1.03", True),
    ]
    assert len(set(store.read(outcome.scan_id, "members")["like_id"].to_pylist())) == 4


@pytest.mark.parametrize("is_condensed", [True, False])
def test_parts_are_measured_in_records_that_stand_for_others(knowledge, tmp_path, is_condensed):
    write(
        tmp_path / "list.csv",
        [row | {"type": ("plug", "camera")[i % 2]} for i, row in enumerate(alike(9))],
    )
    read = ingest([str(tmp_path / "list.csv")], print, Options())
    evidence, judgements = from_rows(EVIDENCE, read.evidence), Store(tmp_path).judgements()
    numbered = sources(evidence, [])
    found = condensed(read, judgements, numbered, knowledge) if is_condensed else None
    given_all = Given(read, evidence, found, judgements, numbered)
    assert given_all.n_assessed == (2 if is_condensed else 9)
    assert given_all.n_rows > given_all.n_assessed


def test_modules_are_told_apart_by_the_code_of_their_imei(monkeypatch, knowledge, tmp_path):
    tacs = ["86020106", "86020106", "49015420", "86837105"]
    rows = [{"imei": with_check_digit(f"{tac}{i:06}"), "vendor": "TP-Link"} for i, tac in enumerate(tacs)]
    (store, outcome), apart = both(monkeypatch, rows, knowledge, tmp_path)
    assert_equal((store, outcome), apart)
    assert len(set(store.read(outcome.scan_id, "members")["like_id"].to_pylist())) == 3
    told = store.read(outcome.scan_id, "attributions").to_pylist()
    assert len({row["device_id"] for row in told if row["role"] == "module_maker"}) == 3


def test_a_judged_device_stands_for_itself(monkeypatch, knowledge, tmp_path):
    rows = alike(6)
    mac = "mac:50:c7:bf:00:01"
    judged = (("correct", f"{mac}:02", "kind=camera"), ("merge", f"{mac}:03", f"{mac}:04"))
    said = [
        {"made_at": NOW, "action": action, "subject": subject, "object": what, "reason": "seen"}
        for action, subject, what in judged
    ]
    condensed, apart = both(monkeypatch, rows, knowledge, tmp_path, said)
    assert_equal(condensed, apart)
    assert condensed[1].n_devices == 5


def test_order_of_records_changes_no_row_but_places(knowledge, tmp_path):
    rows = [*alike(5), {"serial": "SN-1", "vendor": "Acme"}, {"serial": "SN-1", "ip": "10.1.0.1"}]
    found = []
    for name, order in (("forth", rows), ("back", rows[::-1])):
        write(tmp_path / f"{name}.csv", order)
        store, outcome = scanned(tmp_path / name, tmp_path / f"{name}.csv", knowledge)
        scores = store.read(outcome.scan_id, "scores")
        found.append(sorted(map(repr, scores.to_pylist())))
        assert isinstance(scores, pa.Table)
    assert all(one == other for one, other in pairwise(found))
