"""Scores in FIRST's published format, fetched from a server of the test, reach flaws, findings and `explain`."""

import gzip

import pytest
from tests.knowledge.publishing import Answer, make_authority, serving

INVENTORY = (
    "mac,vendor,model,firmware\n"
    "00:17:88:00:00:01,Hikvision,DS-7604NI-M1/4P,V5.00.010\n"
    "00:11:32:00:00:02,Synology,BC500,1.0.5-0185\n"
)
RATED, UNRATED = "CVE-2024-29949", "CVE-2024-5463"
N_SCORES = 100_000


def published():
    """Write scores as FIRST does: a line on the model and the day, then a row for each flaw, all of it packed."""
    rows = {f"CVE-1999-{number:06}": "0.00042,0.05000" for number in range(N_SCORES)} | {
        RATED: "0.91234,0.99876"
    }
    lines = [f"{cve},{scores}" for cve, scores in sorted(rows.items())]
    head = ["#model_version:v2025.03.14,score_date:2026-11-23T12:55:00+0000", "cve,epss,percentile"]
    return gzip.compress("\n".join([*head, *lines, ""]).encode())


@pytest.fixture(scope="module")
def scanned(beholden, tmp_path_factory):
    """Give a program with knowledge of its own into which the scores were fetched, and a store of a scan by it."""
    folder = tmp_path_factory.mktemp("epss")
    env = {"BEHOLDEN_CACHE": str(folder / "cache")}
    authority = make_authority(folder)
    answers = {"epss_scores-current.csv.gz": Answer(published(), "application/gzip")}
    with serving(authority.parent, answers) as (base, _):
        beholden.good("knowledge", "update", "epss", "--from", base, "--ca", authority, env=env)
    (folder / "inventory.csv").write_text(INVENTORY, "utf-8")
    beholden.good("scan", folder / "inventory.csv", "--store", folder / "store", "--no-report", env=env)
    return lambda *words: beholden.json(*words, "--store", folder / "store", env=env)


def test_scores_of_the_day_stand_beside_the_flaws(scanned):
    flaws = {row["cve"]: row["epss"] for row in scanned("show", "flaws")}
    assert flaws == {RATED: pytest.approx(0.91234), UNRATED: None}


def test_the_chance_of_exploitation_is_the_strength_of_the_finding_and_explained(scanned):
    rule = "prepositioning.likely-exploitable-flaw"
    found = {row["device"]: row for row in scanned("show", "findings") if row["rule_id"] == rule}
    strong = {device for device, row in found.items() if row["strength"] == pytest.approx(0.91234)}
    (rated,) = {row["device"] for row in scanned("show", "flaws") if row["cve"] == RATED}
    assert strong == {rated}
    told = str(scanned("explain", rated))
    assert RATED in told
    assert "0.91" in told
