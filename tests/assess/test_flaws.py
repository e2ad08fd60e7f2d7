"""The table `device_flaws`: which flaw, by which product and version, and by when it is to be fixed."""

import pytest
from tests.assess.world import Device, context

from beholden.assess.flaws import device_flaws

FLEET = {
    "old": {"brand": "acme", "model": "AC-100", "firmware": "1.4.1"},
    "fixed": {"brand": "acme", "model": "AC-100", "firmware": "2.1"},
    "silent": {"brand": "acme", "model": "AC-100"},
    "listed": {"brand": "acme", "model": "ZZ-9", "firmware": "3"},
    "every": {"brand": "acme", "model": "AC-300"},
    "other": {"brand": "free", "model": "AC-100", "firmware": "1.4.1"},
}


@pytest.fixture
def flaws(engine):
    """Give the table as a dictionary: device and CVE id → row."""
    made = context(engine, {name: Device(claims=tuple(fields.items())) for name, fields in FLEET.items()})
    rows = engine.collect(device_flaws(made.judged)).to_pylist()
    return {(row["device_id"], row["cve"]): row for row in rows}


def test_of_a_known_version_only_what_it_has(flaws):
    assert {key for key in flaws if key[0] in ("old", "fixed", "other")} == {
        ("old", "CVE-1-1"),
        ("old", "CVE-1-3"),
    }
    row = flaws["old", "CVE-1-1"]
    assert (row["is_affected"], row["version"], row["affected"]) == (True, "1.4.1", "from 1.0 before 1.4.2")
    assert (row["product"], row["cvss"], row["is_exploited"]) == (
        "AC-100 firmware",
        pytest.approx(9.8, abs=1e-6),
        True,
    )
    assert row["fact_id"]


def test_of_an_unknown_version_all_are_possible(flaws):
    assert {key[1] for key in flaws if key[0] == "silent"} == {"CVE-1-1", "CVE-1-3"}
    assert not flaws["silent", "CVE-1-1"]["is_affected"]
    assert flaws["silent", "CVE-1-1"]["version"] is None


def test_a_listed_flaw_without_record_is_possible(flaws):
    row = flaws["listed", "CVE-1-2"]
    assert (row["is_affected"], row["affected"], row["product"], row["fact_id"]) == (
        False,
        None,
        "ZZ-9",
        None,
    )
    assert row["due_if_exposed"] is None  # nobody rated it


def test_a_flaw_of_all_versions_needs_none(flaws):
    row = flaws["every", "CVE-1-5"]
    assert (row["is_affected"], row["affected"]) == (True, "all versions")


def test_the_time_to_fix_follows_the_decision_table(flaws):
    due = {
        cve: (row["due_if_exposed"], row["due_if_internal"])
        for (name, cve), row in flaws.items()
        if name in ("old", "every")
    }
    assert due == {
        "CVE-1-1": ("3 days and forensic investigation", "3 days and forensic investigation"),
        "CVE-1-3": ("60 days", "at the next upgrade"),
        "CVE-1-5": ("60 days", "at the next upgrade"),
    }
