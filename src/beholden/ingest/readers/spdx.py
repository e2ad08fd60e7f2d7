"""Read bills of materials in SPDX: 2.2 and 2.3 as JSON or tag-value (ISO/IEC 5962), 3.0 as JSON-LD.

https://spdx.github.io/spdx-spec/v2.3/, https://spdx.github.io/spdx-spec/v3.0.1/
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beholden.ingest.documents import Node, document, instant, items, node, text, texts
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.materials import Bill, Flaw, Part, tell, word
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "spdx",
    "spdx",
    "bills of materials in SPDX 2.2 and 2.3 (JSON, tag-value) and 3.0 (JSON-LD), plain, .gz or .zst",
    "firmware or device, its packages with versions, suppliers, package URLs, CPE names and hashes; of 3.0 also what is "
    "said of vulnerabilities",
    "no flows; files, snippets, licences and relations other than what the document describes are not read; no RDF/XML",
)
_BLANK = b"\xef\xbb\xbf \r\n\t"
_TAGS = re.compile(rb"^SPDXVersion:\s*SPDX-2\.", re.MULTILINE)
_JSON = re.compile(rb'"SPDXID"\s*:|"spdxVersion"\s*:\s*"SPDX-2\.|"https://spdx\.org/rdf/3\.')
_SOMEBODY = re.compile(r"^(?:Organization|Person|Tool):\s*(?P<name>.*?)\s*(?:\([^()]*\))?$")
_STATES = {
    "VexAffectedVulnAssessmentRelationship": "exploitable",
    "VexFixedVulnAssessmentRelationship": "resolved",
    "VexNotAffectedVulnAssessmentRelationship": "not_affected",
    "VexUnderInvestigationVulnAssessmentRelationship": "in_triage",
}
"""Assessments of SPDX 3, and the states that CycloneDX has for them."""


def recognise(head: bytes, _: Path) -> bool:
    """Tell tag-value text by its version, JSON by the identifiers that its elements bear, JSON-LD by its context."""
    start = head.lstrip(_BLANK)[:1]
    return bool(_JSON.search(head) if start == b"{" else _TAGS.search(head) and start != b"<")


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a bill; a locator counts packages, what the document describes being the first."""
    problems = Problems(report, str(path))
    problems.unit = "package"
    log = Log("spdx", evidence_id, options.spill)
    data = whole(path, options.limit_bytes, problems)
    if data.lstrip(_BLANK)[:1] == b"{":
        told = document(data, problems)
        bill = (_of_graph if "@graph" in told else _of_document)(told) if told else None
    else:
        bill = _of_tags(data.decode("utf-8", "replace").lstrip("\ufeff"))
    if bill:
        tell(log, bill._replace(id=bill.id or f"sbom:{evidence_id}"), problems)
    problems.finish()
    return log.finish()


def _of_document(told: Node) -> Bill:
    """Read SPDX 2 in JSON."""
    described = [
        text(one.get("relatedSpdxElement"))
        for one in items(told.get("relationships"))
        if one.get("relationshipType") == "DESCRIBES"
    ]
    also = told.get("documentDescribes")
    described += [text(one) for one in also] if isinstance(also, list) else []
    return _bill(
        text(told.get("documentNamespace")),
        node(told.get("creationInfo")).get("created"),
        [_package(one) for one in items(told.get("packages"))],
        described,
    )


def _package(one: Node) -> Part:
    references = [
        (text(each.get("referenceType")), text(each.get("referenceLocator")))
        for each in items(one.get("externalRefs"))
    ]
    return Part(
        ref=text(one.get("SPDXID")),
        purpose=word(one.get("primaryPackagePurpose")),
        name=text(one.get("name")),
        version=_known(one.get("versionInfo")),
        supplier=_somebody(one.get("originator")) or _somebody(one.get("supplier")),
        purls=[locator for kind, locator in references if kind == "purl"],
        cpes=[locator for kind, locator in references if kind.startswith("cpe2")],
        digests={
            word(each.get("algorithm")): text(each.get("checksumValue"))
            for each in items(one.get("checksums"))
            if text(each.get("checksumValue"))
        },
    )


def _bill(
    name: str, when: object, parts: list[Part], described: Iterable[str], flaws: Iterable[Flaw] = ()
) -> Bill:
    """Put what a document describes before the rest, where it is one package."""
    wanted = {*described}
    mains = [part for part in parts if part.ref in wanted]
    main = mains[0] if len(mains) == 1 else None
    rest = [part for part in parts if part is not main]
    return Bill(name, instant(when), main, rest, list(flaws), main.supplier if main else "")


def _known(value: object) -> str:
    return "" if text(value) in ("NOASSERTION", "NONE") else text(value)


def _somebody(value: object) -> str:
    found = _SOMEBODY.match(_known(value))
    return found["name"] if found else ""


def _of_tags(source: str) -> Bill:
    """Read SPDX 2 in tag-value as the JSON that it stands for."""
    told: dict[str, Any] = {"packages": [], "relationships": [], "creationInfo": {}}
    one: dict[str, Any] | None = None
    for tag, value in _tags(source):
        if tag == "PackageName":
            one = {"name": value, "externalRefs": [], "checksums": []}
            told["packages"].append(one)
        elif tag in ("FileName", "SnippetSPDXID", "LicenseID"):
            one = None
        elif tag == "Relationship":
            _, _, rest = value.partition(" ")
            kind, _, other = rest.partition(" ")
            told["relationships"].append({"relationshipType": kind, "relatedSpdxElement": other.strip()})
        elif tag == "Created":
            told["creationInfo"] = {"created": value}
        elif tag == "DocumentNamespace":
            told["documentNamespace"] = value
        elif one is not None:
            _tagged(one, tag, value)
    return _of_document(told)


_OF_PACKAGE = {
    "SPDXID": "SPDXID",
    "PackageVersion": "versionInfo",
    "PackageSupplier": "supplier",
    "PackageOriginator": "originator",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}


def _tagged(one: dict[str, Any], tag: str, value: str) -> None:
    if tag in _OF_PACKAGE:
        one[_OF_PACKAGE[tag]] = value
    elif tag == "PackageChecksum":
        algorithm, _, digest = value.partition(":")
        one["checksums"].append({"algorithm": algorithm, "checksumValue": digest.strip()})
    elif tag == "ExternalRef" and value.count(" ") >= 2:
        _, kind, locator = value.split(" ", 2)
        one["externalRefs"].append({"referenceType": kind, "referenceLocator": locator.strip()})


def _tags(source: str) -> Iterator[tuple[str, str]]:
    """Give tags and values; a value between <text> and </text> may be several lines."""
    tag, held = "", list[str]()
    for line in source.splitlines():
        if held:
            before, closed, _ = line.partition("</text>")
            held.append(before)
            if closed:
                yield tag, "\n".join(held).removeprefix("<text>")
                held = []
            continue
        name, colon, value = line.partition(":")
        value = value.strip()
        if not colon or not name.isidentifier():
            continue
        if value.startswith("<text>") and "</text>" not in value:
            tag, held = name, [value]
        else:
            yield name, value.removeprefix("<text>").removesuffix("</text>")


def _of_graph(told: Node) -> Bill:
    """Read SPDX 3: elements by their types and the names that JSON-LD's context gives their properties."""
    elements = items(told.get("@graph"))
    by_id = {text(one.get("spdxId") or one.get("@id")): one for one in elements}
    name, described, when = "", list[str](), None
    for one in elements:
        kind = _type(one)
        if kind in ("SpdxDocument", "Sbom"):
            described += texts(one.get("rootElement"))
            name = text(one.get("spdxId")) if kind == "SpdxDocument" else name
        elif kind == "CreationInfo":
            when = when or one.get("created")
    parts = [_element(one, by_id) for one in elements if _type(one) == "Package"]
    flaws = [_assessment(one, by_id) for one in elements if _type(one) in _STATES]
    return _bill(name, when, parts, described, flaws)


def _type(one: Node) -> str:
    """Give the type without the profile that leads it, as in `software_Package`."""
    return text(one.get("type") or one.get("@type")).rpartition("_")[2].rpartition("/")[2]


def _element(one: Node, by_id: dict[str, Node]) -> Part:
    others = [
        (text(each.get("externalIdentifierType")), text(each.get("identifier")))
        for each in items(one.get("externalIdentifier"))
    ]
    makers = [*texts(one.get("originatedBy")), *texts(one.get("suppliedBy"))]
    purls = [text(one.get("software_packageUrl")), *(value for kind, value in others if kind == "packageUrl")]
    return Part(
        ref=text(one.get("spdxId")),
        purpose=word(one.get("software_primaryPurpose")),
        name=text(one.get("name")),
        version=_known(one.get("software_packageVersion")),
        supplier=next((text(by_id[maker].get("name")) for maker in makers if maker in by_id), ""),
        purls=purls,
        cpes=[value for kind, value in others if kind in ("cpe22", "cpe23")],
        digests={
            word(each.get("algorithm")): text(each.get("hashValue"))
            for each in items(one.get("verifiedUsing"))
            if text(each.get("hashValue"))
        },
    )


def _assessment(one: Node, by_id: dict[str, Node]) -> Flaw:
    said_of = text(one.get("from"))
    flaw = by_id.get(said_of, {})
    ids = [
        text(each.get("identifier"))
        for each in items(flaw.get("externalIdentifier"))
        if each.get("externalIdentifierType") == "cve"
    ]
    return Flaw((ids or [text(flaw.get("name")) or said_of])[0], _STATES[_type(one)], texts(one.get("to")))
