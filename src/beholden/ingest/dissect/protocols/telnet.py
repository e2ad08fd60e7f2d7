"""Telnet: what a server shows before it asks who is there. RFC 854, 855."""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_COMMANDS = re.compile(rb"\xff(?:\xfa.{0,64}?\xff\xf0|[\xfb-\xfe].|[\xf0-\xf9])", re.DOTALL)
_PROMPT = re.compile(rb"(?:login|user ?name|account|password) ?: ?", re.IGNORECASE)
_MOST = 1024


def dissect(payload: bytes) -> list[Seen]:
    """Read what stands before the first prompt; what is typed, and what follows, is never kept."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    shown = _COMMANDS.sub(b"", payload[:_MOST])
    if prompt := _PROMPT.search(shown):
        yield Seen(SENDER, "telnet.banner", text(shown[: prompt.end()]))
