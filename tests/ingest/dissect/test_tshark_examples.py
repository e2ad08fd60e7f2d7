"""The examples are what they claim: tshark, given them as packets, shows the values that we read."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests.ingest.dissect.test_examples import examples, payload_of

from beholden.ingest.dissect.registry import PROTOCOLS, Protocol

KNOWN = [
    *("bacnet", "coap", "dicom", "dnp3", "enip", "ftp", "goose", "iec104", "knxip", "modbus", "mndp", "ntp"),
    *("opcua", "profinet", "rtsp", "s7comm", "sip", "snmp", "ssh", "sv", "telnet"),
]
UNLIKE = {
    "bacnet.vendor_id": "shown with a name",
    "coap.request": "put together",
    "coiot.device": "an option it does not know",
    "enip.serial": "shown with 0x",
    "lwm2m.objects": "put together",
    "ntp.reference": "shown with a name",
    "profinet.device_id": "put together",
    "s7.firmware": "shown in parts",
    "telnet.banner": "put together of two lines",
    "snmp.object_id": "shown as a name where one is known",
    "knx.serial": "shown with colons",
    "dnp3.outstation": "a number, which may stand anywhere",
}


def framed(protocol: Protocol, payload: bytes, number: int, *, is_server: bool) -> bytes:
    """Put a payload into an Ethernet frame of the protocol's port, in a conversation of its own."""
    stations = bytes.fromhex("020000000002020000000001")
    port = protocol.ports[0]
    if protocol.transport == "ethertype":
        return stations + port.to_bytes(2) + payload
    ports = struct.pack(">HH", *((port, 40000) if is_server else (40000, port)))
    if protocol.transport == "udp":
        segment, kind = ports + struct.pack(">HH", 8 + len(payload), 0) + payload, 17
    else:
        segment, kind = ports + struct.pack(">IIBBHHH", 1, 1, 0x50, 0x18, 512, 0, 0) + payload, 6
    hosts = bytes([10, 0, 0, 1 + number, 10, 0, 1, 1 + number])
    return (
        stations
        + b"\x08\0"
        + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, kind, 0)
        + hosts
        + segment
    )


def shown(frames: list[bytes], file: Path) -> list[str]:
    """Return what tshark shows of each frame."""
    records = [struct.pack("<IIII", at, 0, len(one), len(one)) + one for at, one in enumerate(frames)]
    file.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
    command = ["tshark", "-n", "-V", "-r", str(file)]
    done = subprocess.run(command, capture_output=True, check=False)
    return ("\n" + done.stdout.decode(errors="replace")).split("\nFrame ")[1:]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", KNOWN)
def test_tshark_shows_the_same(name: str, tmp_path: Path) -> None:
    protocol = next(one for one in PROTOCOLS if one.name == name)
    told = [one for one in examples(protocol) if one["seen"]]
    ways = [(payload_of(one), is_server) for one in told for is_server in (True, False)]
    frames = [framed(protocol, way[0], at, is_server=way[1]) for at, way in enumerate(ways)]
    texts = shown(frames, tmp_path / "examples.pcap")
    for at, example in enumerate(told):
        text = texts[2 * at] + texts[2 * at + 1]
        for _, label, value in example["seen"]:
            assert label in UNLIKE or value in text, (example["title"], label, value)
