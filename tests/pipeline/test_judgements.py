"""Judgements take effect in the next scan, are shown there, and leave earlier scans as they were."""

import pytest

SENSOR, PLUG = "e8:68:e7:55:10:32", "24:62:ab:19:10:31"


@pytest.fixture
def judged(beholden, clinic, tmp_path):
    """Scan, judge, scan again: give the devices before and after."""

    def scan():
        digest = beholden.json("scan", clinic / "clinic.pcapng", "--store", tmp_path, "--no-report")
        return digest["scan"], beholden.json("show", "devices", "--store", tmp_path)

    def act(*words):
        first, before = scan()
        words = [word(before) if callable(word) else word for word in words]
        made = beholden.json(
            "judge", *words, "--reason", "I looked", "--author", "tester", "--store", tmp_path
        )
        second, after = scan()
        assert first != second
        assert beholden.json("show", "devices", "--scan", first, "--store", tmp_path) == before
        listed = beholden.json("judge", "list", "--store", tmp_path)
        assert [row["judgement_id"] for row in listed] == [made["judgement_id"]]
        return before, after

    return act


def holders(devices, mac):
    return [one for one in devices if mac in one["macs"]]


def test_merge(judged):
    before, after = judged("merge", f"mac:{SENSOR}", f"mac:{PLUG}")
    assert len(after) == len(before) - 1
    (one,) = holders(after, SENSOR)
    assert PLUG in one["macs"]


def test_split(judged):
    before, after = judged("split", "ip:192.168.10.32")
    assert holders(before, SENSOR)[0]["ips"] == ["192.168.10.32"]
    assert holders(after, SENSOR)
    assert len(after) >= len(before)


def test_split_of_what_an_inventory_joined(beholden, tmp_path):
    (tmp_path / "a.csv").write_text("mac,serial,vendor\n00:1b:1b:00:00:01,SN-1001,Siemens\n")

    def devices():
        beholden.good("scan", tmp_path / "a.csv", "--store", tmp_path / "s", "--no-report")
        return beholden.json("show", "devices", "--store", tmp_path / "s")

    assert len(devices()) == 1
    beholden.good("judge", "split", "serial:SN-1001", "--reason", "label moved", "--store", tmp_path / "s")
    assert sorted((len(one["macs"]), len(one["serials"])) for one in devices()) == [(0, 1), (1, 0)]


def test_correct_by_identifier(judged):
    _, after = judged("correct", f"mac:{SENSOR}", "kind=thermostat")
    assert holders(after, SENSOR)[0]["kind"] == "thermostat"


def test_correct_by_device_id_and_explain_shows_it(judged, beholden, tmp_path):
    before, after = judged("correct", lambda rows: holders(rows, PLUG)[0]["device"], "model=Plug 9")
    assert holders(before, PLUG)[0]["model"] != "Plug 9"
    assert holders(after, PLUG)[0]["model"] == "Plug 9"
    proof = beholden.json("explain", PLUG, "--store", tmp_path)
    (claim,) = [row for row in proof["identifications"] if row["field"] == "model" and row["chosen"]]
    assert "judgement" in str(claim)


def test_suppress(judged, beholden, tmp_path):
    def strongest(_):
        rows = beholden.json("show", "findings", "--store", tmp_path)
        return rows[0]["finding_id"]

    kept = {}

    def remember(rows):
        kept["finding"] = strongest(rows)
        return kept["finding"]

    judged("suppress", remember)
    after = beholden.json("show", "findings", "--store", tmp_path)
    assert kept["finding"] not in {row["finding_id"] for row in after}
