"""SADP: the search by which cameras and recorders are found and set up, UDP 37020.

No specification is public; the form of the answer: https://github.com/MatrixEditor/hiktools
"""

from collections.abc import Iterator

from beholden.ingest.dissect.markup import elements
from beholden.ingest.dissect.seen import SENDER, Seen, collect
from beholden.ingest.dissect.stated import station

_OWN = {"DeviceDescription": "model", "DeviceSN": "serial", "SoftwareVersion": "firmware"}


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to a search; questions tell nothing of their sender."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    link_address = address = ""
    for element in elements(payload):
        if element.path[0] != "ProbeMatch":
            continue
        if element.name in _OWN:
            yield Seen(SENDER, f"sadp.{_OWN[element.name]}", element.text)
        elif element.name == "MAC":
            link_address = element.text
        elif element.name == "IPv4Address":
            address = element.text
    yield from station(link_address, address)
