"""Numbers out of bytes. Whoever calls has checked that the bytes are there."""

import numpy as np

from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes


@part
def be16(window: Bytes, at: int) -> int:
    """Read two bytes, most significant first."""
    return int(np.int64(window[at]) << 8 | np.int64(window[at + 1]))


@part
def be32(window: Bytes, at: int) -> int:
    """Read four bytes, most significant first."""
    return int(be16(window, at) << 16 | be16(window, at + 2))


@part
def be48(window: Bytes, at: int) -> int:
    """Read a link address."""
    return int(be16(window, at) << 32 | be32(window, at + 2))


@part
def be64(window: Bytes, at: int) -> int:
    """Read eight bytes, most significant first; the sign is the first bit."""
    return int(be32(window, at) << 32 | be32(window, at + 4))


@part
def le16(window: Bytes, at: int) -> int:
    """Read two bytes, least significant first."""
    return int(np.int64(window[at + 1]) << 8 | np.int64(window[at]))


@part
def any16(window: Bytes, at: int, is_swapped: int) -> int:
    """Read two bytes in the order of the file."""
    return be16(window, at) if is_swapped else le16(window, at)


@part
def any32(window: Bytes, at: int, is_swapped: int) -> int:
    """Read four bytes in the order of the file."""
    if is_swapped:
        return be32(window, at)
    return int(le16(window, at + 2) << 16 | le16(window, at))


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
        tail = tail << 8 | np.int64(window[at])
        at += 1
    return mix(seen, tail)
