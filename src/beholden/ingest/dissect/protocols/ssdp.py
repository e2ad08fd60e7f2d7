"""SSDP: what UPnP devices announce and search for. UPnP Device Architecture 2.0, section 1."""

from collections.abc import Iterator

from beholden.ingest.dissect.heads import split
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_OWN = {"server": "server", "usn": "usn", "location": "location", "nt": "type", "st": "type"}
_SEARCH = {"st": "asks", "user-agent": "user_agent"}


def dissect(payload: bytes) -> list[Seen]:
    """Read NOTIFY, M-SEARCH or the response to a search."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    head = split(payload)
    verb = head.start.split(" ", 1)[0].upper()
    if verb == "M-SEARCH":
        wanted = _SEARCH
    elif verb == "NOTIFY" or verb.startswith("HTTP/1."):
        wanted = _OWN
    else:
        return
    for name, value in head.fields:
        if name in wanted:
            yield Seen(SENDER, f"ssdp.{wanted[name]}", value)
