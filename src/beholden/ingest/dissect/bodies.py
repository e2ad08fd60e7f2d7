"""Bodies of HTTP messages: how long they are and what they say in plain. RFC 9112 sections 6 and 7."""

import zlib
from collections.abc import Iterator

from beholden.ingest.dissect.heads import Head

MOST_BODY = 65_536
_MOST_CHUNKS = 4096


def measure(head: Head, raw: bytes) -> int:
    """Return where the body ends; of a response without length, at the end of what is there."""
    if head.first("transfer-encoding").lower().endswith("chunked"):
        return max((after for _, after in _chunks(raw, head.end)), default=head.end)
    length = head.first("content-length")
    if length.isascii() and length.isdigit():
        return head.end + int(length[:12])
    is_empty = (
        not head.start.startswith("HTTP/") or head.start[9:12] in ("204", "304") or head.start[9:10] == "1"
    )
    return head.end if is_empty else len(raw)


def plain(head: Head, raw: bytes) -> bytes:
    """Return at most 64 KiB of the body with chunks joined and gzip or deflate undone."""
    if head.first("transfer-encoding").lower().endswith("chunked"):
        body = b"".join(part for part, _ in _chunks(raw, head.end))
    else:
        body = raw[head.end : measure(head, raw)]
    coding = head.first("content-encoding").lower()
    if coding in ("gzip", "x-gzip", "deflate"):
        try:
            body = zlib.decompressobj(47).decompress(body, MOST_BODY)  # 47: zlib or gzip, told by its header
        except zlib.error:
            return b""
    return body[:MOST_BODY]


def _chunks(raw: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Yield each chunk and where the next begins."""
    for _ in range(_MOST_CHUNKS):
        line_end = raw.find(b"\r\n", at, at + 1024)
        size = raw[at:line_end].partition(b";")[0].strip()
        if line_end < 0 or not size or len(size) > 8:
            return
        try:
            length = int(size, 16)
        except ValueError:
            return
        start = line_end + 2
        at = start + length + 2
        yield raw[start : start + length], at
        if not length:
            return
