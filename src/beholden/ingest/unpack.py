"""Read logs that may be compressed: as blocks of whole lines, or whole; never more than the limit allows."""

import codecs
import json
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from beholden.ingest.tabular.problems import Problems

BLOCK = 16 << 20
_LONGEST_LINE = 16 << 20
_PIECE, _LITTLE = 1 << 18, 1 << 10
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_DAMAGED = (EOFError, zlib.error, zstandard.ZstdError)


class Lines(NamedTuple):
    """Whole lines, the number of the first of them (the first of a file is 1), and how many there are."""

    first: int
    data: bytes
    n: int


def unpacked(head: bytes, most: int) -> bytes:
    """Give the first bytes of what is compressed, or the head itself."""
    try:
        if head.startswith(GZIP):
            return zlib.decompressobj(wbits=31).decompress(head, most)
        if head.startswith(ZSTD):
            return zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(head).read(most)
    except (zlib.error, zstandard.ZstdError):
        return head
    return head


def blocks(path: Path, limit: int, problems: Problems, size: int = BLOCK) -> Iterator[bytes]:
    """Give a plain, gzip or zstd file's bytes; of what is compressed at most `limit`, and what comes before damage."""
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if not magic.startswith((GZIP, ZSTD)):
            yield from iter(partial(file.read, size), b"")
            return
        held, left = bytearray(), limit
        for piece in _kept(_inflated(file) if magic.startswith(GZIP) else _unzstd(file), problems):
            held += piece[:left]
            left -= len(piece)
            if left < 0:
                problems.tell("limit", "", f"more than {limit:,} bytes once unpacked", "the rest is left out")
                break
            if len(held) >= size:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)


def _kept(pieces: Iterator[bytes], problems: Problems) -> Iterator[bytes]:
    """Give the pieces up to where they are damaged."""
    try:
        yield from pieces
    except _DAMAGED as error:
        problems.tell("damaged", "", f"damaged or cut short: {error}", "what came before it is kept")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """Unpack gzip, one member after the other (RFC 1952 2.2)."""
    engine, raw = zlib.decompressobj(wbits=31), file.read(_PIECE)
    while raw:
        yield engine.decompress(raw, _PIECE)
        raw = engine.unconsumed_tail or file.read(0 if engine.eof else _PIECE)
        if engine.eof:
            raw = engine.unused_data.lstrip(b"\0") or file.read(_PIECE).lstrip(b"\0")
            engine = zlib.decompressobj(wbits=31) if raw else engine
    if not engine.eof:
        raise EOFError("the file ends within its data")


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Unpack zstd, one frame after the other (RFC 8878 3); little is put in at a time, as it may grow 20,000-fold."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 31)
    engine, raw = unpacker.decompressobj(), file.read(_LITTLE)
    while raw:
        yield engine.decompress(raw)
        raw = engine.unused_data or file.read(_LITTLE)
        if engine.eof and raw:
            engine = unpacker.decompressobj()
    if not engine.eof:
        raise EOFError("the file ends within its data")


def lines(path: Path, limit: int, problems: Problems, size: int = BLOCK) -> Iterator[Lines]:
    """Give a file in blocks of whole lines without byte order mark; a line longer than 16 MiB is left out."""
    first, rest = 1, b""
    for block in blocks(path, limit, problems, size):
        whole_lines = memoryview(block)[: block.rfind(b"\n") + 1]
        if whole_lines:
            data = b"".join((rest, whole_lines)) if rest or len(whole_lines) < len(block) else block
            data = data.removeprefix(codecs.BOM_UTF8) if first == 1 else data
            n = data.count(b"\n")
            yield Lines(first, data, n)
            first, rest = first + n, b""
        rest += block[len(whole_lines) :]
        if len(rest) > _LONGEST_LINE:
            problems.tell(
                "long line", f"line {first}", f"more than {_LONGEST_LINE:,} bytes", "its beginning left out"
            )
            rest = b"\0"
    if rest:
        yield Lines(first, rest.removeprefix(codecs.BOM_UTF8) if first == 1 else rest, 1)


def whole(path: Path, limit: int, problems: Problems) -> bytes:
    """Give a file's bytes; no more than `limit` of them, compressed or not."""
    got = bytearray()
    for block in blocks(path, limit, problems):
        got += block
        if len(got) > limit:
            problems.tell("limit", "", f"more than {limit:,} bytes", "the rest is left out")
            break
    return bytes(got[:limit])


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are text in UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def keys_of(head: bytes) -> frozenset[str]:
    """Give the keys of the first JSON object in a file's head, which may end within it; of a list its first member's."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lstrip("[ \t\r\n")
    if not text.startswith("{"):
        return frozenset()
    decoder, at, found = json.JSONDecoder(), 1, set()
    try:
        while True:
            at = _past(text, at, ", \t\r\n")
            key, at = decoder.raw_decode(text, at)
            at = _past(text, at, ": \t\r\n")
            found.add(str(key))
            _, at = decoder.raw_decode(text, at)
    except (ValueError, IndexError, RecursionError):
        return frozenset(found)


def _past(text: str, at: int, skipped: str) -> int:
    while text[at] in skipped:
        at += 1
    return at
