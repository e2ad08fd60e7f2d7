"""SIP: which software a telephone or exchange is, and what a telephone says that looks for its profile.

RFC 3261, 20.35 and 20.41; RFC 6080, 6.2.
"""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.heads import split
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_START = re.compile(r"SIP/2\.0 \d{3}|[A-Z]{3,16} sips?:\S+ SIP/2\.0$")
_PROFILE = re.compile(r';\s*(vendor|model|version)\s*=\s*"?([^";]*)', re.IGNORECASE)
_OWN = {"user-agent": "user_agent", "server": "server"}


def dissect(payload: bytes) -> list[Seen]:
    """Read a request or response; whom they call is not kept."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    head = split(payload)
    if not _START.match(head.start):
        return
    for name, value in head.fields:
        if name in _OWN:
            yield Seen(SENDER, f"sip.{_OWN[name]}", value)
        elif name == "event" and value.startswith("ua-profile;"):
            for said, whose in _PROFILE.findall(value):
                yield Seen(SENDER, f"sip.{said.lower()}", whose)
