"""NetIP, also called Sofia: the private protocol of many recorders and cameras, TCP 34567 and search on UDP 34569.

No specification is public; the head of 20 bytes and the members of its JSON:
https://github.com/OpenIPC/python-dvr
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip
from beholden.ingest.dissect.seen import Seen, collect
from beholden.ingest.dissect.stated import member, members, parse, station

_START, _MOST_MESSAGES = 0xFF, 64
_OWN = {
    "DeviceType ": "netip.type",
    "SystemInfo.HardWare": "netip.hardware",
    "SystemInfo.SoftWareVersion": "netip.firmware",
    "SystemInfo.SerialNo": "netip.serial",
}
_FOUND = {"SN": "netip.serial", "Version": "netip.firmware", "HostName": "netip.name"}


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of a connection, or an answer to a search."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    for _ in range(_MOST_MESSAGES):
        if octets.number(1) != _START:
            return
        octets.take(15)
        told = parse(octets.take(octets.little(4)))
        yield from members(told, _OWN)
        found = told.get("NetWork.NetCommon") if isinstance(told, dict) else None
        yield from members(found, _FOUND)
        yield from station(member(found, "MAC"), _address(member(found, "HostIP")))


def _address(number: str) -> str:
    """Turn an address written as a little-endian hexadecimal number to its text."""
    return ip(int(number, 16).to_bytes(4, "little")) if number.startswith("0x") else ""
