"""The census over scans of a store: counts, shares and base, what a change is made of, samples, publication."""

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest

from beholden.engine.releases import Releases
from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet.privacy import noisy

FIELDS = ("mac", "vendor", "type", "country", "owner", "last seen")
PARTS = ("new", "gone", "re_identified", "re_ruled")
DAY = date(2026, 5, 1)


def write(path, rows, days=0):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(FIELDS)
        writer.writerows([*row, (DAY + timedelta(days)).isoformat()] for row in rows)


def devices(start, n, vendor="TP-Link", kind="camera", country="DE", owner="Hospitals"):
    return [
        (f"50:c7:bf:00:{at >> 8:02x}:{at & 255:02x}", vendor, kind, country, owner)
        for at in range(start, start + n)
    ]


@pytest.fixture(scope="module")
def store(beholden, tmp_path_factory):
    """Give a store of two scans half a year apart: 30 cameras and 20 of unknown kind, then some of each changed."""
    folder = tmp_path_factory.mktemp("census")
    write(folder / "first.csv", [*devices(0, 30), *devices(100, 20, kind="")])
    later = [*devices(12, 18), *devices(40, 15), *devices(100, 11, kind="camera"), *devices(111, 9, kind="")]
    write(folder / "second.csv", later, days=180)
    for name in ("first.csv", "second.csv"):
        beholden.good("scan", folder / name, "--store", folder / "store")
    return folder / "store"


def cells(document, name):
    n = len(document["snapshots"])
    return {
        document["cells"][at][name]: document["cells"][at : at + n]
        for at in range(0, len(document["cells"]), n)
    }


def test_counts_shares_base_and_parts_that_sum(beholden, store):
    told = beholden.json("fleet", "census", "--store", store, "--by", "kind", "--least", "1")
    assert [one["base"] for one in told["snapshots"]] == [50, 53]
    first, second = cells(told, "kind")["camera"]
    assert (first["n"], first["share"], first["change"]) == (30, 0.6, None)
    assert (second["n"], second["change"]) == (44, 14)
    assert [second[name] for name in PARTS] == [15, -12, 11, 0]
    unknown = cells(told, "kind")[None][1]
    assert [unknown[name] for name in PARTS] == [0, 0, -11, 0]
    for _, after in cells(told, "kind").values():
        assert after["change"] == sum(after[name] for name in PARTS)


def test_the_famous_question_is_one_query(beholden, store):
    told = beholden.json(
        "fleet",
        "census",
        "--store",
        store,
        "--by",
        "jurisdiction",
        "--where",
        "kind=camera",
        "--of",
        "country=DE",
    )
    assert [
        (row["n"], round(row["share"], 3)) for row in next(iter(cells(told, "jurisdiction").values()))
    ] == [
        (30, 0.6),
        (44, 0.83),
    ]


def test_the_largest_cells_are_drawn_over_time(beholden, store, tmp_path):
    beholden.good(
        "fleet", "census", "--store", store, "--by", "kind", "--least", "1", "--chart", tmp_path / "kinds.svg"
    )
    drawn = (tmp_path / "kinds.svg").read_text("utf-8")
    assert drawn.count("<circle") == 4
    assert ">camera<" in drawn


def test_sectors_are_read_of_units_and_kinds(beholden, tmp_path):
    rows = [
        *devices(0, 1, owner="City Hospitals North"),
        *devices(1, 1, owner="Quux", kind="inverter"),
        *devices(2, 1, owner="Quux", kind="printer"),
    ]
    write(tmp_path / "list.csv", rows)
    beholden.good("scan", tmp_path / "list.csv", "--store", tmp_path / "store")
    told = beholden.json("fleet", "census", "--store", tmp_path / "store", "--by", "sector", "--least", "1")
    assert {row["sector"]: row["n"] for row in told["cells"]} == {"health": 1, "energy": 1, None: 1}


def test_other_knowledge_of_the_same_evidence_is_told_apart(beholden, tmp_path):
    pack = tmp_path / "pack" / "vocabulary"
    pack.mkdir(parents=True)
    (pack / "kind_names.csv").write_text("name,kind\nzqthing,camera\n", encoding="utf-8")
    write(tmp_path / "list.csv", devices(0, 12, kind="zqthing"))
    place = ("--store", tmp_path / "store")
    beholden.good("scan", tmp_path / "list.csv", *place)
    beholden.good("--knowledge-pack", tmp_path / "pack", "scan", tmp_path / "list.csv", *place)
    told = beholden.json("fleet", "census", *place, "--by", "kind")
    camera = cells(told, "kind")["camera"][1]
    assert [camera[name] for name in PARTS] == [0, 0, 0, 12]
    assert [cells(told, "kind")[None][1][name] for name in PARTS] == [0, 0, 0, -12]


def test_few_devices_are_not_told_nor_what_tells_them(beholden, tmp_path):
    rows = [*devices(0, 40), *devices(50, 30, country="FR"), *devices(90, 3, country="ES")]
    write(tmp_path / "list.csv", rows)
    beholden.good("scan", tmp_path / "list.csv", "--store", tmp_path / "store")
    told = beholden.json("fleet", "census", "--store", tmp_path / "store", "--by", "country")
    by = {row["country"]: row for row in told["cells"]}
    assert by["DE"]["n"] == 40
    for hidden in ("FR", "ES"):
        kept = {name for name, value in by[hidden].items() if value is not None}
        assert kept == {"country", "scan", "at", "is_suppressed"}
    alone = beholden.json("fleet", "census", "--store", tmp_path / "store", "--where", "country=ES")
    assert [one["counted"] for one in alone["snapshots"]] == [None]
    shown = beholden.good("fleet", "census", "--store", tmp_path / "store", "--by", "country")
    assert " 30 " not in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_months_are_told_by_their_last_scan_and_scans_can_be_named(beholden, store, tmp_path):
    told = beholden.json("fleet", "census", "--store", store, "--by", "kind", "--over", "month")
    assert [one["at"][:7] for one in told["snapshots"]] == ["2026-05", "2026-10"]
    one = beholden.json("fleet", "census", "--store", store, "--scan", told["snapshots"][1]["scan"][:10])
    assert [row["scan"] for row in one["snapshots"]] == [told["snapshots"][1]["scan"]]
    empty = beholden.run("fleet", "census", "--store", tmp_path / "nothing")
    assert (empty.returncode, len(empty.stderr.splitlines())) == (1, 1)


def test_a_whole_sample_is_the_census(beholden, store):
    told = beholden.json(
        "fleet", "census", "--store", store, "--by", "kind", "--sample", "0.999999999", "--least", "1"
    )
    camera = cells(told, "kind")["camera"][0]
    assert camera["n_lower"] <= 30 <= camera["n_upper"]


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "colour"),
        ("--where", "colour=red"),
        ("--where", "kind"),
        ("--sample", "2"),
        ("--epsilon", "9"),
    ],
    ids=["by", "field", "form", "sample", "epsilon"],
)
def test_wrong_questions_get_one_line(beholden, store, words):
    done = beholden.run("fleet", "census", "--store", store, *words)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_publication_has_noise_of_public_cells_and_an_account(beholden, store):
    pytest.importorskip("opendp", reason="the extra privacy is not installed")
    question = ("fleet", "census", "--store", store, "--by", "kind", "--least", "1", "--epsilon", "0.75")
    first, again = beholden.json(*question), beholden.json(*question)
    assert first == again
    assert [one["epsilon_spent"] for one in first["snapshots"]] == [0.75, 0.75]
    assert not {"n_devices", "counted"} & first["snapshots"][0].keys()
    assert {row["kind"] for row in first["cells"]} - {"camera", None}, "an empty cell has noise too"
    camera = next(row for row in first["cells"] if row["kind"] == "camera")
    assert abs(camera["n"] - 30) < 60
    other = beholden.json("fleet", "census", "--store", store, "--by", "country", "--epsilon", "0.75")
    assert [one["epsilon_spent"] for one in other["snapshots"]] == [1.5, 1.5]
    refused = beholden.run("fleet", "census", "--store", store, "--by", "sector", "--epsilon", "0.75")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)


def test_noise_is_new_each_time_and_of_the_scale_that_epsilon_gives():
    pytest.importorskip("opendp", reason="the extra privacy is not installed")
    counts = np.full(4000, 100)
    one, other = noisy(counts, 0.5), noisy(counts, 0.5)
    assert (one != other).any()
    assert abs(np.abs(one - 100).mean() - 1.92) < 0.2  # of discrete Laplace with scale 2: 1 / sinh(1/2)
    assert abs(one.mean() - 100) < 0.3


def test_an_answer_that_fails_spends_nothing(tmp_path):
    releases = Releases(tmp_path)

    def fails():
        raise BeholdenError("no")

    with pytest.raises(BeholdenError):
        releases.release("s", "q", 1.0, 1.0, fails)
    assert releases.release("s", "q", 1.0, 1.0, lambda: json.dumps(1)) == ("1", 1.0)
    assert releases.release("s", "q", 1.0, 1.0, fails) == ("1", 1.0)
    with pytest.raises(BeholdenError, match="budget"):
        releases.release("s", "other", 0.1, 1.0, fails)
    assert releases.release("t", "other", 0.1, 1.0, lambda: "2") == ("2", 0.1)
