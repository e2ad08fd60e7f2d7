"""SHA-256 (FIPS 180-4) of many short texts at once, one a lane, so that processors take a vector of them in each step."""

from typing import Any

import numpy as np

from beholden.ingest.capture.jit import kernel, part
from beholden.ingest.capture.memory import be32, move
from beholden.pipeline.fleet.kernels.layout import LANES, LONGEST, Bytes, Cells, Digest, Scratch, Words

_u = np.uint32
_WORK, _HASH = 16 * LANES, 24 * LANES
"""In scratch: sixteen words of the message, eight of work, eight of the hash, and which lanes go on."""
_GOES_ON = 32 * LANES


@part
def _turned(word: Any, n: int) -> Any:  # noqa: ANN401 - a word of 32 bits
    return _u(_u(word >> n) | _u(word << (32 - n)))


@part
def _round(s: Digest, constant: int, t: int, a: int, e: int) -> None:
    """Do one round (6.2.2); a and e: where the words of these names lie, the others follow downwards in a circle."""
    b, c, d = (a + 1) & 7, (a + 2) & 7, (a + 3) & 7
    f, g, h = (e + 1) & 7, (e + 2) & 7, (e + 3) & 7
    for lane in range(LANES):
        x, y = _u(s[_WORK + e * LANES + lane]), _u(s[_WORK + a * LANES + lane])
        one = _u(_turned(x, 6) ^ _turned(x, 11) ^ _turned(x, 25))
        two = _u(s[_WORK + f * LANES + lane])
        three = _u(s[_WORK + g * LANES + lane])
        chosen = _u(three ^ (x & (two ^ three)))
        first = _u(s[_WORK + h * LANES + lane] + one + chosen + _u(constant) + s[t * LANES + lane])
        other = _u(_turned(y, 2) ^ _turned(y, 13) ^ _turned(y, 22))
        two, three = _u(s[_WORK + b * LANES + lane]), _u(s[_WORK + c * LANES + lane])
        most = _u((y & two) | (three & (y | two)))
        s[_WORK + d * LANES + lane] = _u(s[_WORK + d * LANES + lane] + first)
        s[_WORK + h * LANES + lane] = _u(first + other + most)


@part
def _eight(s: Digest, constants: Digest, at: int, t: int) -> None:
    _round(s, constants[at], t, 0, 4)
    _round(s, constants[at + 1], t + 1, 7, 3)
    _round(s, constants[at + 2], t + 2, 6, 2)
    _round(s, constants[at + 3], t + 3, 5, 1)
    _round(s, constants[at + 4], t + 4, 4, 0)
    _round(s, constants[at + 5], t + 5, 3, 7)
    _round(s, constants[at + 6], t + 6, 2, 6)
    _round(s, constants[at + 7], t + 7, 1, 5)


@part
def _next(s: Digest, t: int) -> None:
    """Make the word of the message that comes sixteen behind another, in its place."""
    for lane in range(LANES):
        x, y = _u(s[((t + 1) & 15) * LANES + lane]), _u(s[((t + 14) & 15) * LANES + lane])
        one = _u(_turned(x, 7) ^ _turned(x, 18) ^ _u(x >> 3))
        two = _u(_turned(y, 17) ^ _turned(y, 19) ^ _u(y >> 10))
        s[t * LANES + lane] = _u(s[t * LANES + lane] + one + two + s[((t + 9) & 15) * LANES + lane])


@part
def _block(s: Digest, constants: Digest) -> None:
    for at in range(8 * LANES):
        s[_WORK + at] = s[_HASH + at]
    for turn in range(4):
        if turn:
            for t in range(16):
                _next(s, t)
        _eight(s, constants, 16 * turn, 0)
        _eight(s, constants, 16 * turn + 8, 8)
    for word in range(8):
        for lane in range(LANES):
            at = word * LANES + lane
            s[_HASH + at] = _u(s[_HASH + at] + (s[_WORK + at] & s[_GOES_ON + lane]))


@part
def _padded(text: Bytes, at: int, size: int) -> int:
    """Put the end of a message behind a text (5.1.1); gives how many blocks it has."""
    n_blocks = (size + 9 + 63) // 64
    end = at + 64 * n_blocks
    for place in range(at + size, end):
        text[place] = 0
    text[at + size] = 0x80
    text[end - 2], text[end - 1] = size * 8 >> 8 & 255, size * 8 & 255
    return n_blocks


@part
def _hex(word: int) -> int:
    """Write a word of 32 bits as eight hexadecimal digits in a word of 64."""
    spread = (word << 16 | word) & 0x0000FFFF0000FFFF
    spread = (spread << 8 | spread) & 0x00FF00FF00FF00FF
    spread = (spread << 4 | spread) & 0x0F0F0F0F0F0F0F0F
    is_letter = (spread + 0x0606060606060606) >> 4 & 0x0101010101010101
    return spread + 0x3030303030303030 + is_letter * 39


@part
def _begin(s: Digest, constants: Digest) -> None:
    for lane in range(LANES):
        for word in range(8):
            s[_HASH + word * LANES + lane] = constants[64 + word]


@part
def _put(texts: Bytes, lane: int, lead: Bytes, cells: Cells, row: int) -> int:
    """Put a text into a lane; gives how many blocks it has, 0 where it is too long."""
    at, size = lane * LONGEST, cells.offsets[row + 1] - cells.offsets[row]
    if size + len(lead) + 9 > LONGEST:
        return 0
    move(texts, at, lead, 0, len(lead))
    move(texts, at + len(lead), cells.data, cells.offsets[row], size)
    return _padded(texts, at, len(lead) + size)


@part
def _load(s: Digest, texts: Bytes, block: int, sizes: Bytes) -> None:
    """Take a block of each lane; lanes go on that have it."""
    for lane in range(LANES):
        s[_GOES_ON + lane] = 0xFFFFFFFF if block < sizes[lane] else 0
        for word in range(16):
            s[word * LANES + lane] = be32(texts, lane * LONGEST + block * 64 + word * 4)


@part
def _write(s: Digest, lane: int, out: Bytes, at: int) -> None:
    for half in range(2):
        digits = _hex(s[_HASH + half * LANES + lane])
        for place in range(8):
            out[at + half * 8 + place] = digits >> (56 - 8 * place) & 255


@kernel
def digest(rows: Words, cells: Cells, lead: Bytes, constants: Digest, scratch: Scratch, out: Bytes) -> int:
    """Write the first 16 hexadecimal digits of the SHA-256 of lead and cell, for some rows of a column.

    constants: CONSTANTS. Gives how many cells are too long.
    """
    n_long = 0
    s, texts, sizes = scratch
    for start in range(0, len(rows), LANES):
        n, n_most = min(LANES, len(rows) - start), 0
        _begin(s, constants)
        for lane in range(LANES):
            sizes[lane] = _put(texts, lane, lead, cells, rows[start + lane]) if lane < n else 0
            n_long += lane < n and sizes[lane] == 0
            n_most = max(n_most, sizes[lane])
        for block in range(n_most):
            _load(s, texts, block, sizes)
            _block(s, constants)
        for lane in range(n):
            _write(s, lane, out, rows[start + lane] * 16)
    return n_long
