"""Numbers out of bytes, and hashes. Whoever calls has checked that the bytes are there."""

from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes
from beholden.ingest.capture.memory import be16, be32, be64, byte, le16, le32


@part
def any16(window: Bytes, at: int, is_swapped: int) -> int:
    """Read two bytes in the order of the file."""
    return int(be16(window, at) if is_swapped else le16(window, at))


@part
def any32(window: Bytes, at: int, is_swapped: int) -> int:
    """Read four bytes in the order of the file."""
    return int(be32(window, at) if is_swapped else le32(window, at))


@part
def be48(window: Bytes, at: int) -> int:
    """Read a link address."""
    return int(be16(window, at) << 32 | be32(window, at + 2))


@part
def mix(seen: int, word: int) -> int:
    """Fold a word into a hash (multiply and fold; no security is claimed)."""
    seen = (seen ^ word) * -7046029254386353131
    return seen ^ (seen >> 29 & 0x7FFFFFFFF)


@part
def hash_bytes(window: Bytes, start: int, end: int, seed: int) -> int:
    """Hash the bytes between two places."""
    seen = mix(seed, end - start)
    at = start
    while at + 8 <= end:
        seen = mix(seen, be64(window, at))
        at += 8
    tail = 0
    while at < end:
        tail = tail << 8 | byte(window, at)
        at += 1
    return mix(seen, tail)
