"""Write a capture anew as if it had been taken slowly: what took a second took so many."""

import struct
from pathlib import Path

EPOCH = 1_767_571_200
"""Where the laboratory's time begins: 2026-01-05 00:00 UTC."""


def stretch(source, target, speed, begun):
    """Move every record of a pcap file from `begun` (seconds) to EPOCH, and its distance times `speed`.

    Gives how many records there are, and the span in seconds.
    """
    octets = Path(source).read_bytes()
    parts, at, n, last = [octets[:24]], 24, 0, 0.0
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    unit = 1e9 if octets[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e6
    while at + 16 <= len(octets):
        seconds, fraction, captured, wire = struct.unpack(f"{order}IIII", octets[at : at + 16])
        if at + 16 + captured > len(octets):
            break
        last = max((seconds + fraction / unit - begun) * speed, 0.0)
        whole = int(last)
        parts.append(struct.pack(f"{order}IIII", EPOCH + whole, int((last - whole) * unit), captured, wire))
        parts.append(octets[at + 16 : at + 16 + captured])
        at, n = at + 16 + captured, n + 1
    Path(target).write_bytes(b"".join(parts))
    return n, last
