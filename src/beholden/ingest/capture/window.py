"""Windows of bytes over a capture: plain, gzip or zstd, from a file or a stream, in bounded memory."""

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
    def readinto(self, room: memoryview, /) -> int | None: ...


class _Inflated:
    """The decompressed content of a stream, in pieces."""

    def __init__(self, source: BinaryIO, head: bytes) -> None:
        self._source = source
        self._rest = head
        self._is_zstd = head.startswith(ZSTD)
        self._engine: Any = None
        self._pending = b""

    def _next(self) -> bytes:
        piece, self._rest = self._rest, b""
        return piece or self._source.read(1 << 16)

    def readinto(self, room: memoryview, /) -> int:
        """Fill room with decompressed bytes; 0 at the end. Raises Broken."""
        try:
            return self._zstd(room) if self._is_zstd else self._gzip(room)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Broken(f"the compressed data are damaged ({error})") from error

    def _gzip(self, room: memoryview) -> int:
        while True:
            if self._engine is None:
                self._engine = zlib.decompressobj(wbits=31)
            piece = self._engine.unconsumed_tail or self._next()
            got = self._engine.decompress(piece, len(room)) if piece else b""
            if self._engine.eof:
                self._rest = self._engine.unused_data.lstrip(b"\0")
                self._engine = None
            if got:
                room[: len(got)] = got
                return len(got)
            if not piece:
                if self._engine is not None and self._started:
                    raise Broken("the compressed data end too early")
                return 0
            self._started = self._engine is not None

    _started = False

    def _zstd(self, room: memoryview) -> int:
        if self._engine is None:
            joined: Any = _Joined(self._rest, self._source)
            self._engine = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
                joined, read_across_frames=True
            )
        return int(self._engine.readinto(room))


class _Joined:
    """A stream whose first bytes were already taken."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self._head = head
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._source.read(size)

    def readinto(self, room: memoryview, /) -> int:
        """Fill room as far as one read goes."""
        if self._head:
            piece = self.read(len(room))
            room[: len(piece)] = piece
            return len(piece)
        got = self._source.readinto(room)  # type: ignore[attr-defined]
        return int(got or 0)


class Windows:
    """A buffer that slides over a stream."""

    def __init__(self, source: BinaryIO, size: int = SIZE) -> None:
        head = source.read(6)
        self.is_compressed = head[:2] == GZIP or head[:4] == ZSTD
        self._stream: _Readable = _Inflated(source, head) if self.is_compressed else _Joined(head, source)
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
            self._end += got or 0
            self.taken += got or 0
        return self._end > before


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
