"""Read logs that may be compressed: as blocks of whole lines, or whole; never more than the limit allows."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import zstandard

from beholden.ingest.tabular.problems import Problems

BLOCK = 16 << 20
_LONGEST_LINE = 16 << 20
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, OSError)


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
    left = limit
    with path.open("rb") as file:
        stream = _stream(file)
        while True:
            try:
                block = stream.read(size)
            except _DAMAGED as error:
                problems.tell("damaged", "", f"damaged or cut short: {error}", "what came before it is kept")
                return
            if not block:
                return
            if stream is not file and len(block) > left:
                problems.tell("limit", "", f"more than {limit:,} bytes once unpacked", "the rest is left out")
                yield block[:left]
                return
            left -= len(block)
            yield block


def _stream(file: BinaryIO) -> BinaryIO:
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if magic.startswith(ZSTD):
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        return cast("BinaryIO", reader.stream_reader(file, read_across_frames=True))
    return file


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
