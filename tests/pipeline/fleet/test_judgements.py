"""Judgements on devices of a fleet: the device alone is corrected, and what was not asked for stays as it was."""

import pytest
from small_fleets import NOW, fleet, row, said, scanned, write

from beholden.pipeline.judging import record

ALIKE = [
    {"serial": f"SN-{at}01", "vendor": "TP-Link", "type": "camera", "site": "north"} for at in range(10, 30)
]
"""Devices of one like."""


@pytest.fixture
def parts(tmp_path):
    write(tmp_path / "in" / "a.parquet", ALIKE[:12])
    write(tmp_path / "in" / "b.csv", ALIKE[12:])
    return [tmp_path / "in"]


def judge(store, action, subject, other=None):
    made = {
        "made_at": NOW,
        "action": action,
        "subject": subject,
        "object": other,
        "reason": "seen",
        "author": "me",
    }
    return record(store, made)


def device_of(store, scan_id, serial):
    held = store.read(scan_id, "device_identifiers").to_pylist()
    (found,) = {one["device_id"] for one in held if one["identifier"] == serial}
    return found


def kinds(store, scan_id):
    rows = store.read(scan_id, "identifications").to_pylist()
    return {one["device_id"]: one["value"] for one in rows if one["field"] == "kind" and one["is_chosen"]}


@pytest.mark.parametrize("by_name", [True, False])
def test_a_correction_is_of_its_device_alone(parts, tmp_path, knowledge, by_name):
    store, before = fleet(parts, tmp_path / "s", knowledge)
    device = device_of(store, before.scan_id, "SN-1401")
    judgement = judge(store, "correct", "serial:SN-1401" if by_name else device, "kind=meter")
    store, after = fleet(parts, tmp_path / "s", knowledge)
    assert after.is_new
    assert after.scan_id != before.scan_id
    assert after.n_devices == before.n_devices == len(ALIKE)
    expected = kinds(store, before.scan_id)
    assert kinds(store, after.scan_id) == expected | {device: "meter"}
    rows = store.read(after.scan_id, "identifications", devices=[device]).to_pylist()
    (chosen,) = [one for one in rows if one["field"] == "kind" and one["is_chosen"]]
    assert chosen["evidence_id"] == judgement
    untouched = [one for one in expected if one != device]
    for table in ("scores", "findings", "devices", "device_identifiers"):
        was, now = (store.read(one.scan_id, table, devices=untouched).to_pylist() for one in (before, after))
        assert sorted(map(repr, now)) == sorted(map(repr, was)), table
    again = fleet(parts, tmp_path / "s", knowledge)[1]
    assert not again.is_new
    assert again.scan_id == after.scan_id
    store.close()


def test_a_suppressed_finding_is_gone_from_its_device_alone(parts, tmp_path, knowledge):
    store, before = fleet(parts, tmp_path / "s", knowledge)
    findings = store.read(before.scan_id, "findings").to_pylist()
    device = device_of(store, before.scan_id, "SN-2501")
    chosen = min(one["finding_id"] for one in findings if one["device_id"] == device)
    judge(store, "suppress", chosen)
    store, after = fleet(parts, tmp_path / "s", knowledge)
    left = {one["finding_id"] for one in store.read(after.scan_id, "findings").to_pylist()}
    assert left == {one["finding_id"] for one in findings} - {chosen}
    store.close()


def test_a_judged_fleet_says_what_a_judged_scan_says(tmp_path, knowledge):
    """Over many forms of records; devices that a scan joins of several records are left out."""
    rows = [row(number, 5) for number in range(60)]
    write(tmp_path / "in" / "a.parquet", rows)
    parts = [tmp_path / "in" / "a.parquet"]
    stores = []
    for make, name in ((fleet, "f"), (scanned, "s")):
        store, before = make(parts, tmp_path / name, knowledge)
        ids = sorted(store.read(before.scan_id, "devices", ["device_id"])["device_id"].to_pylist())
        findings = sorted(store.read(before.scan_id, "findings", ["finding_id"])["finding_id"].to_pylist())
        for device in ids[::7]:
            judge(store, "correct", device, "brand=axis")
        for finding in findings[::31]:
            judge(store, "suppress", finding)
        stores.append((ids, findings, *make(parts, tmp_path / name, knowledge)))
    (ids, findings, store, outcome), (other_ids, other_findings, other, scan) = stores
    assert (ids, findings) == (other_ids, other_findings)
    tables = ("devices", "device_identifiers", "attributions", "findings", "judgements", "rollups")
    ours, theirs = said(store, outcome.scan_id, *tables), said(other, scan.scan_id, *tables)
    for table in tables:
        assert len(ours[table]) == len(theirs[table]), table
    for table in ("devices", "attributions", "judgements"):
        assert ours[table] == theirs[table], table
    keys = ("device_id", "category", "likelihood", "risk", "lower", "upper")
    scores = [
        sorted((*(one[key] if isinstance(one[key], str) else round(one[key], 9) for key in keys),)
               for one in opened.read(scan_id, "scores").to_pylist())
        for opened, scan_id in ((store, outcome.scan_id), (other, scan.scan_id))
    ]  # fmt: skip
    assert scores[0] == scores[1]
    store.close(), other.close()


def test_merging_is_told_of_and_not_done(parts, tmp_path, knowledge):
    store, before = fleet(parts, tmp_path / "s", knowledge)
    judge(store, "merge", "serial:SN-1001", "serial:SN-1101")
    told = []
    store, after = fleet(parts, tmp_path / "s", knowledge, told)
    assert (after.scan_id, after.is_new) == (before.scan_id, False)
    assert told == [
        "judgements: merge or split, 1: records of a fleet are not joined; not taken in, `scan` takes them"
    ]
    store.close()
