"""WS-Discovery: types, scopes and addresses of a device. OASIS Web Services Dynamic Discovery 1.1."""

from collections.abc import Iterator

from beholden.ingest.dissect.markup import Element, elements
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_OWN = {"Hello", "ProbeMatch", "ResolveMatch"}
_LISTS = {"Types": "types", "Scopes": "scope", "XAddrs": "address"}


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
    elif element.path[-2:] == ("EndpointReference", "Address"):
        yield Seen(SENDER, "wsd.endpoint", element.text)
