"""What a scan answers of flaws, by product: which status each flaw has in it, and what that rests on.

A flaw is said to affect only where the version is known to have it, or where somebody states so; where it is not known or
comparable it is under investigation.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from beholden.knowledge.flaws_names import escaped
from beholden.model.flaw_states import AFFECTED, FIXED, IN_TRIAGE, NOT_AFFECTED

Document = dict[str, Any]
STATUS = {
    AFFECTED: AFFECTED,
    FIXED: FIXED,
    NOT_AFFECTED: NOT_AFFECTED,
    IN_TRIAGE: IN_TRIAGE,
    "possible": IN_TRIAGE,
}
"""Status of `device_flaws`, and what is answered."""


class Product(NamedTuple):
    """A maker's product in a version, or a part in it as name@version; empty where not known."""

    maker: str
    name: str
    version: str
    part: str = ""

    @property
    def whole(self) -> "Product":
        """Give the product that it is or is part of."""
        return self._replace(part="")

    @property
    def title(self) -> str:
        """Write it for people."""
        whole = " ".join(word for word in self[:3] if word)
        return f"{self.part} in {whole}" if self.part else whole


def package_url(maker: str, name: str, version: str) -> str:
    """Give a product as a package URL of type generic (ECMA-427), its maker as the namespace."""
    maker, name, version = (escaped(word) for word in (maker, name, version))
    return f"pkg:generic/{maker}{'/' if maker else ''}{name}{'@' if version else ''}{version}"


def part_url(part: str) -> str:
    """Give a part as a package URL of type generic."""
    name, _, version = part.rpartition("@")
    return package_url("", name, version.replace("%40", "@"))


class Answer(NamedTuple):
    """What is answered of one flaw in one product."""

    product: Product
    flaw: str
    status: str
    justification: str
    cpe: str
    because: str
    """In words: the versions that have it, or who states it."""
    act: str
    """What to do, where it is affected."""


@dataclass(frozen=True)
class Author:
    """Who answers: a name, and an address under which names are the author's own."""

    name: str
    namespace: str


@dataclass(frozen=True)
class Answers:
    """All answers of a scan, by flaw and product; when is the end of the scan, UTC."""

    scan_id: str
    when: datetime
    author: Author
    rows: tuple[Answer, ...]

    @property
    def instant(self) -> str:
        """Write the end of the scan (RFC 3339)."""
        return self.when.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def products(self) -> tuple[Product, ...]:
        """Give all products that are spoken of, and those that their parts are in."""
        named = {one for row in self.rows for one in (row.product, row.product.whole)}
        return tuple(sorted(named))

    def by_flaw(self) -> Mapping[str, list[Answer]]:
        """Group the answers by flaw."""
        grouped: dict[str, list[Answer]] = defaultdict(list)
        for row in self.rows:
            grouped[row.flaw].append(row)
        return grouped


def answers(
    scan_id: str, when: datetime, author: Author, devices: Iterable[Document], flaws: Iterable[Document]
) -> Answers:
    """Answer of the flaws of devices.

    devices: documents with device, brand, model, os and firmware; flaws: rows of `device_flaws`.
    """
    known = {one["device"]: _whole(one) for one in devices}
    rows = {_answer(row, known[row["device_id"]]) for row in flaws}
    return Answers(
        scan_id, when, author, tuple(sorted(rows, key=lambda one: (one.flaw, one.product, one.status)))
    )


def _whole(device: Document) -> Product:
    """Give the product that a device is."""
    brand = device["brand"] or device["maker"] or {}
    name = device["model"] or device["os"] or f"device {device['device']}"
    return Product(brand.get("name") or "", name, device["firmware"] or "")


def _answer(row: Document, whole: Product) -> Answer:
    is_part = row["component"] is not None
    product = (
        whole._replace(part=row["component"])
        if is_part
        else Product(whole.maker, row["name"], row["version"] or "")
    )
    status = STATUS[row["status"]]
    return Answer(
        product,
        row["cve"],
        status,
        row["justification"] or "",
        row["cpe"] or "",
        _because(row),
        _act(row) if status == AFFECTED else "",
    )


def _because(row: Document) -> str:
    if row["stated_by"] or row["stated_at"]:
        when = f", {row['stated_at']:%Y-%m-%d}" if row["stated_at"] else ""
        return f"Stated by {row['stated_by'] or 'an author without name'}{when}."
    if row["status"] == "possible":
        what = "cannot be compared" if row["version"] else "is not known"
        return f"The product is known, its version {what}."
    return f"Versions that have it: {row['affected'] or 'not told'}."


def _act(row: Document) -> str:
    due = row["due_if_exposed"]
    text = "Install a version that does not have it, or contain the device until there is one."
    return (
        f"{text} Time to fix where it can be reached from the Internet, after CISA BOD 26-04: {due}."
        if due
        else text
    )
