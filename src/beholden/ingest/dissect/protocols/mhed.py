"""MHED: the search by which TVT's cameras and recorders, sold under many brands, are found and set up, UDP 23456.

No specification is public; its forms: https://github.com/AlexandruIspas659/ipcprobe/blob/main/PROTOCOL.md, and of
recorders https://github.com/AlphaTechCodeworks/Argus/blob/main/cctv/mhed.mjs. Who sets a device up sends its password
in plain Base64; that message is not read.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect
from beholden.ingest.dissect.stated import station

_MAGIC, _ANNOUNCES = b"MHED", 2
_WITH_MODEL, _WITH_TEXTS = 7, 8
"""Versions from which on an announcement says its model, and number and firmware in words."""


def dissect(payload: bytes) -> list[Seen]:
    """Read what a device tells of itself; what it is asked and told to be says nothing of its sender."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    octets = Octets(payload)
    magic, version, command = octets.take(4), octets.little(4) & 0xFFFF, octets.little(4)
    if magic != _MAGIC or command != _ANNOUNCES:
        return
    yield Seen(SENDER, "mhed.version", str(version))
    name, link_address = _words(octets, 20), octets.take(6)
    octets.take(2)
    address = octets.take(4)
    octets.take(8)
    firmware = octets.take(4)
    octets.take(8)
    yield from station(mac(link_address), ip(address))
    yield Seen(SENDER, "mhed.name", name)
    yield Seen(SENDER, "mhed.type", str(octets.little(4)))
    octets.take(72)
    serial, words = _words(octets, 16), _words(octets, 16)
    if version >= _WITH_TEXTS:
        yield Seen(SENDER, "mhed.serial", serial)
        yield Seen(SENDER, "mhed.firmware", words)
    elif any(firmware):
        yield Seen(SENDER, "mhed.firmware", ".".join(map(str, reversed(firmware))))
    octets.take(24)
    if version >= _WITH_MODEL:
        yield Seen(SENDER, "mhed.model", _words(octets, 16))
        yield Seen(SENDER, "mhed.vendor", _words(octets, 16))


def _words(octets: Octets, size: int) -> str:
    """Read a text that NUL ends."""
    return text(octets.take(size).partition(b"\0")[0])
