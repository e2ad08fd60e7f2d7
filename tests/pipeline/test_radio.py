"""Frames of radio through the whole program, and places in logs by what they count."""

import struct
import tomllib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "ingest" / "dissect" / "examples"
STATION = "00:12:4b:00:01:02:03:04"
LOG = (
    '{"ts":1700000000.0,"uid":"C1","id.orig_h":"192.168.1.5","id.orig_p":40000,"id.resp_h":"50.0.0.1",'
    '"id.resp_p":443,"proto":"tcp","duration":1.0,"orig_bytes":900,"resp_bytes":90,"conn_state":"SF",'
    '"orig_pkts":9,"orig_ip_bytes":1300,"resp_pkts":9,"resp_ip_bytes":500,"orig_l2_addr":"00:1a:22:01:02:03"}\n'
)


def capture(name, link, path):
    """Write the examples of a protocol as a capture of a link type without check sequences."""
    payloads = [
        bytes.fromhex(one["hex"]) for one in tomllib.loads((EXAMPLES / f"{name}.toml").read_text())["example"]
    ]
    records = [
        struct.pack("<IIII", at, 0, len(one), len(one)) + one
        for at, one in enumerate(payloads, 1_700_000_000)
    ]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link) + b"".join(records))
    return path


@pytest.fixture(scope="module")
def store(beholden, tmp_path_factory):
    folder = tmp_path_factory.mktemp("radio")
    paths = [capture("wpan", 230, folder / "wpan.pcap"), capture("wifi", 105, folder / "wifi.pcap")]
    beholden.good("scan", *paths, "--store", folder / "store", "--no-report")
    return folder / "store"


def test_a_lamp_is_its_extended_address_and_what_it_said_under_its_short_one(beholden, store):
    (lamp,) = beholden.json("show", "devices", "--where", f"macs={STATION}", "--store", store)
    assert lamp["macs"] == [STATION]
    assert lamp["brand"]["name"] == "IKEA"
    assert beholden.json("explain", STATION, "--store", store)["device"] == lamp["device"]


def test_an_aircraft_is_named_by_its_serial_number(beholden, store):
    proof = beholden.json("explain", "1596F3A1B2C3D4E5F607", "--store", store)
    assert proof["document"]["kind"] == "drone"
    assert proof["document"]["brand"] is None


def test_a_destination_in_a_log_is_told_by_its_line(beholden, tmp_path):
    (tmp_path / "conn.log").write_text(LOG, "utf-8")
    beholden.good("scan", tmp_path / "conn.log", "--store", tmp_path / "store", "--no-report")
    (one,) = beholden.json("explain", "192.168.1.5", "--store", tmp_path / "store")["exposures"]
    assert one["line"] == 1
    assert "frame" not in one
