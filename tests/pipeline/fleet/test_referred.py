"""Bills of materials that inventories refer to: parts of each device that refers to one, in a scan and in a fleet."""

import json

import pyarrow.compute as pc
import pytest
from small_fleets import fleet, said, scanned

from beholden.engine.duck import DuckEngine
from beholden.ingest import read
from beholden.ingest.read import Options, ingest
from beholden.ingest.tabular.problems import Problems
from beholden.pipeline.fleet import columns, reading, referring

TABLES = (
    "devices", "device_identifiers", "components", "attributions", "device_flaws", "findings", "scores", "rollups",
)  # fmt: skip
MAKERS = {"scan": scanned, "fleet": fleet}


def bill(name, *parts, number=None, flaw=None):
    """Make a bill in CycloneDX of a firmware with some parts."""
    main = {"type": "firmware", "name": name, "version": "1", "purl": f"pkg:generic/{name}@1"}
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"timestamp": "2020-01-01T00:00:00Z", "component": main},
        "components": [
            {"type": "library", "bom-ref": one, "name": one, "version": "3.0.2",
             "purl": f"pkg:generic/{one}@3.0.2", "cpe": f"cpe:2.3:a:{one}:{one}:3.0.2:*:*:*:*:*:*:*"}
            for one in parts
        ],
    }  # fmt: skip
    if number:
        made["serialNumber"] = number
    if flaw:
        states = {"state": "exploitable", "lastUpdated": "2021-05-05T00:00:00Z"}
        made["vulnerabilities"] = [{"id": flaw, "analysis": states, "affects": [{"ref": parts[0]}]}]
    return json.dumps(made)


def record(number, sbom, **more):
    return {"mac": f"50:c7:bf:00:00:{number:02x}", "vendor": "TP-Link", "type": "camera", "sbom": sbom} | more


def write(path, rows, name="SBOM file"):
    """Write an inventory in CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"mac,vendor,type,{name},last seen"]
    lines += [
        ",".join((one["mac"], one["vendor"], one["type"], one["sbom"], "2026-05-01T00:00:00")) for one in rows
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def parts(store, scan_id):
    """Give what parts each link address has, from which file."""
    of = {one["device_id"]: one["identifier"] for one in store.read(scan_id, "device_identifiers").to_pylist()
          if one["identifier_kind"] == "mac"}  # fmt: skip
    files = {one["evidence_id"]: one["name"] for one in store.read(scan_id, "evidence").to_pylist()}
    found = {}
    for one in store.read(scan_id, "components").to_pylist():
        if one["role"] == "library":
            told = (one["name"], one["version"], files[one["evidence_id"]].rpartition("/")[2], one["locator"])
            found.setdefault(of[one["device_id"]][-2:], []).append(told)
    return {name: sorted(some) for name, some in found.items()}


@pytest.fixture
def inputs(tmp_path):
    """Give two inventories and what they refer to."""
    folder = tmp_path / "in"
    write(
        folder / "a.csv",
        [
            *(record(at, "boms/one.cdx.json") for at in range(3)),
            record(3, "boms\\two.cdx.json"),
            record(4, ""),
        ],
    )
    write(folder / "x" / "b.csv", [record(5, "own.json"), record(6, "boms/one.cdx.json")], name="sbom")
    for path, text in (
        ("boms/one.cdx.json", bill("one", "busybox", "openssl", flaw="CVE-2020-1")),
        ("boms/two.cdx.json", bill("two", "openssl")),
        ("x/own.json", bill("own", "zlib")),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


WANTED = {
    **{f"0{at}": [("busybox", "3.0.2", "one.cdx.json", 2), ("openssl", "3.0.2", "one.cdx.json", 3)]
       for at in (0, 1, 2, 6)},
    "03": [("openssl", "3.0.2", "two.cdx.json", 2)],
    "05": [("zlib", "3.0.2", "own.json", 2)],
}  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_parts_belong_to_each_device_that_refers_to_the_bill(inputs, tmp_path, knowledge, make):
    store, outcome = MAKERS[make]([inputs], tmp_path / "store", knowledge)
    assert outcome.n_devices == 7
    assert parts(store, outcome.scan_id) == WANTED
    flaws = store.read(outcome.scan_id, "device_flaws").to_pylist()
    stated = [one for one in flaws if one["cve"] == "CVE-2020-1"]
    assert len(stated) == 4
    assert {(one["component"], one["status"], one["stated_at"].year) for one in stated} == {
        ("busybox@3.0.2", "affected", 2021)
    }
    seen = store.read(outcome.scan_id, "devices")["first_seen_at"]
    assert pc.min(pc.year(seen)).as_py() in (None, 2026)


def test_a_fleet_and_a_scan_say_the_same(inputs, tmp_path, knowledge):
    store, outcome = fleet([inputs], tmp_path / "fleet", knowledge)
    plain, wanted = scanned([inputs], tmp_path / "scan", knowledge)
    got, want = said(store, outcome.scan_id, *TABLES), said(plain, wanted.scan_id, *TABLES)
    for table in TABLES:
        assert got[table] == want[table], table


def test_alike_bills_make_devices_alike(inputs, tmp_path, knowledge):
    store, outcome = fleet([inputs], tmp_path / "fleet", knowledge)
    members = store.members(outcome.scan_id)
    assert len(set(members["like_id"].to_pylist())) == 4


def test_a_bill_is_read_once_and_is_no_device_of_its_own(inputs, monkeypatch):
    names = []
    reader_of = read.reader_of

    def counting(kind):
        names.append(kind)
        return reader_of(kind)

    monkeypatch.setattr(read, "reader_of", counting)
    told = []
    found = ingest([str(inputs / "a.csv"), str(inputs / "x"), str(inputs)], told.append, Options())
    assert sorted(names) == ["csv", "csv", *["cyclonedx"] * 3]
    assert len(found.bills) == 3
    kinds = {kind for one in found.observations for kind in one["subject_kind"].to_pylist()}
    assert kinds == {"product"}
    assert not told


@pytest.mark.parametrize("make", MAKERS)
def test_a_reference_that_leads_nowhere_is_told_of_once(tmp_path, knowledge, make):
    folder = tmp_path / "in"
    (tmp_path / "secret.json").write_text(bill("s", "zlib"))
    (folder / "sub").mkdir(parents=True)
    (folder / "plain.txt").write_text("nothing")
    outside = str(tmp_path / "secret.json")
    rows = ["gone.json", "gone.json", "../secret.json", outside, "plain.txt", "n/a", "sub", "y" * 300]
    write(folder / "a.csv", [record(at, one) for at, one in enumerate(rows)])
    told = []
    if make == "fleet":
        store, outcome = fleet([folder / "a.csv"], tmp_path / "store", knowledge, told)
        assert outcome.n_devices == 8
        assert not parts(store, outcome.scan_id)
    else:
        found = ingest([str(folder / "a.csv")], lambda one: told.append(str(one)), Options())
        assert not found.bills
        assert not pc.count(found.records[0]["inventory.sbom"]).as_py()
    lines = [one for one in told if "of materials" in one]
    assert len(lines) == 6  # five, and one that counts the rest
    assert "1 more" in lines[-1]
    assert [one for one in lines if "'gone.json' of 2 records" in one]


@pytest.mark.parametrize("name", ["one.cdx.json", "urn:uuid:1", "pkg:generic/one@1"])
def test_bills_among_the_inputs_go_by_names(tmp_path, name):
    inventory, bills = tmp_path / "in" / "a.csv", tmp_path / "bills"
    write(inventory, [record(1, name)], name="bom-ref")
    (bills / "deep").mkdir(parents=True)
    (bills / "deep" / "one.cdx.json").write_text(bill("one", "zlib", number="urn:uuid:1"))
    (bills / "two.cdx.json").write_text(bill("two", "openssl"))
    told = []
    found = ingest([str(inventory), str(bills)], told.append, Options())
    assert len(found.bills) == 1
    assert found.records[0]["inventory.sbom"].to_pylist() == list(found.bills)
    assert "zlib@3.0.2" in next(iter(found.bills.values()))["value"].to_pylist()
    assert not told


def test_a_bill_that_changes_or_comes_changes_the_fleet(inputs, tmp_path, knowledge):
    write(inputs / "c.csv", [record(9, "late.json")])
    told = []
    _, first = fleet([inputs], tmp_path / "store", knowledge, told)
    assert [one for one in told if "late.json" in one]
    store, same = fleet([inputs], tmp_path / "store", knowledge)
    assert not same.is_new
    (inputs / "boms" / "two.cdx.json").write_text(bill("two", "curl"))
    (inputs / "late.json").write_text(bill("late", "xz"))
    store, outcome = fleet([inputs], tmp_path / "store", knowledge)
    assert outcome.is_new
    assert parts(store, outcome.scan_id) == WANTED | {
        "03": [("curl", "3.0.2", "two.cdx.json", 2)],
        "09": [("xz", "3.0.2", "late.json", 2)],
    }
    full, wanted = fleet([inputs], tmp_path / "full", knowledge)
    assert said(store, outcome.scan_id, *TABLES) == said(full, wanted.scan_id, *TABLES)
    (inputs / "boms" / "two.cdx.json").write_text(bill("two", "openssl"))
    (inputs / "late.json").unlink()
    _, back = fleet([inputs], tmp_path / "store", knowledge)
    assert back.scan_id == first.scan_id


def test_columns_of_an_engine_and_of_this_machine_are_read_alike(tmp_path):
    rows = [record(1, "a.json"), record(2, " a.json "), record(3, "b.json"), record(4, ""), record(5, "n/a")]
    rows += [record(6 + at, f"c{at}.json") for at in range(20)]
    write(tmp_path / "a.csv", rows)
    problems = Problems(lambda _: None, "")
    told = []
    with DuckEngine() as engine:
        here = reading.read_here(tmp_path / "a.csv", "csv", (), None, problems)
        there = columns.read(engine, tmp_path / "a.csv", "csv", (), None, problems)
        bills = {"a.json": "1" * 64, "c7.json": "2" * 64}
        for raw in (here, there):
            words, texts, asked = referring.references(engine, raw)
            became = referring.referring(engine, raw, words, texts, bills)
            column = (
                became.words["sbom"].dictionary_decode()
                if raw is here
                else engine.collect(became.frame.select("sbom", "locator")).sort_by("locator")["sbom"]
            )
            told.append((asked, column.to_pylist()))
    assert told[0] == told[1]
    assert told[0][0]["a.json"] == 2
    assert told[0][1][:6] == ["1" * 64, "1" * 64, None, None, None, None]
    assert told[0][1][12] == "2" * 64
