"""RTSP: what serves and what fetches video, and where it stands. RFC 2326, 7826; SDP RFC 8866."""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.heads import Head, basic_user, split
from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_METHODS = "OPTIONS|DESCRIBE|ANNOUNCE|SETUP|PLAY|PAUSE|TEARDOWN|GET_PARAMETER|SET_PARAMETER|RECORD|REDIRECT"
_REQUEST = re.compile(rf"(?:{_METHODS}) (\S{{1,2000}}) RTSP/[12]\.0$")
_START = re.compile(rf"(?:^|\n)(?=(?:(?:{_METHODS}) [^\s]{{1,2000}} )?RTSP/[12]\.0[ \r\n])".encode())
_PATH = re.compile(r"rtsps?://[^/]*(/[^?#=&]*)", re.IGNORECASE)  # some cameras take passwords in the path
_ONCE = re.compile(r',?\s*\b(?:nonce|opaque)="[^"]*"', re.IGNORECASE)  # new in every challenge
_SESSION = re.compile(rb"(?:^|\n)(?:s=|a=tool:)([^\r\n]{2,200})")
_MOST_HEADS = 64


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of an RTSP connection: every head that stands in it."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    for _, start in zip(range(_MOST_HEADS), _START.finditer(payload), strict=False):
        head = split(payload, start.end())
        if request := _REQUEST.match(head.start):
            path = _PATH.match(request[1])
            yield Seen(SENDER, "rtsp.request", path[1] if path else "")
            yield Seen(SENDER, "rtsp.user_agent", head.first("user-agent"))
            yield Seen(SENDER, "rtsp.basic_user", basic_user(head.first("authorization")))
        elif head.start.startswith("RTSP/"):
            yield from _response(head, payload)


def _response(head: Head, payload: bytes) -> Iterator[Seen]:
    yield Seen(SENDER, "rtsp.server", head.first("server"))
    for name, value in head.fields:
        if name == "www-authenticate":
            yield Seen(SENDER, "rtsp.authenticate", _ONCE.sub("", value))
    if head.first("content-type").lower().startswith("application/sdp"):
        for told in _SESSION.findall(payload[head.end : head.end + 4096]):
            yield Seen(SENDER, "rtsp.session", text(told))
