"""Frames of radio are what the examples claim: tshark, given them, shows the values that we read."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests.ingest.dissect.test_examples import examples, payload_of

from beholden.ingest.dissect.registry import PROTOCOLS

LINKS = {"ble": 251, "wpan": 230, "wifi": 105}
UNLIKE = {
    "ble.address": "two bits of the address",
    "ble.appearance": "shown with names",
    "ble.beacon": "bytes that it does not know",
    "ble.service": "shown with 0x or a name",
    "mibeacon.product": "bytes that it does not know",
    "matter.device": "bytes that it does not know",
    "wpan.address": "put together",
    "wpan.role": "put together of bits",
    "wifi.element": "put together",
    "wps.type": "shown with names",
}
_BYTES = ("drone.",)
"""Beginnings of properties that tshark shows as bytes only."""


def shown(name: str, payloads: list[bytes], file: Path) -> list[str]:
    """Return what tshark shows of each frame."""
    if name == "ble":
        payloads = [struct.pack("<I", 0x8E89BED6) + one + bytes(3) for one in payloads]
    records = [struct.pack("<IIII", at, 0, len(one), len(one)) + one for at, one in enumerate(payloads)]
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKS[name])
    file.write_bytes(head + b"".join(records))
    done = subprocess.run(["tshark", "-n", "-V", "-r", str(file)], capture_output=True, check=False)
    return ("\n" + done.stdout.decode(errors="replace")).split("\nFrame ")[1:]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", LINKS)
def test_tshark_shows_the_same(name: str, tmp_path: Path) -> None:
    protocol = next(one for one in PROTOCOLS if one.name == name)
    told = [one for one in examples(protocol) if one["seen"]]
    texts = shown(name, [payload_of(one) for one in told], tmp_path / "examples.pcap")
    for text, example in zip(texts, told, strict=True):
        assert "Malformed" not in text, example["title"]
        for about, label, value in example["seen"]:
            kind, _, subject = about.partition(" ")
            if kind in ("mac", "ble", "eui64"):
                assert subject in text, (example["title"], about)
            elif kind == "short":
                assert all(f"0x{part}" in text for part in subject.split(":")), (example["title"], about)
            is_shown = label not in UNLIKE and not label.startswith(_BYTES)
            assert not is_shown or value in text, (example["title"], label, value)


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_would_notice(tmp_path: Path) -> None:
    """The comparison can fail: another address is not shown."""
    protocol = next(one for one in PROTOCOLS if one.name == "ble")
    payload = bytearray(payload_of(examples(protocol)[0]))
    payload[2] ^= 1
    assert (
        examples(protocol)[0]["seen"][0][0].split(" ")[1]
        not in shown("ble", [bytes(payload)], tmp_path / "one.pcap")[0]
    )
