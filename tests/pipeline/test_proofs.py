"""Every finding of the clinic rests on something, and that something is where it says."""

import pyarrow.parquet as pq
import pytest

from beholden.ingest.hashing import file_hash
from beholden.model.properties import PROPERTIES


@pytest.fixture(scope="module")
def tables(beholden, clinic_store):
    (scan,) = beholden.json("show", "scans", "--store", clinic_store)
    folder = clinic_store / "scans" / scan["scan_id"]
    return {path.stem: pq.read_table(path).to_pylist() for path in folder.glob("*.parquet")}


def test_every_finding_that_holds_rests_on_evidence_or_fact(tables):
    rests = {row["finding_id"] for row in tables["finding_evidence"]}
    held = [row for row in tables["findings"] if row["strength"] > 0]
    assert held
    assert [row for row in held if row["finding_id"] not in rests and not row["path"]] == []


def test_places_lie_in_the_evidence(tables, clinic):
    known = {file_hash(clinic / name) for name in ("clinic.pcapng", "inventory.csv")}
    records = {row["evidence_id"]: row["n_records"] for row in tables["evidence"]}
    assert set(records) == known
    for row in tables["finding_evidence"]:
        if row["evidence_id"] is not None and row["locator_kind"] == "frame":
            assert 1 <= row["locator"] <= records[row["evidence_id"]]


def test_facts_that_are_named_are_there_with_their_source(tables):
    facts = {row["fact_id"]: row for row in tables["facts"]}
    paths = (row["path"] for name in ("findings", "finding_evidence", "attributions") for row in tables[name])
    named = {one for path in paths for one in (path or "").split()}
    named |= {row["fact_id"] for row in tables["identifications"] if row["fact_id"]}
    assert named
    assert named <= set(facts)
    for row in facts.values():
        assert row["publisher"]
        assert row["date"]


def test_what_is_observed_has_a_meaning(tables):
    assert {row["property"] for row in tables["observations"]} <= set(PROPERTIES)


@pytest.mark.parametrize(
    "name", ["port.open", "port.used", "http.basic_user", "mqtt.username", "mdns.service"]
)
def test_findings_rest_on(tables, name):
    assert name in {row["property"] for row in tables["finding_evidence"]}


def test_a_default_login_over_telnet_is_told_of_and_its_password_is_not(beholden, clinic_store):
    rows = beholden.json("show", "findings", "--where", "category=prepositioning", "--store", clinic_store)
    camera = [row for row in rows if row["label"] and "DS-2CD2143G2-I" in row["label"]]
    assert any("telnet" in row["detail"].lower() or "23" in row["detail"] for row in camera)


def test_rollups_add_up(tables):
    n = len(tables["devices"])
    for category in {row["category"] for row in tables["scores"]}:
        scores = [row for row in tables["scores"] if row["category"] == category]
        assert len(scores) == n
        for dimension in {row["dimension"] for row in tables["rollups"]}:
            rows = [r for r in tables["rollups"] if (r["dimension"], r["category"]) == (dimension, category)]
            assert sum(row["n_devices"] for row in rows) == n
            assert sum(row["sum_risk"] for row in rows) == pytest.approx(sum(s["risk"] for s in scores))
        bins = [r for r in tables["rollup_bins"] if (r["dimension"], r["category"]) == ("all", category)]
        assert sum(row["n_devices"] for row in bins) == n


def test_contributions_and_components_speak_of_devices_that_are_there(tables):
    devices = {row["device_id"] for row in tables["devices"]}
    for name in ("contributions", "components", "device_listings", "device_identifiers", "exposures"):
        assert tables[name]
        assert {row["device_id"] for row in tables[name]} <= devices
