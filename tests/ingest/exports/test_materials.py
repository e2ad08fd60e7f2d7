"""Of whom a bill of materials speaks, and that JSON, XML, tag-value and JSON-LD of one bill say the same."""

import json
import time
from pathlib import Path

import pytest

from beholden.ingest.formats import reader_of, recognise
from beholden.ingest.read import Options

CASES = Path(__file__).parent / "cases"
URN = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"


def said(path, data=None):
    """Give what a bill says: (locator, subject, property, value), and the problems told."""
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    problems = []
    kind, reason = recognise(path.read_bytes(), path)
    assert kind, reason
    read = reader_of(kind).read(path, "e" * 64, report=problems.append, options=Options())
    rows = read.observations.to_pylist()
    told = [
        (row["locator"], (row["subject_kind"], row["subject"]), row["property"], row["value"]) for row in rows
    ]
    return told, [str(one) for one in problems]


def bill(main, *components, **more):
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": URN,
        "metadata": {"component": main},
        "components": list(components),
        **more,
    }


def of(told, *names):
    return sorted(value for _, _, name, value in told if name in names)


@pytest.mark.parametrize(
    ("main", "subject"),
    [
        (
            {"properties": [{"name": "cdx:device:macAddress", "value": "00-11-22-33-44-55"}]},
            ("mac", "00:11:22:33:44:55"),
        ),
        ({"properties": [{"name": "cdx:device:serialNumber", "value": "SN-12345"}]}, ("serial", "SN-12345")),
        ({"properties": [{"name": "acme:Serial Number", "value": "SN-12345"}]}, ("serial", "SN-12345")),
        ({"properties": [{"name": "cdx:device:serialNumber", "value": "n/a"}]}, ("firmware", URN)),
        ({"hashes": [{"alg": "SHA-1", "content": "AB" * 20}]}, ("firmware", "sha1:" + "ab" * 20)),
        (
            {"hashes": [{"alg": "SHA-512", "content": "AB" * 64}, {"alg": "SHA-256", "content": "CD" * 32}]},
            ("firmware", "cd" * 32),
        ),
        ({}, ("firmware", URN)),
    ],
)
def test_a_bill_speaks_of_the_device_else_of_the_firmware_else_of_itself(tmp_path, main, subject):
    told, _ = said(
        tmp_path / "a", bill({"type": "device", "name": "cam", **main}, {"type": "library", "name": "z"})
    )
    assert {one for _, one, _, _ in told} == {subject}


def test_a_device_may_have_several_addresses_under_one_name(tmp_path):
    addresses = [{"name": "cdx:device:macAddress", "value": f"00:11:22:33:44:5{at}"} for at in range(3)]
    told, _ = said(tmp_path / "a", bill({"type": "device", "name": "cam", "properties": addresses}))
    assert {one for _, one, _, _ in told} == {("mac", "00:11:22:33:44:50")}
    assert of(told, "mac") == ["00:11:22:33:44:51", "00:11:22:33:44:52"]


def test_without_a_number_a_bill_is_known_by_the_evidence(tmp_path):
    document = bill({"type": "firmware", "name": "fw"})
    del document["serialNumber"]
    told, _ = said(tmp_path / "a", document)
    assert {one for _, one, _, _ in told} == {("firmware", "sbom:" + "e" * 64)}


def test_the_version_of_a_device_is_not_that_of_its_firmware(tmp_path):
    part = {"type": "firmware", "name": "fw", "version": "2"}
    told, _ = said(tmp_path / "a", bill({"type": "device", "name": "cam", "version": "rev B"}, part))
    assert of(told, "inventory.firmware") == []
    told, _ = said(tmp_path / "a", bill(part))
    assert of(told, "inventory.firmware") == ["2"]
    assert of(told, "inventory.model") == []


def test_parts_have_their_place_and_a_name_can_be_parted_from_its_version(tmp_path):
    inner = {"type": "library", "name": "@scope/ui", "version": "1@2"}
    told, problems = said(
        tmp_path / "a",
        bill(
            {"type": "device", "name": "cam"},
            {"type": "device", "name": "EC25", "components": [inner, {"type": "library"}]},
            {"type": "file", "name": "LICENSE"},
            {"type": "operating-system", "name": "linux"},
        ),
    )
    parts = [(place, name, value) for place, _, name, value in told if name.startswith("sbom.")]
    assert parts[parts[0][1] == "sbom.name" :] == [
        (2, "sbom.module", "EC25@"),
        (3, "sbom.library", "@scope/ui@1%402"),
        (6, "sbom.library", "linux@"),
    ]
    assert [problem.partition(", ")[2] for problem in problems] == ["part 4: a part without a name; left out"]


def test_what_is_said_of_flaws_names_the_part_or_the_reference(tmp_path):
    flaws = [
        {
            "id": "CVE-2024-1",
            "analysis": {"state": "not_affected"},
            "affects": [{"ref": "one"}, {"ref": "urn:cdx:x/1#y"}],
        },
        {"id": "CVE-2024-2"},
        {"affects": [{"ref": "one"}]},
    ]
    part = {"type": "library", "name": "z", "version": "1", "bom-ref": "one"}
    told, _ = said(tmp_path / "a", bill({"type": "firmware", "name": "fw"}, part, vulnerabilities=flaws))
    assert [(place, value) for place, _, name, value in told if name == "sbom.flaw"] == [
        (1, "CVE-2024-1 not_affected urn:cdx:x/1#y"),
        (1, "CVE-2024-2 unstated"),
        (2, "CVE-2024-1 not_affected z@1"),
    ]


def test_every_form_of_spdx_says_the_same():
    told = {
        case: said(next((CASES / case).glob("input.*")))[0] for case in ("spdx_2_3_json", "spdx_2_3_tags")
    }
    assert told["spdx_2_3_json"] == told["spdx_2_3_tags"]
    linked, _ = said(CASES / "spdx_3_0" / "input.json")
    shared = {row for row in told["spdx_2_3_json"] if row[0] < 3 and "supplier" not in row[2]}
    assert shared <= {*linked}


def test_what_comes_before_damage_in_xml_is_kept(tmp_path):
    whole = (CASES / "cyclonedx_xml_1_5" / "input.xml").read_bytes()
    every, _ = said(tmp_path / "a", whole)
    part, problems = said(tmp_path / "a", whole[: whole.index(b"busybox") + 40])
    assert (
        of(part, "sbom.firmware", "inventory.vendor") == of(every, "sbom.firmware", "inventory.vendor") != []
    )
    assert len(part) < len(every)
    assert len(problems) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"SPDXVersion: SPDX-2.3\n" + b"PackageComment: <text>\n" * 200_000,
        b'{"bomFormat": "CycloneDX", "components": ' + b'[{"components": ' * 200 + b"[]" + b"}]" * 200 + b"}",
    ],
)
def test_hostile_bills_take_no_long_time(tmp_path, data):
    begin = time.process_time()
    said(tmp_path / "a", data)
    assert time.process_time() - begin < 5


def test_a_list_that_a_description_names_often_is_read_once(tmp_path):
    ace = {"matches": {"udp": {"destination-port": {"port": 1}}}, "actions": {"forwarding": "accept"}}
    document = {
        "ietf-mud:mud": {
            "mud-url": "https://acme.example/cam",
            "from-device-policy": {"access-lists": {"access-list": [{"name": "a"}] * 5000}},
        },
        "ietf-access-control-list:acls": {"acl": [{"name": "a", "aces": {"ace": [ace] * 5000}}]},
    }
    begin = time.process_time()
    told, _ = said(tmp_path / "a", document)
    assert of(told, "mud.allows") == ["out udp/1 any"]
    assert time.process_time() - begin < 5


def test_a_description_without_its_address_is_told_of(tmp_path):
    told, problems = said(tmp_path / "a", {"ietf-mud:mud": {"mfg-name": "Acme"}})
    assert told == []
    assert [problem.partition(": ")[2] for problem in problems] == [
        "a description without its address; left out"
    ]
