"""WS-Discovery: types, scopes and addresses of a device. OASIS Web Services Dynamic Discovery 1.1.

Uniview's cameras and recorders are searched for by a word of their own on the same port, which other makers' answer
too: https://github.com/itripleg/Projects/blob/master/onvif-device-search-tool/mainwindow.cpp. Scopes of some makers
tell the link address.
"""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.markup import Element, elements
from beholden.ingest.dissect.seen import SENDER, Seen, collect
from beholden.ingest.dissect.stated import station

_OWN = {"Hello", "ProbeMatch", "ResolveMatch", "UniviewProbeMatches"}
_LISTS = {"Types": "types", "Scopes": "scope", "XAddrs": "address"}
_STATION = re.compile(
    r"onvif://www\.onvif\.org/(?:mac|macaddr)/([0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5})", re.IGNORECASE
)


def dissect(payload: bytes) -> list[Seen]:
    """Read a SOAP message; only Hello, ProbeMatch and ResolveMatch tell of their sender."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    for element in elements(payload):
        if _OWN.intersection(element.path):
            yield from _told(element)


def _told(element: Element) -> Iterator[Seen]:
    if element.name in _LISTS:
        for value in element.text.split()[:64]:
            shown = value.rpartition(":")[2] if element.name == "Types" else value  # its prefix is arbitrary
            yield Seen(SENDER, f"wsd.{_LISTS[element.name]}", shown)
            if stated := _STATION.fullmatch(value):
                yield from station(stated[1])
    elif element.path[-2:] == ("EndpointReference", "Address"):
        yield Seen(SENDER, "wsd.endpoint", element.text)
