"""Answers of sockets as a capture: pcapng whose frames are put around what was received, and say so.

Payloads, addresses, ports and times are as they were; link addresses are those of the kernel's table of
neighbours, and where it has none the frame begins at IP. The rest of the headers is made: sequence numbers,
hop limits, handshakes.
"""

import fcntl
import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from beholden.ingest.live.targets import Address

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_ETHERNET, _RAW = 1, 101
_SEGMENT = 1400
_SYN, _ACK, _PUSH = 2, 16, 8
_UDP, _TCP = 17, 6
_HARDWARE = 0x8927  # SIOCGIFHWADDR
_NEIGHBOURS = Path("/proc/net/arp")
_COMPLETE = 0x2


class Party(NamedTuple):
    """One end."""

    address: Address
    port: int


class Links(NamedTuple):
    """Link addresses of this machine and of a neighbour."""

    own: bytes
    other: bytes


def links_of(address: Address) -> Links | None:
    """Give the link addresses by which the kernel reaches an IPv4 neighbour, where it does so by Ethernet."""
    try:
        rows = [line.split() for line in _NEIGHBOURS.read_text("ascii").splitlines()[1:]]
    except OSError:
        return None
    for ip, _, flags, link, _, interface in rows:
        if ip == str(address) and int(flags, 16) & _COMPLETE:
            return Links(_own_link(interface), bytes.fromhex(link.replace(":", "")))
    return None


def _own_link(interface: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        said = fcntl.ioctl(asked, _HARDWARE, struct.pack("=16s24x", interface.encode()))
    return said[18:24]


class Recording:
    """A pcapng file that grows by conversations."""

    def __init__(self, path: Path, comment: str, links: Callable[[Address], Links | None] = links_of) -> None:
        """Begin a file with a comment (draft-ietf-opsawg-pcapng, 4.1 and 4.2)."""
        self._file = path.open("wb")
        self._links = links
        told = comment.encode()
        options = struct.pack("=HH", 1, len(told)) + told + bytes(-len(told) % 4) + bytes(4)
        self._block(_SECTION, struct.pack("=IHHq", 0x1A2B3C4D, 1, 0, -1) + options)
        for link in (_ETHERNET, _RAW):
            self._block(_INTERFACE, struct.pack("=HHI", link, 0, 0))

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def datagram(self, at_us: int, source: Party, target: Party, payload: bytes, peer: Address) -> None:
        """Write a datagram; `peer` is the one of both that is not this machine."""
        head = struct.pack("!HHHH", source.port, target.port, 8 + len(payload), 0)
        check = _transport_sum(source.address, target.address, _UDP, head + payload) or 0xFFFF
        body = head[:6] + struct.pack("!H", check) + payload
        self._packet(at_us, source, target, _UDP, body, peer)

    def stream(
        self, own: Party, other: Party, asked: tuple[int, bytes], answers: Sequence[tuple[int, bytes]]
    ) -> None:
        """Write a TCP conversation: its opening, what was asked, and what was answered; times in µs."""
        at_us, question = asked
        peer = other.address
        self._packet(at_us, own, other, _TCP, _segment(own, other, (0, 0), _SYN), peer)
        self._packet(at_us, other, own, _TCP, _segment(other, own, (0, 1), _SYN | _ACK), peer)
        self._packet(at_us, own, other, _TCP, _segment(own, other, (1, 1), _ACK | _PUSH, question), peer)
        sent, wanted = 1, 1 + len(question)
        for when, answer in answers:
            for start in range(0, len(answer), _SEGMENT):
                piece = answer[start : start + _SEGMENT]
                body = _segment(other, own, (sent, wanted), _ACK | _PUSH, piece)
                self._packet(when, other, own, _TCP, body, peer)
                sent += len(piece)

    def _packet(
        self, at_us: int, source: Party, target: Party, protocol: int, body: bytes, peer: Address
    ) -> None:
        frame = _internet(source.address, target.address, protocol, body)
        links = self._links(peer)
        if links is not None:
            to, by = (links.own, links.other) if source.address == peer else (links.other, links.own)
            kind = b"\x86\xdd" if peer.version == 6 else b"\x08\x00"
            frame = (_group_link(target.address) or to) + by + kind + frame
        number = 1 if links is None else 0
        head = struct.pack("=IIIII", number, at_us >> 32, at_us & 0xFFFFFFFF, len(frame), len(frame))
        self._block(_PACKET, head + frame + bytes(-len(frame) % 4))

    def _block(self, kind: int, body: bytes) -> None:
        size = struct.pack("=I", 12 + len(body))
        self._file.write(struct.pack("=I", kind) + size + body + size)


def _segment(source: Party, target: Party, numbers: tuple[int, int], flags: int, data: bytes = b"") -> bytes:
    """Make a TCP segment with its sequence and acknowledgment numbers (RFC 9293, 3.1)."""
    head = struct.pack("!HHIIBBH", source.port, target.port, *numbers, 5 << 4, flags, 0xFFFF)
    check = _transport_sum(source.address, target.address, _TCP, head + bytes(4) + data)
    return head + struct.pack("!HH", check, 0) + data


def _internet(source: Address, target: Address, protocol: int, body: bytes) -> bytes:
    """Put an IP header before a body (RFC 791, RFC 8200)."""
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + source.packed + target.packed + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0)
    ends = source.packed + target.packed
    return head[:10] + struct.pack("!H", _sum(head + ends)) + ends + body


def _transport_sum(source: Address, target: Address, protocol: int, body: bytes) -> int:
    """Compute a checksum with the pseudo-header (RFC 768, RFC 8200 8.1)."""
    return _sum(source.packed + target.packed + struct.pack("!II", len(body), protocol) + body)


def _sum(data: bytes) -> int:
    """Compute the internet checksum (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _group_link(address: Address) -> bytes | None:
    """Give the Ethernet address of a group (RFC 1112, 6.4) or of all."""
    if address == ip_address("255.255.255.255"):
        return b"\xff" * 6
    if address.version == 4 and address.is_multicast:
        return b"\x01\x00\x5e" + bytes((address.packed[1] & 0x7F,)) + address.packed[2:]
    return None
