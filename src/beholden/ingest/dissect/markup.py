"""XML of strangers, read as far as it goes. XML 1.0, Namespaces in XML 1.0; bombs refused by defusedxml."""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

MOST_XML = 65_536


class Element(NamedTuple):
    """A closed element: names of its ancestors and itself without namespaces, and its text."""

    path: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """The element's own name."""
        return self.path[-1]


def elements(raw: bytes) -> Iterator[Element]:
    """Yield elements as they close, from the first 64 KiB; a document type or an error ends the reading."""
    path: list[str] = []
    document = BytesIO(raw[:MOST_XML].lstrip())
    try:
        for event, node in iterparse(document, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(str(node.tag).rpartition("}")[2])
                continue
            yield Element(tuple(path[-8:]), (node.text or "").strip())
            path.pop()
            node.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return  # LookupError: an encoding nobody knows
