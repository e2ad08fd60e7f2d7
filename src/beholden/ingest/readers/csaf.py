"""Read security advisories in CSAF 2.0, VEX among them: what a publisher states of flaws in products.

https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html (3.2.2, 3.2.3.5, 3.2.3.9)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beholden.ingest.documents import Node, document, instant, items, node, text, texts
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.ingest.vex import Stated, subjects, tell
from beholden.knowledge.flaws_names import named
from beholden.knowledge.vex import Product, Said
from beholden.model.errors import Report
from beholden.model.flaw_states import AFFECTED, FIXED, IN_TRIAGE, NOT_AFFECTED

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "csaf",
    "csaf",
    "security advisories in CSAF 2.0 (JSON), VEX among them, plain, .gz or .zst",
    "who states when of which products and parts, by vendor and name with version or range, model number, CPE name or "
    "package URL, that a flaw affects them, does not and why, is fixed or is looked at",
    "no devices; scores, remediations, notes and threats are not read; branches 32 levels deep; model numbers with "
    "placeholders, serial numbers and hashes name nothing",
)
_MOST_DEPTH = 32
_STATUS = {
    "known_affected": AFFECTED,
    "first_affected": AFFECTED,
    "last_affected": AFFECTED,
    "fixed": FIXED,
    "first_fixed": FIXED,
    "known_not_affected": NOT_AFFECTED,
    "under_investigation": IN_TRIAGE,
}
_INSIDE = ("default_component_of", "external_component_of", "optional_component_of")
"""Relations of a part with the product that it is in; in the others it is software with what it runs on."""


class _Known(NamedTuple):
    """A product of the tree: its names, and those of a part where it is a product with that part."""

    product: Product
    models: tuple[str, ...]
    others: tuple[str, ...]
    component: str = ""

    @property
    def subjects(self) -> list[str]:
        """Give its names as statements have them."""
        models = [self.product._replace(name=one).text() for one in self.models if self.product.vendor]
        return [*subjects(self.product, *self.others), *models]

    @property
    def title(self) -> str:
        """Give it as bills of materials name parts; one without a name of its own by its CPE name or package URL."""
        found = named(self.others[0]) if self.others and not self.product.name else None
        if found:
            return f"{found.product}@{found.version.replace('@', '%40')}"
        return f"{self.product.name}@{self.product.version.replace('@', '%40')}"


def recognise(head: bytes, _: Path) -> bool:
    """Tell JSON by the version of CSAF that the document names."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and b'"csaf_version"' in head


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read an advisory; a locator counts vulnerabilities."""
    problems = Problems(report, str(path))
    problems.unit = "vulnerability"
    log = Log("csaf", evidence_id, options.spill)
    told = document(whole(path, options.limit_bytes, problems), problems)
    about = node(told.get("document"))
    tree = node(told.get("product_tree"))
    known = _products(tree)
    groups = {
        text(one.get("group_id")): texts(one.get("product_ids")) for one in items(tree.get("product_groups"))
    }
    when = instant(node(about.get("tracking")).get("current_release_date"))
    made = list[Stated]()
    for number, flaw in enumerate(items(told.get("vulnerabilities")), start=1):
        log.n_records += 1
        found = [
            Stated(number, of.subjects, said, when) for of, said in _said(flaw, known, groups) if of.subjects
        ]
        if not found:
            log.n_rejected += 1
            problems.tell_at("vulnerability", number, "no id, state or product that is known", "left out")
        made += found
    tell(log, text(node(about.get("publisher")).get("name")), made)
    problems.finish()
    return log.finish()


def _said(
    flaw: Node, known: dict[str, _Known], groups: dict[str, list[str]]
) -> Iterator[tuple[_Known, Said]]:
    """Give what is said of a flaw: by product and state, with the justification that a flag gives."""
    ids = [text(flaw.get("cve")), *(text(one.get("text")) for one in items(flaw.get("ids")))]
    name = next((one for one in ids if one), "")
    because: dict[str, str] = {}
    for flag in items(flaw.get("flags")):
        of = [*texts(flag.get("product_ids")), *_of_groups(flag, groups)]
        because |= dict.fromkeys(of, text(flag.get("label")))
    status = node(flaw.get("product_status"))
    for word, state in _STATUS.items():
        for product_id in texts(status.get(word)) if name else ():
            if product_id in known:
                found = known[product_id]
                reason = because.get(product_id, "") if state == NOT_AFFECTED else ""
                yield found, Said(name, state, reason, found.component)


def _of_groups(flag: Node, groups: dict[str, list[str]]) -> list[str]:
    return [one for group in texts(flag.get("group_ids")) for one in groups.get(group, [])]


def _products(tree: Node) -> dict[str, _Known]:
    """Give the products of a tree by their ids: leaves of branches, full names, and those that relations make."""
    known = {text(one.get("product_id")): _known(one, {}) for one in items(tree.get("full_product_names"))}
    known |= dict(_leaves(items(tree.get("branches"))))
    for relation in items(tree.get("relationships")):
        inner = known.get(text(relation.get("product_reference")))
        outer = known.get(text(relation.get("relates_to_product_reference")))
        name = text(node(relation.get("full_product_name")).get("product_id"))
        if inner and outer and name:
            is_inside = text(relation.get("category")) in _INSIDE
            known[name] = outer._replace(component=inner.title) if is_inside else _on(outer, inner)
    return known


def _on(platform: _Known, software: _Known) -> _Known:
    """Give a platform in the version of the software that runs on it."""
    version, versions = software.product[2:]
    return platform._replace(product=platform.product._replace(version=version, versions=versions), others=())


def _leaves(branches: list[Node]) -> Iterator[tuple[str, _Known]]:
    """Give the products at the ends of branches, with what the branches on the way to them name."""
    waiting = [(one, dict[str, str](), 1) for one in reversed(branches)]
    while waiting:
        one, path, depth = waiting.pop()
        path = path | {text(one.get("category")): text(one.get("name"))}
        leaf = node(one.get("product"))
        if leaf:
            yield text(leaf.get("product_id")), _known(leaf, path)
        if depth < _MOST_DEPTH:
            waiting += [(inner, path, depth + 1) for inner in reversed(items(one.get("branches")))]


def _known(leaf: Node, path: dict[str, str]) -> _Known:
    told = node(leaf.get("product_identification_helper"))
    models = [one for one in texts(told.get("model_numbers")) if one and not set(one) & set("*?")]
    name = path.get("product_name") or path.get("product_family") or ""
    version, versions = path.get("product_version", ""), path.get("product_version_range", "")
    return _Known(
        Product(path.get("vendor", ""), name, version, versions),
        tuple(models),
        tuple(one for one in (text(told.get("cpe")), text(told.get("purl"))) if one),
    )
