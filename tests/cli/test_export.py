"""`export vex`: what a bill, an inventory and a maker's document come to, written in every form and read again."""

import json
import shutil

import pytest
from tests.conftest import ROOT

CASES = ROOT / "tests" / "ingest" / "exports" / "cases"
INVENTORY = """mac,vendor,model,firmware
00:11:22:33:44:66,D-Link,DIR-645,1.03
00:11:22:33:44:67,D-Link,DIR-645,
"""


def statement(flaw, state):
    product = {"@id": "cpe:2.3:o:dlink:dir-645_firmware:1.03:*:*:*:*:*:*:*"}
    return {
        "vulnerability": {"name": flaw},
        "products": [product],
        "status": state,
        "justification": "component_not_present",
    }


@pytest.fixture(scope="module")
def store(beholden, tmp_path_factory):
    """Scan two routers of one model, a camera's bill, and what the routers' maker states."""
    folder = tmp_path_factory.mktemp("vex")
    (folder / "in").mkdir()
    (folder / "in" / "inventory.csv").write_text(INVENTORY, "utf-8")
    shutil.copy(CASES / "cyclonedx_json_1_6" / "input.json", folder / "in" / "bill.json")
    made = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "D-Link", "version": 1,
            "timestamp": "2026-11-02T08:00:00Z", "statements": [statement("CVE-2015-2051", "not_affected")]}  # fmt: skip
    (folder / "in" / "vex.json").write_text(json.dumps(made), "utf-8")
    beholden.good("scan", folder / "in", "--store", folder / "store", "--no-report")
    return folder / "store"


def test_a_maker_s_statement_decides_for_the_version_it_speaks_of(beholden, store):
    rows = beholden.json("show", "flaws", "--store", store, "--where", "cve=CVE-2015-2051")
    by_version = {row["version"]: row for row in rows}
    assert {version: row["status"] for version, row in by_version.items()} == {
        "1.03": "not_affected",
        None: "possible",
    }
    told = by_version["1.03"]
    assert (told["stated_by"], told["justification"], told["locator"]) == (
        "D-Link",
        "component_not_present",
        1,
    )


def test_a_bill_decides_for_its_device(beholden, store):
    rows = beholden.json("show", "flaws", "--store", store, "--where", "cve=CVE-2022-0778")
    assert [(row["component"], row["status"], row["stated_by"]) for row in rows] == [
        ("openssl@3.0.2", "fixed", "Acme Cameras GmbH")
    ]


@pytest.mark.parametrize("form", ["csaf", "cyclonedx", "openvex"])
def test_every_form_is_written_and_read_again(beholden, store, form, tmp_path):
    out = tmp_path / "vex.json"
    beholden.good("export", "vex", "--store", store, "--format", form, "--author", "A user", "--out", out)
    said = beholden.good("export", "vex", "--store", store, "--format", form, "--author", "A user")
    assert json.loads(out.read_text("utf-8")) == json.loads(said)
    beholden.good("scan", out, "--store", tmp_path / "store", "--strict", "--no-report")


def test_without_flaws_there_is_one_line(beholden, tmp_path):
    (tmp_path / "inventory.csv").write_text("mac,vendor,model\n00:11:22:33:44:66,Nobody,Nothing\n", "utf-8")
    beholden.run("scan", tmp_path / "inventory.csv", "--store", tmp_path / "store")
    done = beholden.run("export", "vex", "--store", tmp_path / "store")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "no flaw to speak of" in done.stderr
