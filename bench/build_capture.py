"""Build a large capture by replaying real ones with other link addresses, addresses and ports.

    python bench/build_capture.py /tmp/mixed.pcap --size 1G

Every copy of a source gets stations and private networks of its own; copies follow each other in
time. Seeded, so that the same sources and size give the same file.
"""

import argparse
import os
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

Packet = tuple[int, bytearray, int]
"""Microseconds since the first packet of its source, bytes, length on the wire."""
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}
HOUSEHOLDS = 4096


def pcap_packets(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Read little-endian pcap with Ethernet."""
    if data[:4] != b"\xd4\xc3\xb2\xa1" or struct.unpack("<I", data[20:24])[0] != 1:
        return
    place = 24
    while place + 16 <= len(data):
        seconds, micros, captured, wire = struct.unpack_from("<IIII", data, place)
        if captured > 65535 or place + 16 + captured > len(data):
            return
        yield seconds * 1_000_000 + micros, data[place + 16 : place + 16 + captured], wire
        place += 16 + captured


def usable(path: Path) -> list[Packet]:
    """Read a source; none where it is of another kind, or spans more than two hours."""
    packets = [(time, bytearray(body), wire) for time, body, wire in pcap_packets(path.read_bytes())]
    packets = [each for each in packets if len(each[1]) >= 34]
    if not packets:
        return []
    start = min(time for time, _, _ in packets)
    packets = [(time - start, body, wire) for time, body, wire in packets]
    return packets if max(time for time, _, _ in packets) < 7200 * 1_000_000 else []


def is_private(address: bytes) -> bool:
    """Tell RFC 1918 addresses."""
    return address[0] == 10 or address[:2] == b"\xc0\xa8" or (address[0] == 172 and 16 <= address[1] < 32)


def moved_address(address: bytes, household: int) -> bytes:
    """Move a private address into the household's network; its last byte stays."""
    if not is_private(address):
        return address
    return bytes((10, household >> 8 & 0xFF, household & 0xFF, address[3]))


def moved(body: bytearray, household: int, shift: int) -> bytes:
    """Give a frame the household's stations and addresses, and other ephemeral ports; checksums are left."""
    out = bytearray(body)
    for place in (0, 6):
        if not out[place] & 1:
            out[place + 3] ^= household >> 4 & 0xFF
            out[place + 4] ^= household << 4 & 0xF0
    if out[12:14] == b"\x08\x00":
        _move_ip(out, household, shift)
    elif out[12:14] == b"\x08\x06" and len(out) >= 42:
        for place in (28, 38):
            out[place : place + 4] = moved_address(out[place : place + 4], household)
        for place in (22, 32):
            if any(out[place : place + 6]):
                out[place + 3] ^= household >> 4 & 0xFF
                out[place + 4] ^= household << 4 & 0xF0
    return bytes(out)


def _move_ip(out: bytearray, household: int, shift: int) -> None:
    for place in (26, 30):
        out[place : place + 4] = moved_address(out[place : place + 4], household)
    start = 14 + (out[14] & 15) * 4
    if out[23] not in (6, 17) or out[20] & 0x1F or out[21] or len(out) < start + 4:
        return
    for place in (start, start + 2):
        port = out[place] << 8 | out[place + 1]
        if port >= 32768:
            port = 32768 + (port - 32768 + shift) % 32768
            out[place : place + 2] = port.to_bytes(2, "big")


def build(sources: list[list[Packet]], target: Path, size: int, seed: int) -> int:
    """Write packets until the file has its size; returns how many."""
    rng = random.Random(seed)
    written, n, clock = 24, 0, 1_700_000_000_000_000
    with target.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        while written < size:
            running = [
                (source, rng.randrange(HOUSEHOLDS), rng.randrange(32768)) for source in rng.sample(sources, 8)
            ]
            merged = sorted(
                (time, number, place)
                for number, (source, _, _) in enumerate(running)
                for place, (time, _, _) in enumerate(source)
            )
            pieces = []
            for time, number, place in merged:
                source, household, shift = running[number]
                _, body, wire = source[place]
                at = clock + time
                pieces.append(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(body), wire))
                pieces.append(moved(body, household, shift))
            clock += 60_000_000
            block = b"".join(pieces)
            out.write(block)
            written += len(block)
            n += len(merged)
    return n


def main() -> None:
    """Read arguments and build."""
    here = Path(os.environ.get("BEHOLDEN_CAPTURES", Path(__file__).parents[2] / "shared" / "captures"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", type=Path)
    parser.add_argument("--size", default="1G", help="bytes, with K, M or G")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captures", type=Path, default=here)
    args = parser.parse_args()
    sources = [found for path in sorted(args.captures.rglob("*.pcap")) if (found := usable(path))]
    if len(sources) < 8:
        sys.exit(f"{args.captures}: fewer than eight usable captures")
    unit = UNITS.get(args.size[-1].upper(), 0)
    size = int(args.size[:-1]) * unit if unit else int(args.size)
    print(
        f"{args.target}: {build(sources, args.target, size, args.seed)} packets from {len(sources)} captures"
    )


if __name__ == "__main__":
    main()
