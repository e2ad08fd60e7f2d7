"""The hash by which search engines tell icons of web pages apart.

MurmurHash3, 32 bits, seed 0 (https://github.com/aappleby/smhasher), of the icon in Base64 with a line break after every
76 characters (RFC 2045, 6.8), as a signed number (https://blog.shodan.io/deep-dive-http-favicon/).
"""

import struct
from base64 import encodebytes

_WORD = 0xFFFFFFFF
_ICON = b"\0\0\1\0"
"""What a file of icons begins with (ICO)."""


def hashed(body: bytes) -> str:
    """Give the hash of an icon, decimal; an empty text for anything else."""
    if not body.startswith(_ICON):
        return ""
    number = murmur3(encodebytes(body))
    return str(number - (1 << 32) if number >> 31 else number)


def murmur3(data: bytes) -> int:
    """Give the MurmurHash3 of 32 bits with the seed 0."""
    state = 0
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        state = (_turned(state ^ _mixed(word), 13) * 5 + 0xE6546B64) & _WORD
    state ^= _mixed(int.from_bytes(data[whole:], "little")) ^ len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & _WORD
    state = (state ^ state >> 13) * 0xC2B2AE35 & _WORD
    return state ^ state >> 16


def _mixed(word: int) -> int:
    return _turned(word * 0xCC9E2D51 & _WORD, 15) * 0x1B873593 & _WORD


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _WORD
