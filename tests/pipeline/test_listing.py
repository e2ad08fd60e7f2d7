"""What is found in columns, on condensed tables too, is what a filter over all documents finds."""

import sys
from pathlib import Path

import pytest

from beholden.engine.store import Store
from beholden.model.errors import BeholdenError
from beholden.pipeline.documents import OWN, TABLES_OF, device_documents
from beholden.pipeline.explain import explain, find_device
from beholden.pipeline.listing import listing
from beholden.pipeline.summary import label, summary
from beholden.pipeline.where import parse, select

sys.path.append(str(Path(__file__).parents[1]))
from condensing import condense, spread

FLEET = 40
CONDITIONS = [
    ("kind=camera",), ("kind!=camera",), ("kind=null",), ("model~1",), ("site=null",), ("site!=Hall 3",),
    ("criticality>0.3",), ("is_router=false",), ("macs~00:1b:1b:00:00:0",), ("macs=null",),
    ("macs!=00:1b:1b:00:00:01",), ("serials~x",), ("hostnames!=nobody",), ("brand=null",),
    ("brand.name~hik",), ("owner.jurisdiction=CN",), ("owner.jurisdiction!=CN",), ("listings.list~us",),
    ("flaws.is_exploited=true",), ("flaws=null",),
    ("clouds=null",), ("index>5",), ("coverage<0.4",), ("risks.privacy.risk>0.01",),
    ("risks.exfiltration.findings~exfil",), ("risks~exfil",), ("nothing=null",), ("nothing=1",),
    ("kind=camera", "index>1", "macs~0"),
]  # fmt: skip


@pytest.fixture(scope="module", params=["scanned", "by hand"])
def stores(beholden, tmp_path_factory, request):
    """Give a fleet of three kinds of devices, as it is scanned and condensed by hand."""
    folder = tmp_path_factory.mktemp("listing")
    kinds = ["Hikvision,DS-2CD2143,camera", "Siemens,S7-1200,plc", "Nobody Ltd,M-1,"]
    lines = ["mac,ip,vendor,model,type,site,criticality,serial"]
    for number in range(FLEET):
        site = f"Hall {number % 5}" if number % 4 else ""
        serial = f"X{number}" if number % 2 else ""
        lines.append(
            f"00:1b:1b:00:00:{number:02x},10.0.0.{number + 1},{kinds[number % 3]},{site},0.{number % 2 + 2},{serial}"
        )
    (folder / "fleet.csv").write_text("\n".join(lines) + "\n")
    digest = beholden.json("scan", folder / "fleet.csv", "--store", folder / "s", "--no-report")
    scanned, whole, few = (Store(folder / name) for name in ("s", "whole", "few"))
    spread(scanned, digest["scan"], whole.scans / digest["scan"])
    condense(whole.scans / digest["scan"], few.scans / digest["scan"])
    yield digest["scan"], whole, scanned if request.param == "scanned" else few
    for store in (scanned, whole, few):
        store.close()


def test_the_fleet_is_condensed(stores):
    scan, _, few = stores
    members = few.members(scan)
    assert members.num_rows == FLEET
    assert len(set(members["like_id"].to_pylist())) < FLEET
    assert len(set(members["unit_id"].to_pylist())) < FLEET / 2


@pytest.mark.parametrize("where", CONDITIONS, ids=" and ".join)
def test_devices(stores, where):
    scan, whole, few = stores
    wanted = select(device_documents(whole, scan), [parse(one) for one in where])
    for store in (whole, few):
        found = listing(store, scan, "devices", where)
        assert list(found.rows) == wanted
        assert found.n == len(wanted)
        first = listing(store, scan, "devices", where, 3)
        assert list(first.rows) == wanted[:3]
        assert first.n == len(wanted)


@pytest.mark.parametrize("what", ["makers", "flows", "flaws", "findings"])
@pytest.mark.parametrize("where", [(), ("label~hik",), ("n_devices>12",), ("strength>=0",), ("factor!=V",)])
def test_other_rows(stores, what, where):
    scan, whole, few = stores
    wanted = list(listing(whole, scan, what, where).rows)
    assert list(listing(few, scan, what, where).rows) == wanted
    first = listing(few, scan, what, where, 2)
    assert (list(first.rows), first.n) == (wanted[:2], len(wanted))


def test_makers_count_every_device_once(stores):
    scan, whole, few = stores
    rows = list(listing(few, scan, "makers", ()).rows)
    assert sum(row["n_devices"] for row in rows) == FLEET
    documents = device_documents(whole, scan)
    for row in rows:
        held = [
            one
            for one in documents
            if ((one["maker"] or one["brand"] or {}).get("name") or "unknown") == row["maker"]
        ]
        assert row["n_devices"] == len(held)
        assert row["worst_index"] == max(one["index"] for one in held)


def test_findings_bear_the_label_and_id_of_their_device(stores):
    scan, whole, few = stores
    labels = {one["device"]: label(one) for one in device_documents(whole, scan)}
    rows = list(listing(few, scan, "findings", ("strength>=0",)).rows)
    assert rows
    for row in rows:
        assert row["label"] == labels[row["device"]]
        assert row["finding_id"] == f"{row['device']}:{row['rule_id']}"


def test_the_summary_is_that_of_the_uncondensed(stores):
    scan, whole, few = stores
    for store in (whole, few):
        (folder,) = store.scans.iterdir()
        assert (folder / "runs.parquet").exists()
    assert summary(few, scan) == summary(whole, scan)


def test_explain_is_that_of_the_uncondensed(stores):
    scan, whole, few = stores
    for one in device_documents(whole, scan)[::7]:
        proof = explain(few, scan, one["device"])
        assert proof == explain(whole, scan, one["macs"][0])
        assert all(risk["agrees"] for risk in proof["risks"])
        rows = {place["row"] for claim in proof["identifications"] for place in [claim["evidence"]]}
        assert rows == {int(one["macs"][0][-2:], 16) + 2}, "the device's own line, not that of another"


def test_a_name_of_several_names_them(stores):
    scan, _, few = stores
    first = few.members(scan)["device_id"].to_pylist()[0]
    assert find_device(few, scan, first[:12].upper())["device"] == first
    with pytest.raises(BeholdenError, match="means 40 devices"):
        find_device(few, scan, "")
    with pytest.raises(BeholdenError, match="no device"):
        find_device(few, scan, "hall 1")


def test_every_name_of_a_document_says_where_it_is_from(stores):
    scan, whole, _ = stores
    (one, *_) = device_documents(whole, scan)
    assert set(one) == {*TABLES_OF, *OWN}
