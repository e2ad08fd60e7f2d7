"""Read bills of materials in CycloneDX, JSON or XML (ECMA-424; 1.4 to 1.6), with hardware and what they say of flaws.

https://cyclonedx.org/docs/1.6/json/, properties of devices: https://cyclonedx.github.io/cyclonedx-property-taxonomy/cdx/device
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from beholden.ingest.documents import Node, document, instant, items, node, text
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.materials import MOST_DEPTH, Bill, Flaw, Part, tell, word
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "cyclonedx",
    "cyclonedx",
    "bills of materials in CycloneDX 1.4 to 1.6, JSON and XML, plain, .gz or .zst",
    "the device (serial number, link address, maker, model) or firmware, its parts with versions, suppliers, package "
    "URLs, CPE names and hashes, and what is said of vulnerabilities (VEX)",
    "no flows; services, licences, dependencies, files, keys and models are not read; parts 64 levels deep",
)
_JSON = re.compile(rb'"bomFormat"\s*:\s*"CycloneDX"|"bom-ref"\s*:')
_XML = b"http://cyclonedx.org/schema/bom/1"
_LISTS = frozenset({"affects", "authors", "components", "hashes", "properties", "vulnerabilities"})
_MAKERS = ("manufacturer", "manufacture", "supplier")


def recognise(head: bytes, _: Path) -> bool:
    """Tell XML by its namespace, and JSON by its format or, where that comes later, by references of parts."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    return (start == b"{" and bool(_JSON.search(head))) or (start == b"<" and _XML in head[:4096])


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a bill; a locator counts parts, what the bill is of being the first."""
    problems = Problems(report, str(path))
    problems.unit = "part"
    log = Log("cyclonedx", evidence_id, options.spill)
    data = whole(path, options.limit_bytes, problems)
    is_xml = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"
    found = _xml(data, problems) if is_xml else document(data, problems)
    if found:
        tell(log, _bill(found, evidence_id), problems)
    problems.finish()
    return log.finish()


def _xml(data: bytes, problems: Problems) -> Node:
    """Give the document as JSON has it, as far as it is whole."""
    root = None
    try:
        for _, element in iterparse(io.BytesIO(data), events=("start",), forbid_dtd=True):
            root = element if root is None else root
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        problems.tell("XML", "", f"damaged or refused XML: {error}", "what comes before is kept")
    return node(_value(root, MOST_DEPTH)) if root is not None else {}


def _value(element: Element, depth: int) -> Any:  # noqa: ANN401 - as JSON
    """Give an element as JSON has it: a list, an object, or a text; nothing below so many levels."""
    name = element.tag.rpartition("}")[2]
    if depth == 0:
        return None
    if name in _LISTS:
        return [_value(inner, depth - 1) for inner in element]
    inner = {one.tag.rpartition("}")[2]: _value(one, depth - 1) for one in element}
    if not inner and not element.attrib:
        return element.text
    return {"content": element.text, "value": element.text, **element.attrib, **inner}


def _bill(told: Node, evidence_id: str) -> Bill:
    metadata = node(told.get("metadata"))
    stated = node(metadata.get("component"))
    main = _part(stated) if stated else None
    if main and not main.supplier:
        main = main._replace(supplier=_maker(metadata))
    inside = [*items(stated.get("components")), *items(told.get("components"))]
    return Bill(
        text(told.get("serialNumber")) or f"sbom:{evidence_id}",
        instant(metadata.get("timestamp")),
        main,
        [_part(one) for one in _nested(inside)],
        [_flaw(one) for one in items(told.get("vulnerabilities"))],
        _author(metadata) or (main.supplier if main else ""),
    )


def _nested(components: list[Node]) -> Iterator[Node]:
    """Give components and those in them, each before what is in it."""
    waiting = [(one, 1) for one in reversed(components)]
    while waiting:
        one, depth = waiting.pop()
        yield one
        if depth < MOST_DEPTH:
            waiting += [(inner, depth + 1) for inner in reversed(items(one.get("components")))]


def _part(one: Node) -> Part:
    return Part(
        ref=text(one.get("bom-ref")),
        purpose=word(one.get("type")),
        name=text(one.get("name")),
        version=text(one.get("version")),
        supplier=_maker(one),
        purls=[text(one.get("purl"))],
        cpes=[text(one.get("cpe"))],
        digests={
            word(each.get("alg")): text(each.get("content"))
            for each in items(one.get("hashes"))
            if text(each.get("content"))
        },
        stated=[(text(each.get("name")), text(each.get("value"))) for each in items(one.get("properties"))],
    )


def _author(metadata: Node) -> str:
    """Name who made the bill."""
    return _maker(metadata) or next(
        (name for one in items(metadata.get("authors")) if (name := text(one.get("name")))), ""
    )


def _maker(one: Node) -> str:
    """Name who made something, else who supplies it."""
    return next((name for role in _MAKERS if (name := text(node(one.get(role)).get("name")))), "")


def _flaw(one: Node) -> Flaw:
    told = node(one.get("analysis"))
    return Flaw(
        text(one.get("id")),
        text(told.get("state")) or "unstated",
        [text(each.get("ref")) for each in items(one.get("affects"))],
        text(told.get("justification")),
        instant(told.get("lastUpdated") or one.get("updated")),
    )
