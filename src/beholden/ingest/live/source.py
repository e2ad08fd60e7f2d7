"""What live sources of packets have in common."""

import struct
from typing import NamedTuple, Protocol

_NANOSECONDS = 0xA1B23C4D


class Records(NamedTuple):
    """Whole records of a pcap file, and how many."""

    n: int
    data: bytes


class Source(Protocol):
    """Where packets come from."""

    @property
    def head(self) -> bytes:
        """Head of a pcap file for what this gives."""

    def read(self, seconds: float) -> Records | None:
        """Wait at most so long and give what came; None where nothing will come any more."""

    def dropped(self) -> int:
        """Count the packets that were lost on the way since it was last asked."""

    def close(self) -> None:
        """Let go of it."""


def pcap_head(link: int, snap: int) -> bytes:
    """Give the head of a pcap file with nanoseconds (draft-ietf-opsawg-pcap), in this machine's byte order."""
    return struct.pack("=IHHiIII", _NANOSECONDS, 2, 4, 0, 0, snap, link)
