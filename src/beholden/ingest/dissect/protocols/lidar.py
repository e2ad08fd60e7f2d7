"""Point streams and searches of laser scanners, told by the beginnings of their packets.

Velodyne: VLP-16 User Manual 63-9243, 9.3; Hesai: Pandar and XT user manuals, point cloud data packet;
RoboSense: RS-LiDAR-16 user manual, MSOP and DIFOP; Livox: SDK Communication Protocol,
https://github.com/Livox-SDK/Livox-SDK/wiki/Livox-SDK-Communication-Protocol and its second edition.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_VELODYNE_SIZE = 1206
_FORMS = {
    b"\xee\xff": "hesai",
    b"\x55\xaa\x05": "robosense msop",
    b"\xa5\xff\x00\x5a\x11\x11\x55\x55": "robosense difop",
}
_LIVOX_1, _LIVOX_2 = b"\xaa\x01\x22\x00\x02", b"\xaa\x00"


def dissect(payload: bytes) -> list[Seen]:
    """Tell whose form a datagram has, and what it says of its sender besides points."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if len(payload) == _VELODYNE_SIZE and payload[:2] == b"\xff\xee":
        yield Seen(SENDER, "lidar.form", f"velodyne {payload[1205]:02x}")
    elif payload[:5] == _LIVOX_1 and payload[9:11] == b"\0\0":
        yield from _livox("livox", payload[11:27], payload[27])
    elif payload[:2] == _LIVOX_2 and payload[8:11] == b"\0\0\1":
        yield from _livox("livox 2", payload[26:42], payload[25])
    elif len(payload) > 200:
        for start, name in _FORMS.items():
            if payload.startswith(start):
                version = f" {payload[2]}.{payload[3]}" if name == "hesai" else ""
                yield Seen(SENDER, "lidar.form", name + version)


def _livox(name: str, serial: bytes, kind: int) -> Iterator[Seen]:
    yield Seen(SENDER, "lidar.form", f"{name} {kind:02x}")
    yield Seen(SENDER, "lidar.serial", text(serial.partition(b"\0")[0]))
