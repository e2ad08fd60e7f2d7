"""HTTP/1 heads, titles of pages, descriptions of devices, WebSockets of charging stations. RFC 9110, 9112, 7617, 6455."""

import re
from collections.abc import Iterator
from html import unescape

from beholden.ingest.dissect import chargers, descriptions, icons
from beholden.ingest.dissect.bodies import MOST_BODY, measure, plain
from beholden.ingest.dissect.heads import Head, basic_user, split
from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_METHODS = "GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|TRACE|CONNECT|(?:UN)?SUBSCRIBE|NOTIFY|PROPFIND|REPORT"
_REQUEST = re.compile(rf"({_METHODS}) (\S{{1,8000}}) HTTP/1\.[01]$")
_RESPONSE = re.compile(r"HTTP/1\.[01] [1-5]\d\d( |$)")
_START = re.compile(rf"\n((?:{_METHODS}) [^\s]{{1,8000}} HTTP/1\.[01]|HTTP/1\.[01] [1-5]\d\d )".encode())
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
_ONCE = re.compile(r',?\s*\b(?:nonce|opaque)="[^"]*"', re.IGNORECASE)  # new in every challenge (RFC 7616)
_MOST_HEADS = 64

_RESPONSE_FIELDS = {"server": "server", "www-authenticate": "authenticate", "x-powered-by": "powered_by"}


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of an HTTP stream: every head that stands in it."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    at: int | None = 0
    for _ in range(_MOST_HEADS):
        if at is None or at >= len(payload):
            return
        head = split(payload, at)
        if request := _REQUEST.match(head.start):
            yield from _request(head, request[1], request[2], payload)
        elif _RESPONSE.match(head.start):
            yield from _response(head, payload)
        else:
            at = _next(payload, at)
            continue
        if not head.is_whole:
            return
        at = measure(head, payload)


def _next(payload: bytes, at: int) -> int | None:
    """Find where the next head starts; bodies may lie of their length (answers to HEAD)."""
    found = _START.search(payload, at)
    return found.start(1) if found else None


def _request(head: Head, method: str, target: str, payload: bytes) -> Iterator[Seen]:
    scheme, separator, rest = target.partition("://")
    host = head.first("host")
    if separator and scheme.isalpha():  # absolute form, as proxies are asked (RFC 9112 3.2.2)
        host, _, path = rest.partition("/")
        target = f"/{path}"
    path = re.split(r"[?#;]", target, maxsplit=1)[0]
    yield Seen(SENDER, "http.host", re.sub(r":\d*$", "", host.rpartition("@")[2].lower()).rstrip("."))
    yield Seen(SENDER, "http.user_agent", head.first("user-agent"))
    yield Seen(SENDER, "http.request", f"{method} {path}")
    yield Seen(SENDER, "http.basic_user", basic_user(head.first("authorization")))
    subprotocol = head.first("sec-websocket-protocol")
    yield Seen(SENDER, "http.websocket", subprotocol)
    if subprotocol.startswith("ocpp"):
        yield from chargers.tell(payload[head.end :])


def _response(head: Head, payload: bytes) -> Iterator[Seen]:
    for name, value in head.fields:
        if name in _RESPONSE_FIELDS:
            yield Seen(SENDER, f"http.{_RESPONSE_FIELDS[name]}", _ONCE.sub("", value))
    body = plain(head, payload)
    if described := descriptions.tell(body):
        yield from described
    elif title := _TITLE.search(body):
        yield Seen(SENDER, "http.title", unescape(text(title[1])))
    elif head.first("content-length") and measure(head, payload) <= len(payload) and len(body) < MOST_BODY:
        yield Seen(SENDER, "http.favicon", icons.hashed(body))
