"""Read OpenVEX: who states of which products whether a flaw affects them.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md (0.2.0; of 0.0.1 what it has in common)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from beholden.ingest.documents import Node, document, instant, items, node, text
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.ingest.vex import Stated, subjects, tell
from beholden.knowledge.flaws_names import named
from beholden.knowledge.vex import Product, Said
from beholden.model.errors import Report
from beholden.model.flaw_states import STATES

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "openvex",
    "openvex",
    "statements on flaws in OpenVEX 0.2.0 (JSON-LD), plain, .gz or .zst",
    "who states when of which products and parts, by package URL or CPE name, that a flaw affects them, does "
    "not and why, is fixed or is looked at",
    "no devices; products that are named otherwise, by hash or address, are left out; texts are not read",
)
_STATES = frozenset(STATES.values())


def recognise(head: bytes, _: Path) -> bool:
    """Tell JSON by the context of the document."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and b"openvex.dev/ns" in head


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read statements; a locator counts them."""
    problems = Problems(report, str(path))
    problems.unit = "statement"
    log = Log("openvex", evidence_id, options.spill)
    told = document(whole(path, options.limit_bytes, problems), problems)
    made = list[Stated]()
    for number, one in enumerate(items(told.get("statements")), start=1):
        log.n_records += 1
        found = list(_stated(number, one, told))
        if not found:
            log.n_rejected += 1
            problems.tell_at("statement", number, "no flaw, state or product that is known", "left out")
        made += found
    tell(log, text(told.get("author")), made)
    problems.finish()
    return log.finish()


def _stated(number: int, one: Node, whole_document: Node) -> Iterator[Stated]:
    """Give what one statement says of each product, or of the parts of it that it names."""
    flaw, state, because = _flaw(one), text(one.get("status")), text(one.get("justification"))
    if not flaw or state not in _STATES:
        return
    when = instant(one.get("timestamp") or whole_document.get("timestamp"))
    for product in _things(one.get("products")):
        of = subjects(Product("", ""), *_names(product))
        inside = [title for part in _things(product.get("subcomponents")) if (title := _title(part))]
        if of:
            yield from (
                Stated(number, of, Said(flaw, state, because, title), when) for title in inside or [""]
            )


def _flaw(one: Node) -> str:
    """Give the id of the flaw: its name, else the last part of its address (0.0.1: a text)."""
    told = one.get("vulnerability")
    return text(told) or text(node(told).get("name")) or text(node(told).get("@id")).rpartition("/")[2]


def _things(value: object) -> list[Node]:
    """Give products or parts as objects; 0.0.1 has texts."""
    if not isinstance(value, list):
        return []
    return [one if isinstance(one, dict) else {"@id": text(one)} for one in value]


def _names(one: Node) -> list[str]:
    told = node(one.get("identifiers"))
    return [text(one.get("@id")), *(text(told.get(name)) for name in ("purl", "cpe23", "cpe22"))]


def _title(part: Node) -> str:
    """Give a part as bills of materials have it: name@version."""
    found = next((known for name in _names(part) if (known := named(name))), None)
    return f"{found.product}@{found.version.replace('@', '%40')}" if found else ""
