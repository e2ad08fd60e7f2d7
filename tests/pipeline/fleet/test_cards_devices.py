"""Findings about cards beside the devices that they are in: in the store, in what is shown, and in files of actions."""

import csv
import json

import pyarrow.parquet as pq
import pytest
from small_fleets import fleet, scanned

from beholden.engine.store import Store
from beholden.model.identifiers import luhn_digit
from beholden.pipeline.card_devices import with_devices, without_cards

CARDS = [f"8949020000000000{at:02}" for at in range(1, 5)]
CARDS = [one + luhn_digit(one) for one in CARDS]
IMEIS = [f"49015420{at:06}" for at in range(1, 5)]
IMEIS = [one + luhn_digit(one) for one in IMEIS]
LISTED = "serial,vendor,type,imei,iccid,site,owner\n"


def inventory(path, *rows):
    path.write_text(LISTED + "\n".join(rows) + "\n", "utf-8")
    return path


def usage(path, card, days, imei=IMEIS[0], apn="good.example"):
    rows = "".join(f"{card},{imei},2026-10-{day:02},{apn},1000\n" for day in days)
    path.write_text(f"iccid,imei,date,apn,upload\n{rows}", "utf-8")


def listed(path, *cards):
    path.write_text("iccid,apn\n" + "".join(f"{one},good.example\n" for one in cards), "utf-8")


@pytest.fixture(params=[fleet, scanned], ids=["fleet", "scan"])
def store(request, tmp_path, knowledge):
    """Give the folder of a store with three meters of two sites, by card, by module, and by neither."""
    given = inventory(
        tmp_path / "devices.csv",
        f"SN-1001,Acme,meter,,{CARDS[0]},north,water works",
        f"SN-1002,Acme,meter,{IMEIS[1]},,south,=cmd()",
        "SN-1003,Acme,meter,,,south,",
    )
    opened, _ = request.param([given], tmp_path / "store", knowledge)
    opened.close()
    return tmp_path / "store"


@pytest.fixture
def exports(tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    listed(folder / "list.csv", *CARDS)
    for at, card in enumerate(CARDS[:3]):
        usage(folder / f"use-{at}.csv", card, range(1, 10), IMEIS[at])
        usage(folder / f"other-{at}.csv", card, [10], IMEIS[at], "internet")
    return folder


def test_findings_of_cards_are_those_of_their_devices(beholden, store, exports, tmp_path):
    before = {one["scan_id"] for one in beholden.json("show", "scans", "--store", store)}
    said = beholden.json("fleet", "cards", exports, "--store", store, "--actions", tmp_path / "a")
    assert {name: said["scan"][name] for name in ("is_new", "n_devices", "n_unknown")} == {
        "is_new": True, "n_devices": 2, "n_unknown": 1,
    }  # fmt: skip
    assert said["scan"]["scan_id"] not in before
    found = beholden.json("show", "findings", "--where", "rule_id~cards.", "--store", store)
    assert [(row["rule_id"], row["strength"]) for row in found] == [("cards.apn-outside", 1.0)] * 2
    assert {row["detail"].partition(":")[0] for row in found} == {f"Card {one}" for one in CARDS[:2]}
    (scan_id, *_) = before
    assert not beholden.json(
        "show", "findings", "--where", "rule_id~cards.", "--scan", scan_id, "--store", store
    )
    rows = list(csv.DictReader((tmp_path / "a" / "block.csv").read_text("utf-8").splitlines()))
    assert {row["iccid"]: (row["site"], row["owner"]) for row in rows} == {
        CARDS[0]: ("north", "water works"),
        CARDS[1]: ("south", "'=cmd()"),
        CARDS[2]: ("", ""),
    }


def test_a_device_is_explained_with_its_card(beholden, store, exports):
    beholden.good("fleet", "cards", exports, "--store", store)
    proof = beholden.json("explain", "SN-1001", "--store", store)
    (finding,) = proof["cards"]
    assert finding["rule"] == "cards.apn-outside"
    assert finding["finding"] == f"{proof['device']}:cards.apn-outside"
    (place,) = finding["evidence"]
    assert (place["row"], place["value"], place["property"]) == (1, "internet", "apn")
    assert place["file"].endswith("other-0.csv")
    assert finding["facts"]
    assert all(risk["agrees"] for risk in proof["risks"])
    text = beholden.good("explain", "SN-1001", "--store", store)
    assert "what its cards did" in text
    assert f"Card {CARDS[0]}" in text
    assert not beholden.json("explain", "SN-1003", "--store", store)["cards"]
    assert "what its cards did" not in beholden.good("explain", "SN-1003", "--store", store)


def test_the_same_again_adds_nothing_and_a_new_day_adds_itself(beholden, store, exports):
    first = beholden.json("fleet", "cards", exports, "--store", store)["scan"]
    again = beholden.json("fleet", "cards", exports, "--store", store)["scan"]
    assert again == first | {"is_new": False}
    usage(exports / "new.csv", CARDS[0], [11], IMEIS[0], "internet")
    later = beholden.json("fleet", "cards", exports, "--store", store)
    assert later["scan"]["is_new"]
    assert later["scan"]["scan_id"] != first["scan_id"]
    (row,) = [one for one in later["findings"] if one["card"] == CARDS[0]]
    assert (row["n_days"], row["last_day"], row["site"]) == (2, "2026-10-11", "north")
    found = beholden.json("show", "findings", "--where", "rule_id~cards.", "--store", store)
    assert len(found) == 2
    opened = Store(store)
    kept = pq.read_table(opened.path(later["scan"]["scan_id"], "card_findings")).num_rows
    assert kept == len(later["findings"])
    assert without_cards(opened, None) not in (first["scan_id"], later["scan"]["scan_id"])
    opened.close()


def test_a_suppressed_finding_is_left_out_with_its_action(beholden, store, exports, tmp_path):
    beholden.good("fleet", "cards", exports, "--store", store)
    finding = beholden.json("explain", "SN-1001", "--store", store)["cards"][0]["finding"]
    beholden.good("judge", "suppress", finding, "--reason", "a trial", "--store", store)
    said = beholden.json("fleet", "cards", exports, "--store", store, "--actions", tmp_path / "a")
    assert {one["card"] for one in said["findings"]} == set(CARDS[1:3])
    assert not beholden.json("explain", "SN-1001", "--store", store)["cards"]
    assert CARDS[0] not in (tmp_path / "a" / "block.csv").read_text("utf-8")


def test_scores_and_roll_ups_stay_as_they_were(beholden, store, exports):
    before = beholden.json("show", "devices", "--store", store)
    beholden.good("fleet", "cards", exports, "--store", store)
    after = beholden.json("show", "devices", "--store", store)
    cards = [one["risks"]["exfiltration"].pop("findings") for one in after]
    assert sum("cards.apn-outside" in name for some in cards for name in some) == 2
    for one in before:
        one["risks"]["exfiltration"].pop("findings")
    assert after == before


def test_a_number_of_two_devices_is_of_none(beholden, knowledge, tmp_path, exports):
    given = inventory(
        tmp_path / "d.csv", f"SN-1001,Acme,meter,{IMEIS[0]},,north,", f"SN-1002,Acme,meter,{IMEIS[1]},,south,"
    )
    opened, outcome = scanned([given], tmp_path / "store", knowledge)
    document = json.loads(beholden.good("fleet", "cards", exports, "--json", "--out", tmp_path / "o"))
    findings = pq.read_table(tmp_path / "o" / "card_findings.parquet")
    assert findings["device_id"].null_count == len(document["findings"]) == 3
    by_card = dict(zip(findings["card"].to_pylist(), with_devices(opened, outcome.scan_id, findings)["site"].to_pylist(),
                       strict=True))  # fmt: skip
    assert by_card == {CARDS[0]: "north", CARDS[1]: "south", CARDS[2]: None}
    at = findings.column_names.index("imei")
    same = findings.set_column(at, "imei", findings["imei"].take([0, 0, 0]))
    assert with_devices(opened, outcome.scan_id, same)["site"].null_count == 3
    opened.close()


def test_a_report_has_findings_of_cards(beholden, store, exports, tmp_path):
    beholden.good("fleet", "cards", exports, "--store", store)
    beholden.good("report", "--store", store, "--out", tmp_path / "r.html")
    assert f"Card {CARDS[0]}" in (tmp_path / "r.html").read_text("utf-8")


def test_a_store_without_a_scan_is_one_line(beholden, exports, tmp_path):
    (tmp_path / "empty").mkdir()
    done = beholden.run("fleet", "cards", exports, "--store", tmp_path / "empty")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("beholden: no scan")
