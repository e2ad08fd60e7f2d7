"""Windows of bytes over a capture: plain, gzip or zstd, from a file or a stream, in bounded memory."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
import zstandard

from beholden.ingest.capture.layout import Bytes

SIZE = 4 << 20
"""Bytes of a window."""
MOST_PEEKED = 4096
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Broken(ValueError):  # noqa: N818 - it says what a stream is
    """A stream that cannot be read on; its text says why."""


class _Readable(Protocol):
    def readinto(self, room: memoryview, /) -> int: ...


class _Unzipped:
    """The content of a gzip stream of one or more members (RFC 1952), in pieces."""

    def __init__(self, source: "_Joined") -> None:
        self._source = source
        self._engine: Any = None
        self._rest = b""
        self._ready = b""

    def readinto(self, room: memoryview, /) -> int:
        """Fill room with decompressed bytes; 0 at the end. Raises Broken."""
        while not self._ready:
            piece = self._rest or self._source.read(1 << 16)
            self._rest = b""
            if not piece and self._engine is None:
                return 0
            try:
                self._ready = self._inflate(piece, len(room))
            except zlib.error as error:
                raise Broken(f"the compressed data are damaged ({error})") from error
            if not piece and not self._ready:
                raise Broken("the compressed data end too early")
        size = min(len(room), len(self._ready))
        room[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _inflate(self, piece: bytes, most: int) -> bytes:
        """Decompress a piece, or, where nothing is left to read, what the engine still holds."""
        if self._engine is None:
            self._engine = zlib.decompressobj(wbits=31)
        got: bytes = self._engine.decompress(piece, most) if piece else self._engine.flush()
        if self._engine.eof:
            self._rest, self._engine = self._engine.unused_data.lstrip(b"\0"), None
        else:
            self._rest = self._engine.unconsumed_tail
        return got


class _Unpacked:
    """The content of a zstd stream of one or more frames (RFC 8878)."""

    def __init__(self, source: "_Joined") -> None:
        engine = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._reader = engine.stream_reader(cast("Any", source), read_across_frames=True)

    def readinto(self, room: memoryview, /) -> int:
        """Fill room with decompressed bytes; 0 at the end. Raises Broken."""
        try:
            return int(self._reader.readinto(room))
        except zstandard.ZstdError as error:
            raise Broken(f"the compressed data are damaged ({error})") from error


class _Joined:
    """A stream whose first bytes were already taken."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.head = b""
        while len(self.head) < 6 and (piece := source.read(6 - len(self.head))):
            self.head += piece
        self._fill = (
            source.readinto if isinstance(source, io.FileIO | io.BufferedReader | io.BytesIO) else None
        )

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        if self.head:
            piece, self.head = self.head[:size], self.head[size:]
            return piece
        return self._source.read(size)

    def readinto(self, room: memoryview, /) -> int:
        """Fill room as far as one read goes."""
        if self._fill and not self.head:
            return self._fill(room) or 0
        piece = self.read(len(room))
        room[: len(piece)] = piece
        return len(piece)


def _stream(source: BinaryIO) -> tuple[_Readable, bool]:
    """Look into a stream and decompress it where it is compressed; tell whether it is."""
    joined = _Joined(source)
    if joined.head[:2] == GZIP:
        return _Unzipped(joined), True
    if joined.head[:4] == ZSTD:
        return _Unpacked(joined), True
    return joined, False


class Windows:
    """A buffer that slides over a stream."""

    def __init__(self, source: BinaryIO, size: int = SIZE) -> None:
        self._stream, self.is_compressed = _stream(source)
        self._buffer = np.empty(size, np.uint8)
        self._start = 0
        self._end = 0
        self.is_at_end = False
        self.taken = 0  # bytes read from the stream, decompressed

    @property
    def view(self) -> Bytes:
        """The bytes at hand."""
        return self._buffer[self._start : self._end]

    @property
    def place(self) -> int:
        """Offset in the (decompressed) stream of the first byte at hand."""
        return self.taken - (self._end - self._start)

    def consume(self, size: int) -> None:
        """Step over bytes at hand."""
        self._start += size

    def fill(self, limit: int) -> bool:
        """Read on behind the bytes at hand, at most to `limit` of the stream; false where nothing came."""
        kept = self._end - self._start
        if kept == len(self._buffer):
            self._buffer = np.concatenate((self._buffer, np.empty_like(self._buffer)))
        elif self._start:
            self._buffer[:kept] = self._buffer[self._start : self._end].copy()
            self._end, self._start = kept, 0
        before = self._end
        room = memoryview(cast("Any", self._buffer))
        while self._end < len(self._buffer) and not self.is_at_end and self.taken < limit:
            got = self._stream.readinto(room[self._end : self._end + limit - self.taken])
            self.is_at_end = not got
            self._end += got
            self.taken += got
        return self._end > before

    def has_more(self) -> bool:
        """Tell whether the stream goes on behind the bytes that were read."""
        return not self.is_at_end and bool(self._stream.readinto(memoryview(bytearray(1))))


def opened(path: Path | BinaryIO) -> tuple[BinaryIO, Callable[[], None]]:
    """Open a path; a stream is taken as it is. Returns it with what closes it."""
    if isinstance(path, Path):
        stream = path.open("rb", buffering=0)
        return stream, stream.close
    return path, lambda: None


def peek(head: bytes, size: int = 64) -> bytes:
    """Decompress the beginning of a compressed beginning as far as it goes; other bytes are given back."""
    try:
        if head[:2] == GZIP:
            return zlib.decompressobj(wbits=31).decompress(head, size)
        if head[:4] == ZSTD:
            return zstandard.ZstdDecompressor().decompressobj().decompress(head[:MOST_PEEKED])[:size]
    except (zlib.error, zstandard.ZstdError):
        return b""
    return head
