"""What documents state of flaws (VEX), whatever their form: statements on products, and who makes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from beholden.ingest.logs import Log
from beholden.ingest.statements import Statements, Subject
from beholden.knowledge.flaws_names import named
from beholden.knowledge.vex import PRODUCT, Product, Said

_LONGEST = 512
"""Characters of the text that names a product."""


class Stated(NamedTuple):
    """One statement on one product; subjects are the names of that product, of which each says the same."""

    locator: int
    subjects: Sequence[str]
    said: Said
    when: datetime | None


def subjects(product: Product, *others: str) -> list[str]:
    """Give the names of a product: vendor and name where both are stated, CPE names and package URLs.

    A CPE name or package URL without a version is held to that of the product.
    """
    known = [product.text()] if product.vendor and product.name else []
    for other in others:
        if (found := named(other)) is not None:
            is_narrower = not found.version and any(product[2:])
            known.append(Product(*found[:2], *product[2:]).text() if is_narrower else other)
    return list(dict.fromkeys(known))


def tell(log: Log, author: str, statements: Sequence[Stated]) -> None:
    """Tell statements and their author; a statement on nothing that is named is counted as rejected."""
    spoken = Statements(log)
    for one in statements:
        for subject in one.subjects:
            spoken.say(
                one.locator, Subject(PRODUCT, subject[:_LONGEST]), "vex.statement", one.said.text(), one.when
            )
    first = next((one for one in statements if one.subjects), None)
    if first:
        spoken.say(
            first.locator,
            Subject(PRODUCT, first.subjects[0][:_LONGEST]),
            "vex.author",
            author,
            first.when,
        )
    spoken.flush()
