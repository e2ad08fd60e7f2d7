"""Bills of materials, usage descriptions and exported flows on their way through the stages."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

CASES = Path(__file__).parents[1] / "ingest" / "exports" / "cases"
CAMERA = "00:11:22:33:44:55"


@pytest.fixture(scope="module")
def scanned(beholden, tmp_path_factory):
    """Give the store of a scan of a camera's bill, its usage description and a network that it is not in."""
    store = tmp_path_factory.mktemp("bills")
    cases = ("cyclonedx_json_1_6", "spdx_2_3_json", "mud", "netflow_ipfix")
    paths = [next((CASES / case).glob("input.*")) for case in cases]
    scan = beholden.json("scan", *paths, "--store", store, "--no-report")["scan"]
    return store, store / "scans" / scan


def test_parts_are_components_with_their_place(scanned, beholden):
    store, folder = scanned
    devices = beholden.json("show", "devices", "--store", store)
    camera = next(one for one in devices if CAMERA in one["macs"])
    rows = [
        one
        for one in pq.read_table(folder / "components.parquet").to_pylist()
        if one["device_id"] == camera["device"]
    ]
    told = {(one["role"], one["name"], one["version"]): (one["locator_kind"], one["locator"]) for one in rows}
    assert told["library", "openssl", "3.0.2"] == ("row", 7)
    assert told["module", "EC25-E", "R06"] == ("row", 3)
    assert told["firmware", "axcam-firmware", "2.4.1"] == ("row", 6)
    assert camera["model"] == "AX-CAM 200"
    assert camera["module"] is not None


def test_a_firmware_is_a_device_of_its_own_and_a_description_is_none(scanned):
    _, folder = scanned
    held = pq.read_table(folder / "device_identifiers.parquet").to_pylist()
    assert {one["identifier"] for one in held if one["identifier_kind"] == "firmware"} == {"abcd" * 16}
    assert not [one for one in held if one["identifier_kind"] == "mud"]
    observed = pq.read_table(folder / "observations.parquet").to_pylist()
    assert {one["subject"] for one in observed if one["subject_kind"] == "mud"} == {
        "https://mud.acme.example/axcam200.json"
    }


def test_exported_flows_make_devices_and_exposures(scanned):
    _, folder = scanned
    flows = pq.read_table(folder / "flows.parquet").to_pylist()
    assert len(flows) == 138
    outward = [one for one in flows if one["server_ip"] == "54.77.10.1"]
    assert outward
    assert all(one["client_device_id"] for one in outward)
    exposed = {one["device_id"] for one in pq.read_table(folder / "exposures.parquet").to_pylist()}
    assert {one["client_device_id"] for one in outward} & exposed
