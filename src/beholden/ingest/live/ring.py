"""A network interface, captured through the kernel's ring of blocks (packet(7), TPACKET_V3).

The kernel fills a block and hands it over whole; its packets become records of a pcap file. What the kernel
had no room for, it counts. The source of layouts and numbers: linux/if_packet.h and
https://docs.kernel.org/networking/packet_mmap.html
"""

import errno
import fcntl
import mmap
import select
import socket
import struct

from beholden.ingest.live.source import Records, pcap_head
from beholden.model.errors import BeholdenError

_BLOCK = 1 << 20
_BLOCKS = 128
"""At 500 Mbit/s the ring holds two seconds."""
_AT_ONCE = 8
_RETIRE_MS = 100
"""A block that is not full is handed over after so long."""
_FRAME = 2048
_SNAP = 1 << 18

_SOL_PACKET, _ADD_MEMBERSHIP, _RX_RING, _STATISTICS, _VERSION, _IGNORE_OUTGOING = 263, 1, 5, 6, 10, 23
_V3, _PROMISCUOUS, _ALL = 2, 1, 0x0003
_HARDWARE = 0x8927  # SIOCGIFHWADDR
_KERNEL, _USER = 0, 1
_TAGGED, _TAG_TYPED = 1 << 4, 1 << 6
_STATUS = 8
_ADDRESSES = 12
_VLAN = 0x8100
_BLOCK_HEAD = struct.Struct("=12xII")  # tpacket_hdr_v1: packets, offset of the first
_PACKET_HEAD = struct.Struct("=IIIIIIH6xIH")  # tpacket3_hdr: next, s, ns, kept, length, status, frame; tag
_RECORD = struct.Struct("=IIII")
_TAG = struct.Struct("!HH")
_LOOPBACK = 772
_LINKS = {1: 1, 512: 9, _LOOPBACK: 1, 801: 105, 802: 119, 803: 127, 804: 195, 65534: 101}
"""Hardware types (linux/if_arp.h) → link types of the tcpdump registry."""


class Ring:
    """An interface in promiscuous mode, and its ring in memory."""

    def __init__(self, interface: str) -> None:
        """Begin to capture; raises BeholdenError where that is not possible or not allowed."""
        self._interface = interface
        self._next = 0
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except (AttributeError, PermissionError) as error:
            raise BeholdenError(
                f"{interface}: to capture takes Linux and CAP_NET_RAW, as root has"
            ) from error
        try:
            self._open()
        except OSError as error:
            self._socket.close()
            raise BeholdenError(f"{interface}: cannot be captured ({error.strerror})") from error

    def _open(self) -> None:
        ring = struct.pack("=7I", _BLOCK, _BLOCKS, _FRAME, _BLOCK // _FRAME * _BLOCKS, _RETIRE_MS, 0, 0)
        member = struct.pack("=iHH8x", socket.if_nametoindex(self._interface), _PROMISCUOUS, 0)
        kind = self._hardware()
        self._link = _LINKS[kind]
        if kind == _LOOPBACK:  # where each packet would come twice
            self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _V3)
        self._socket.setsockopt(_SOL_PACKET, _RX_RING, ring)
        self._memory = mmap.mmap(self._socket.fileno(), _BLOCK * _BLOCKS)
        self._socket.bind((self._interface, _ALL))
        self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def _hardware(self) -> int:
        """Ask for the hardware type (netdevice(7)), of those whose link types are known."""
        asked = struct.pack("=16s24x", self._interface.encode())
        (kind,) = struct.unpack_from("=H", fcntl.ioctl(self._socket, _HARDWARE, asked), 16)
        if kind not in _LINKS:
            raise OSError(errno.EPFNOSUPPORT, f"frames of hardware type {kind} are not read")
        return int(kind)

    @property
    def head(self) -> bytes:
        """Head of a pcap file for what this gives."""
        return pcap_head(self._link, _SNAP)

    def read(self, seconds: float) -> Records | None:
        """Wait at most so long for a block and give what was handed over; None once the interface is gone."""
        if not self._is_full():
            self._poll.poll(seconds * 1000)
            if not self._is_full() and not self._is_there():
                return None
        n, pieces = 0, list[bytes]()
        while self._is_full() and len(pieces) < _AT_ONCE:
            count, data = self._take(self._next * _BLOCK)
            n += count
            pieces.append(data)
            self._next = (self._next + 1) % _BLOCKS
        return Records(n, b"".join(pieces))

    def dropped(self) -> int:
        """Count what the kernel had no room for since it was last asked."""
        _, dropped, _ = struct.unpack("=III", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12))
        return int(dropped)

    def close(self) -> None:
        """Let go of interface and memory."""
        self._memory.close()
        self._socket.close()

    def _is_full(self) -> bool:
        return bool(self._memory[self._next * _BLOCK + _STATUS] & _USER)

    def _is_there(self) -> bool:
        """Tell whether the interface is; one that is down may come up again."""
        self._socket.getsockopt(
            socket.SOL_SOCKET, socket.SO_ERROR
        )  # else a poll would not wait after it went down
        return any(name == self._interface for _, name in socket.if_nameindex())

    def _take(self, base: int) -> tuple[int, bytes]:
        """Make records of a block's packets and give it back; a loop, because each packet says where the next is."""
        memory, head, record = self._memory, _PACKET_HEAD.unpack_from, _RECORD.pack
        n, at = _BLOCK_HEAD.unpack_from(memory, base)
        at += base
        pieces = list[bytes]()
        for _ in range(n):
            step, seconds, nanoseconds, kept, length, status, start, tag, kind = head(memory, at)
            frame = memory[at + start : at + start + kept]
            if status & _TAGGED:  # the kernel took the VLAN tag out
                tags = _TAG.pack(kind if status & _TAG_TYPED else _VLAN, tag)
                frame = frame[:_ADDRESSES] + tags + frame[_ADDRESSES:]
                kept, length = kept + len(tags), length + len(tags)
            pieces += (record(seconds, nanoseconds, kept, length), frame)
            at += step
        struct.pack_into("=I", memory, base + _STATUS, _KERNEL)
        return n, b"".join(pieces)
