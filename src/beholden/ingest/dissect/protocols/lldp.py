"""LLDP: what network devices say of themselves. IEEE 802.1AB-2016; inventory ANSI/TIA-1057; MUD RFC 8520."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, ip, mac, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_END, _CHASSIS, _SYSTEM_NAME, _DESCRIPTION, _CAPABILITIES, _ADDRESS, _OWN = 0, 1, 5, 6, 7, 8, 127
_OWN_TEXTS = {
    b"\x00\x12\xbb\x06": "lldp.firmware",
    b"\x00\x12\xbb\x08": "lldp.serial",
    b"\x00\x12\xbb\x09": "lldp.manufacturer",
    b"\x00\x12\xbb\x0a": "lldp.model",
    b"\x00\x00\x5e\x01": "mud.url",
}
"""Texts of organisations by their OUI and subtype: LLDP-MED's inventory, and the IETF's usage description."""
_CAPABILITY_NAMES = [
    "other",
    "repeater",
    "bridge",
    "wlan-ap",
    "router",
    "telephone",
    "docsis",
    "station",
    "c-vlan",
    "s-vlan",
    "two-port-mac-relay",
]
_CHASSIS_MAC, _CHASSIS_ADDRESS = 4, 5


def dissect(payload: bytes) -> list[Seen]:
    """Read one LLDPDU."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    while octets.left:
        head = octets.number(2)
        kind, value = head >> 9, octets.take(head & 0x1FF)
        if kind == _END:
            return
        if kind == _CHASSIS:
            yield Seen(SENDER, "lldp.chassis", _chassis(value))
        elif kind in (_SYSTEM_NAME, _DESCRIPTION):
            name = "system_name" if kind == _SYSTEM_NAME else "system_description"
            yield Seen(SENDER, f"lldp.{name}", text(value))
        elif kind == _CAPABILITIES:
            yield Seen(SENDER, "lldp.capabilities", _capabilities(int.from_bytes(value[2:4])))
        elif kind == _ADDRESS:
            yield Seen(SENDER, "ip", _address(value[1 : 1 + value[0]]))
        elif kind == _OWN and value[:4] in _OWN_TEXTS:
            yield Seen(SENDER, _OWN_TEXTS[value[:4]], text(value[4:]))


def _chassis(value: bytes) -> str:
    kind, identifier = value[0], value[1:]
    if kind == _CHASSIS_MAC:
        return mac(identifier)
    return _address(identifier) if kind == _CHASSIS_ADDRESS else text(identifier)


def _address(value: bytes) -> str:
    """Read an address after its IANA family number: 1 is IPv4, 2 is IPv6."""
    return ip(value[1:]) if (value[:1], len(value)) in ((b"\x01", 5), (b"\x02", 17)) else ""


def _capabilities(bits: int) -> str:
    return " ".join(name for at, name in enumerate(_CAPABILITY_NAMES) if bits >> at & 1)
