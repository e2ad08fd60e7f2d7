"""What kernels and their callers agree on: the bits of a record's state, and the types of arrays."""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Words: TypeAlias = npt.NDArray[np.int32]
Numbers: TypeAlias = npt.NDArray[np.int64]
Digest: TypeAlias = npt.NDArray[np.uint32]


class Cells(NamedTuple):
    """A column of text as Arrow keeps it. valid: bits of what is there, empty where all is."""

    offsets: Words
    data: Bytes
    valid: Bytes


MAC, IMEI, SERIAL, ASSET, ICCID, IMSI, HOSTNAME, IP = (1 << at for at in range(8))
"""A record has such an identifier."""
LOCAL, WORD, MODEL, FIRMWARE, OS, KNOWN = (1 << at for at in range(8, 14))
"""Its link address is locally administered; it has a word; it has these; what advisories may speak of."""
WIDTH = 1 << 13
"""Below it are states without KNOWN."""
PASSES, REST = 1, 2
"""A cell is canonical, or has to be read by itself."""
LANES = 16
"""Texts that are hashed side by side."""
LONGEST = 384
"""Bytes that a text takes at most with what SHA-256 puts behind it."""


class Scratch(NamedTuple):
    """What hashing works in. words: of messages, work, hashes, and which lanes go on. texts, sizes: a text a lane."""

    words: Digest
    texts: Bytes
    sizes: Bytes


def scratch() -> Scratch:
    """Make what hashing works in; two threads do not share it."""
    return Scratch(
        np.zeros(33 * LANES, np.uint32), np.zeros(LANES * LONGEST, np.uint8), np.zeros(LANES, np.uint8)
    )


def _fractions(root: int, n: int) -> list[int]:
    """Give the first 32 bits of the fractions of roots of the first primes, exactly (FIPS 180-4, 4.2.2 and 5.3.3)."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < n:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return [_root(prime << 32 * root, root) & 0xFFFFFFFF for prime in primes]


def _root(number: int, root: int) -> int:
    """Give the whole part of a root."""
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**root <= number else (low, middle - 1)
    return low


CONSTANTS: Digest = np.array(_fractions(3, 64) + _fractions(2, 8), np.uint32)
"""Of SHA-256: a word for each round, then what a hash begins with."""
