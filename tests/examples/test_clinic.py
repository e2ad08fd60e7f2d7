"""The bundled clinic: its captures hold what its README says, and can be recorded again."""

import csv
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CLINIC = Path(__file__).resolve().parents[2] / "examples" / "clinic"
README = (CLINIC / "README.md").read_text(encoding="utf-8")
DEVICES = tomllib.loads((CLINIC / "clinic.toml").read_text(encoding="utf-8"))["device"]
LIMITS = {"clinic.pcapng": 5_000_000, "tiny.pcap": 60_000, "router.pcap": 60_000}

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def rows(heading):
    """Give the cells of the first table under a heading of the README."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def filters():
    return [(row[0], re.fullmatch("`(.+)`", row[2]).group(1)) for row in rows("What can be seen")]


def count(capture, wanted):
    """Count frames by each display filter, in one pass."""
    told = ",".join(["io", "stat", "0", *wanted])
    done = subprocess.run(
        ["tshark", "-r", str(CLINIC / capture), "-q", "-z", told], capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if "<>" in line]
    return [int(cell) for cell in line.split("|")[2:-1]][::2]


def frames_of_pcap(path):
    data = path.read_bytes()
    assert struct.unpack_from("<I", data)[0] in (0xA1B2C3D4, 0xA1B23C4D)
    frames, place = [], 24
    while place < len(data):
        length = struct.unpack_from("<I", data, place + 8)[0]
        frames.append(data[place + 16 : place + 16 + length])
        place += 16 + length
    assert place == len(data)
    return frames


def frames_of_pcapng(path):
    data = path.read_bytes()
    assert data[:4] == b"\n\r\r\n"
    frames, place = [], 0
    while place < len(data):
        kind, length = struct.unpack_from("<II", data, place)
        assert struct.unpack_from("<I", data, place + length - 4)[0] == length
        if kind == 6:
            captured = struct.unpack_from("<I", data, place + 20)[0]
            frames.append(data[place + 28 : place + 28 + captured])
        place += length
    assert place == len(data)
    return frames


def frames(name):
    path = CLINIC / name
    return frames_of_pcapng(path) if path.suffix == ".pcapng" else frames_of_pcap(path)


def macs(name):
    return {frame[at : at + 6].hex(":") for frame in frames(name) for at in (0, 6)}


@pytest.mark.parametrize("name", LIMITS)
def test_capture_is_small_and_whole(name):
    assert (CLINIC / name).stat().st_size < LIMITS[name]
    seen = frames(name)
    assert len(seen) > 30
    assert max(map(len, seen)) <= 1514  # what an Ethernet wire carries: no offloaded segments


def test_no_packet_tells_of_the_recording_machine():
    everything = b"".join((CLINIC / name).read_bytes() for name in LIMITS)
    for told in (os.uname().release.encode(), b"/tmp/", b"site-packages", b"root@"):
        assert told not in everything


def test_readme_names_every_device():
    told = {row[0]: (row[2].strip("`"), row[4]) for row in rows("Who is who")}
    assert told == {device["name"]: (device["mac"], device["address"]) for device in DEVICES}


def test_every_device_on_the_bridge_shows_its_mac_and_those_behind_the_router_do_not():
    seen = macs("clinic.pcapng")
    behind = {device["mac"] for device in DEVICES if device.get("behind")}
    assert {device["mac"] for device in DEVICES} - seen == behind
    assert len(behind) == 2


def test_router_capture_has_a_foreign_address_under_the_routers_mac():
    router = next(bytes.fromhex(d["mac"].replace(":", "")) for d in DEVICES if d.get("router"))
    plc = bytes(map(int, next(d["address"] for d in DEVICES if d["name"] == "plc").split(".")))
    carried = [
        f for f in frames("router.pcap") if f[12:14] == b"\x08\x00" and f[26:30] == plc and f[6:12] == router
    ]
    assert carried


def test_inventory_agrees_with_the_network_and_has_gaps():
    with (CLINIC / "inventory.csv").open(encoding="utf-8", newline="") as file:
        assets = list(csv.DictReader(file))
    listed = {re.sub("[^0-9a-f]", "", asset["mac"].lower()) for asset in assets if asset["mac"]}
    there = {device["mac"].replace(":", "") for device in DEVICES}
    assert listed < there
    assert len(there) / 3 < len(listed) < len(there) * 2 / 3
    assert all(0 <= float(asset["criticality"]) <= 1 for asset in assets)
    assert any(not asset["firmware"] for asset in assets)


@needs_tshark
def test_every_protocol_of_the_readme_is_in_the_capture():
    told = filters()
    assert len(told) > 30
    counts = count("clinic.pcapng", [wanted for _, wanted in told])
    assert len(counts) == len(told)
    missing = [name for (name, _), n in zip(told, counts, strict=True) if n == 0]
    assert not missing


@needs_tshark
def test_tiny_capture_has_a_lease_a_name_and_a_session():
    wanted = ["dhcp", "arp", "dns.a", "tls.handshake.type == 1", "tls.handshake.type == 11", "mqtt"]
    assert all(count("tiny.pcap", wanted))


@needs_tshark
def test_checksums_are_those_of_a_wire():
    broken = "ip.checksum.status == 0 or tcp.checksum.status == 0 or udp.checksum.status == 0"
    options = [f"{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    command = ["tshark", "-r", str(CLINIC / "clinic.pcapng"), "-Y", broken]
    command += [part for option in options for part in ("-o", option)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def why_not_record():
    if os.environ.get("BEHOLDEN_RECORD") != "1":
        return "BEHOLDEN_RECORD is not 1"
    if os.geteuid() != 0:
        return "needs root"
    packages = ("aioquic", "async_upnp_client", "pymodbus", "wsdiscovery", "zeroconf")
    absent = [package for package in packages if not importlib.util.find_spec(package)]
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    absent += [tool for tool in ("tcpdump", "dnsmasq", "lldpd", "nginx") if not shutil.which(tool, path=path)]
    return f"not installed: {', '.join(absent)}" if absent else ""


@pytest.mark.skipif(bool(why_not_record()), reason=why_not_record() or "ready")
def test_recorder_records_and_leaves_nothing(tmp_path):
    before = set(Path("/sys/class/net").iterdir())
    command = [sys.executable, str(CLINIC / "record.py"), "tiny.pcap", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr
    assert len(frames_of_pcap(tmp_path / "tiny.pcap")) > 30
    assert set(Path("/sys/class/net").iterdir()) == before
