"""CoAP: what is asked for, registrations of LwM2M clients, CoIoT announcements. RFC 7252, 9176; OMA LwM2M 1.2, 6.4.

CoIoT: https://shelly-api-docs.shelly.cloud (option 3332 names the device, code 0.30).
"""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_VERSION = 1
_METHODS = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE"}
_POST, _ANNOUNCEMENT = 2, 30
_PATH, _QUERY, _COIOT_DEVICE = 11, 15, 3332
_END_OF_OPTIONS = 0xFF
_MOST_OPTIONS = 64
_OBJECT = re.compile(r"</(\d{1,5}(?:/\d{1,5})?)>")
_REGISTERED = {"ep": "endpoint", "lwm2m": "version"}


def dissect(payload: bytes) -> list[Seen]:
    """Read a request or announcement; responses tell nothing of their sender."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    head, code = octets.number(1), octets.number(1)
    if head >> 6 != _VERSION or (code not in _METHODS and code != _ANNOUNCEMENT):
        return
    octets.take(2)
    octets.take(head & 15)
    options = _options(octets)
    path = [text(value) for number, value in options if number == _PATH]
    if code == _ANNOUNCEMENT:
        for number, value in options:
            if number == _COIOT_DEVICE:
                yield Seen(SENDER, "coiot.device", text(value))
        return
    yield Seen(SENDER, "coap.request", f"{_METHODS[code]} /{'/'.join(path)}")
    if code == _POST and path[:1] == ["rd"]:
        yield from _registration([text(value) for number, value in options if number == _QUERY])
        yield Seen(SENDER, "lwm2m.objects", " ".join(_OBJECT.findall(text(octets.rest()))))


def _registration(queries: list[str]) -> Iterator[Seen]:
    for query in queries:
        name, _, value = query.partition("=")
        if name in _REGISTERED:
            yield Seen(SENDER, f"lwm2m.{_REGISTERED[name]}", value)


def _options(octets: Octets) -> list[tuple[int, bytes]]:
    """Read options up to the body (RFC 7252, 3.1): number as difference, and length, each in one to three octets."""
    options: list[tuple[int, bytes]] = []
    number = 0
    while octets.left and len(options) < _MOST_OPTIONS:
        head = octets.number(1)
        if head == _END_OF_OPTIONS:
            break
        number += _extended(octets, head >> 4)
        options.append((number, octets.take(_extended(octets, head & 15))))
    return options


def _extended(octets: Octets, nibble: int) -> int:
    if nibble == 13:
        return octets.number(1) + 13
    return octets.number(2) + 269 if nibble == 14 else nibble
