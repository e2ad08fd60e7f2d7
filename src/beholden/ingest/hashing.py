"""Know evidence by its SHA-256, computed while it is read."""

import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

_CHUNK = 4 << 20


def file_hash(path: Path) -> str:
    """Hash a file as it came, in bounded memory."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_in_background(path: Path) -> "Future[str]":
    """Start hashing on a thread of its own; hashing does not hold the interpreter."""
    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(file_hash, path)
    pool.shutdown(wait=False)
    return future


class HashingStream(io.RawIOBase):
    """A stream that hashes and counts what passes through, for evidence that comes on standard input."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.n_bytes = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read, hash and count."""
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        self.n_bytes += len(chunk)
        return chunk

    def finish(self) -> str:
        """Read what is left and give the hash of the whole."""
        while self.read(_CHUNK):
            pass
        return self._digest.hexdigest()
