"""Who stands behind a brand: the maker of its products, of the module inside, or of their platform.

A brand is a company, or a name as it is sold. What a row says holds for one class of product, or
for all where none is named, and is believed as far as its kind of evidence is.
"""

from pathlib import Path

from beholden.knowledge.checks import check_dates, check_words
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.names import normalise

Rows = list[dict[str, object]]

_SAYS = {
    "maker": "made by",
    "module_maker": "built around a module or firmware of",
    "platform": "run on the platform of",
}
"""What a role says of the brand's products."""


def load_white_labels(root: Path, ledger: Ledger, companies: Companies, kinds: Rows) -> Rows:
    """Read the rows; raises KnowledgeError for what does not resolve, stands twice."""
    evidence = {row["evidence"]: float(row["confidence"]) for row in _evidence(root)}
    titles = {str(kind["kind"]): str(kind["title"]).lower() for kind in kinds}
    rows: Rows = []
    seen: set[tuple[str, ...]] = set()
    for row in read_csv(root, "companies/white_labels.csv"):
        check_words(row, "role", _SAYS)
        check_words(row, "evidence", evidence)
        check_words(row, "product_class", titles)
        check_dates(row, "valid_from", "valid_to")
        key = normalise(row["brand"]), row["maker"], row["product_class"]
        if key in seen:
            raise KnowledgeError(f"{row.place}: {row['brand']!r} of {row['maker']!r} stands twice")
        seen.add(key)
        rows.append(_white_label(row, ledger, companies, titles) | {"confidence": evidence[row["evidence"]]})
    return rows


def _evidence(root: Path) -> list[Row]:
    return list(read_csv(root, "vocabulary/maker_evidence.csv"))


def _white_label(row: Row, ledger: Ledger, companies: Companies, titles: dict[str, str]) -> dict[str, object]:
    maker = companies.companies.get(row["maker"])
    if maker is None:
        raise KnowledgeError(f"{row.place}: no company {row['maker']!r}")
    brand = row["brand"] if row["brand"] in companies.companies else companies.find(row["brand"])
    if not normalise(row["brand"]) or brand == maker.company:
        raise KnowledgeError(f"{row.place}: the brand {row['brand']!r} is empty or its own maker")
    name = companies.companies[brand].name if brand else row["brand"]
    products = titles.get(row["product_class"], "products")
    note = f" ({row['note']})" if row["note"] else ""
    evidence = row["evidence"].replace("_", " ")
    text = f"{name}, {products}: {_SAYS[row['role']]} {maker.name}, by {evidence}{note}"
    return {
        "brand": brand,
        "name": name,
        "spelling": normalise(name),
        "maker": maker.company,
        "role": row["role"],
        "product_class": row["product_class"] or None,
        "evidence": row["evidence"],
        "note": row["note"] or None,
        "valid_from": row["valid_from"] or None,
        "valid_to": row["valid_to"] or None,
        "fact_id": ledger.add(row, text),
    }
