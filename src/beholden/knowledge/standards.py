"""Standards and protocols: who keeps them, how open they are, who certifies, and what works without a cloud."""

from pathlib import Path

from beholden.knowledge.checks import check_once, check_words
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.places import country_codes

Rows = list[dict[str, object]]
OPENNESS = ("open", "purchase", "members", "vendor_documented", "reverse_engineered", "closed")
"""How one gets the text: free, for money, as a member, from its vendor, only by study, or not at all."""

LOCAL_CONTROL = ("full", "partial", "none")


def load_standards(root: Path, ledger: Ledger) -> Rows:
    """Read the standards, one row each."""
    codes, seen = country_codes(root), set[str]()
    rows: Rows = []
    for row in read_csv(root, "standards/standards.csv"):
        check_once(row, "standard", seen)
        check_words(row, "openness", OPENNESS)
        check_words(row, "local_control", LOCAL_CONTROL)
        check_words(row, "jurisdiction", codes)
        rows.append(_standard(row, ledger))
    return rows


def _standard(row: Row, ledger: Ledger) -> dict[str, object]:
    keeper = row["body"] or "an unknown body"
    return {
        "standard": row["standard"],
        "title": row["title"],
        "body": row["body"] or None,
        "jurisdiction": row["jurisdiction"] or None,
        "openness": row["openness"] or None,
        "licence": row["licence"] or None,
        "certifier": row["certifier"] or None,
        "n_suppliers": _suppliers(row),
        "suppliers_basis": row["suppliers_basis"] or None,
        "local_control": row["local_control"] or None,
        "local_fact_id": _local(row, ledger),
        "note": row["note"],
        "fact_id": ledger.add(row, f"{row['title']}, kept by {keeper}: {row['note']}"),
    }


def _local(row: Row, ledger: Ledger) -> str | None:
    """Enter what works without a cloud; it stands on a source of its own."""
    if not row["local_control"]:
        return None
    cells = {"source": row["local_source"], "url": row["local_url"], "standard": row["standard"],
             "local_control": row["local_control"]}  # fmt: skip
    return ledger.enter(
        row.pack, row.place, cells, f"{row['title']}: local control is {row['local_control']}"
    )


def _suppliers(row: Row) -> int | None:
    """Give how many suppliers are counted; raises KnowledgeError for a number without a basis."""
    if not row["n_suppliers"]:
        return None
    if not row["n_suppliers"].isdigit() or not row["suppliers_basis"]:
        raise KnowledgeError(f"{row.place}: n_suppliers {row['n_suppliers']!r} is no number or has no basis")
    return int(row["n_suppliers"])
