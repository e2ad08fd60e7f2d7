"""DHIP: the search by which cameras and recorders are found, UDP 37810: a head of 32 bytes, then JSON.

No specification is public; the head and a device's answer:
https://github.com/Phenomite/AMP-Research (Port 37810 - DVR DHCPDiscover)
"""

from collections.abc import Iterator

from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_HEAD = 32
_MAGIC = b"\x20\0\0\0DHIP"
_INFO = "params.deviceInfo."
_OWN = {
    f"{_INFO}DeviceClass": "dhip.class",
    f"{_INFO}DeviceType": "dhip.model",
    f"{_INFO}Vendor": "dhip.vendor",
    f"{_INFO}SerialNo": "dhip.serial",
    f"{_INFO}Version": "dhip.firmware",
}


def dissect(payload: bytes) -> list[Seen]:
    """Read what a device tells of itself; questions tell nothing of their sender."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if not payload.startswith(_MAGIC):
        return
    told = parse(payload[_HEAD:])
    if member(told, "method") != "client.notifyDevInfo":
        return
    yield from members(told, _OWN)
    yield from station(member(told, "mac"), member(told, f"{_INFO}IPv4Address.IPAddress"))
