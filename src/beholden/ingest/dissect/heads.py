"""Heads of the HTTP form, which HTTP, RTSP and SSDP share. RFC 9112 section 2."""

import re
from base64 import b64decode
from typing import NamedTuple

from beholden.ingest.dissect.octets import text

MOST_HEAD = 16_384
_END = re.compile(rb"\r?\n\r?\n")


class Head(NamedTuple):
    """Start line, fields in order with lower-case names, and where the body starts."""

    start: str
    fields: list[tuple[str, str]]
    end: int
    is_whole: bool

    def first(self, name: str) -> str:
        """Return the first value under a lower-case name, else an empty text."""
        return next((value for key, value in self.fields if key == name), "")


def split(raw: bytes, at: int = 0) -> Head:
    """Split a head of at most 16 KiB; of one without its blank line, all whole lines count."""
    found = _END.search(raw, at, at + MOST_HEAD)
    block = raw[at : found.start() if found else at + MOST_HEAD]
    lines = text(block).replace("\r", "").split("\n")
    if not found and not block.endswith(b"\n"):
        lines = lines[:-1]
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.strip().lower(), value.strip()))
    return Head(lines[0] if lines else "", fields, found.end() if found else len(raw), found is not None)


def basic_user(credentials: str) -> str:
    """Give the user name of Basic credentials, an empty text for others; the password is dropped. RFC 7617."""
    scheme, _, token = credentials.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        user, colon, _ = b64decode(token.strip()[:4000]).partition(b":")
    except ValueError:
        return ""
    return text(user) if colon else ""
