"""Link layers of short-range radio and of 802.11 management: what is selected of them, and what is passed over."""

import io
import struct
import tomllib
from pathlib import Path

import pytest
from tests.ingest.capture.test_bad_input import HEAD, record

from beholden.ingest.capture import read
from beholden.ingest.dissect.registry import PROTOCOLS

EXAMPLES = Path(__file__).parents[1] / "dissect" / "examples"
ADVERTISING = struct.pack("<I", 0x8E89BED6)


def payloads(name):
    return [
        bytes.fromhex(one["hex"]) for one in tomllib.loads((EXAMPLES / f"{name}.toml").read_text())["example"]
    ]


def remainder(data, width, start, polynomial):
    """Divide as the standards draw it: a register of `width` bits that is fed the lowest bit first."""
    register = start
    for bit in (one >> place & 1 for one in data for place in range(8)):
        is_out = register >> width - 1 ^ bit
        register = register << 1 & (1 << width) - 1
        register ^= polynomial if is_out else 0
    mirrored = int(f"{register:0{width}b}"[::-1], 2)
    return mirrored.to_bytes(width // 8, "little")


def advertised(pdu, wrong=0):
    check = bytearray(remainder(pdu, 24, 0x555555, 0x00065B))
    check[0] ^= wrong
    return ADVERTISING + pdu + check


def heard(frame, flags=1):
    return struct.pack("<BbbBIH", 37, -60, -90, 0, 0x8E89BED6, flags) + frame


def with_check(frame, wrong=0):
    check = bytearray(remainder(frame, 16, 0, 0x1021))
    check[1] ^= wrong
    return frame + check


def tap(frame, *fields):
    said = b"".join(
        struct.pack("<HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in fields
    )
    return struct.pack("<BBH", 0, 0, 4 + len(said)) + said + frame


def radiotap(frame, flags=None):
    if flags is None:
        return struct.pack("<BBHI", 0, 0, 8, 0) + frame
    return struct.pack("<BBHIB", 0, 0, 9, 2, flags) + frame


def selected(link, *frames):
    batches, problems = [], []
    data = HEAD[:20] + struct.pack("<I", link) + b"".join(map(record, frames))
    captured = read(io.BytesIO(data), report=problems.append, on_selected=batches.append)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert bool(captured.n_rejected) == bool(problems)
    return [(PROTOCOLS[row["protocol"]].name, row["payload"]) for row in rows], captured.n_rejected


PDU, FRAME, BEACON = payloads("ble")[0], payloads("wpan")[0], payloads("wifi")[0]
CODED = ADVERTISING + b"\x01" + PDU + advertised(PDU)[-3:]
RSSI = (1, struct.pack("<f", -60))


@pytest.mark.parametrize(
    ("link", "frame", "expected"),
    [
        pytest.param(251, advertised(PDU), ("ble", PDU), id="advertising"),
        pytest.param(251, advertised(PDU) + b"\0", ("ble", PDU), id="advertising and more"),
        pytest.param(256, heard(advertised(PDU)), ("ble", PDU), id="with the receiver's header"),
        pytest.param(
            256, heard(advertised(PDU, wrong=1), 0x0C01), ("ble", PDU), id="checked by the receiver"
        ),
        pytest.param(256, heard(CODED, 0x8001), ("ble", PDU), id="LE Coded"),
        pytest.param(195, with_check(FRAME), ("wpan", FRAME), id="802.15.4 with its check sequence"),
        pytest.param(230, FRAME, ("wpan", FRAME), id="802.15.4 without"),
        pytest.param(283, tap(FRAME), ("wpan", FRAME), id="TAP, no fields"),
        pytest.param(283, tap(FRAME, RSSI, (0, b"\0")), ("wpan", FRAME), id="TAP, no check sequence"),
        pytest.param(283, tap(with_check(FRAME), RSSI, (0, b"\1")), ("wpan", FRAME), id="TAP, two bytes"),
        pytest.param(283, tap(FRAME + bytes(4), (0, b"\2")), ("wpan", FRAME), id="TAP, four bytes"),
        pytest.param(105, BEACON, ("wifi", BEACON), id="802.11"),
        pytest.param(127, radiotap(BEACON), ("wifi", BEACON), id="802.11 with radiotap"),
        pytest.param(
            127, radiotap(BEACON + bytes(4), 0x10), ("wifi", BEACON), id="802.11, a check sequence behind"
        ),
    ],
)
def test_selected(link, frame, expected):
    assert selected(link, frame) == ([expected], 0)


@pytest.mark.parametrize(
    ("link", "frame", "n_rejected"),
    [
        pytest.param(251, advertised(PDU, wrong=1), 1, id="advertising, wrong check"),
        pytest.param(251, advertised(PDU)[:-1], 1, id="advertising, cut short"),
        pytest.param(251, struct.pack("<I", 0x12345678) + PDU + bytes(3), 0, id="data of a connection"),
        pytest.param(256, heard(advertised(PDU), 0), 0, id="whitened"),
        pytest.param(256, b"\0" * 9, 1, id="half a header"),
        pytest.param(195, with_check(FRAME, wrong=1), 1, id="802.15.4, wrong check"),
        pytest.param(195, with_check(b"\2\0\7"), 0, id="802.15.4, an acknowledgement"),
        pytest.param(283, tap(FRAME)[:3], 1, id="half a TAP header"),
        pytest.param(283, struct.pack("<BBH", 0, 0, 0xFFFF) + FRAME, 1, id="TAP longer than the packet"),
        pytest.param(127, radiotap(BEACON, 0x40), 1, id="802.11, the check was wrong"),
        pytest.param(105, BEACON[:1] + b"\x40" + BEACON[2:], 0, id="802.11, protected"),
        pytest.param(105, b"\xd4" + BEACON[1:], 0, id="802.11, control"),
    ],
)
def test_passed_over(link, frame, n_rejected):
    assert selected(link, frame) == ([], n_rejected)


def test_every_example_is_selected_whole():
    frames = [with_check(frame) for frame in payloads("wpan")]
    assert selected(195, *frames) == ([("wpan", frame) for frame in payloads("wpan")], 0)
    told = [pdu for pdu in payloads("ble") if pdu[0] & 15 != 1]  # directed advertising has no data
    assert selected(251, *map(advertised, payloads("ble"))) == ([("ble", pdu) for pdu in told], 0)


def test_beacons_that_differ_in_time_and_number_are_one():
    again = BEACON[:22] + b"\x99\x00" + bytes(8) + BEACON[32:]
    other = BEACON[:-1] + bytes([BEACON[-1] ^ 1])
    found, _ = selected(105, BEACON, again, other)
    assert found == [("wifi", BEACON), ("wifi", other)]


def test_probe_requests_that_differ_in_their_first_element_are_two():
    probe = next(one for one in payloads("wifi") if one[0] == 0x40)
    other = probe.replace(b"Example Network", b"Another Network")
    again = probe[:22] + b"\x99\x00" + probe[24:]
    assert selected(105, probe, again, other)[0] == [("wifi", probe), ("wifi", other)]


def test_the_check_of_this_file_is_the_catalogue_s():
    """CRC-16/KERMIT of `123456789`."""
    assert remainder(b"123456789", 16, 0, 0x1021) == bytes.fromhex("8921")
