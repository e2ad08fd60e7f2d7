"""The claims of the article that the risk model starts from, and what their sources say."""

from pathlib import Path

from beholden.knowledge.checks import check_dates, check_once, check_words
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv

Rows = list[dict[str, object]]
SORTS = ("number", "programme", "law", "mechanism", "event", "forecast", "rating")
SUPPORT = ("supported", "partly", "contradicted", "unverified")


def load_claims(root: Path, ledger: Ledger) -> Rows:
    """Read the claims in the order of the article's lines.

    Raises KnowledgeError for a verdict without a finding, and for one other than `unverified` without a page.
    """
    seen: set[str] = set()
    rows: Rows = []
    for row in read_csv(root, "article/claims.csv"):
        check_once(row, "claim", seen)
        check_words(row, "sort", SORTS)
        check_words(row, "support", SUPPORT)
        check_dates(row, "cited_date")
        rows.append(_claim(row, ledger))
    return rows


def _claim(row: Row, ledger: Ledger) -> dict[str, object]:
    if not row["support"] or not row["finding"]:
        raise KnowledgeError(f"{row.place}: {row['claim']} has no verdict or no finding")
    if row["support"] != "unverified" and not row["url"]:
        raise KnowledgeError(f"{row.place}: {row['claim']} is judged {row['support']} without a page")
    verdict = row["support"]
    return {
        "claim": row["claim"],
        "lines": row["lines"],
        "sort": row["sort"],
        "text": row["text"],
        "value": row["value"] or None,
        "unit": row["unit"] or None,
        "value_date": row["value_date"] or None,
        "cited_publisher": row["cited_publisher"] or None,
        "cited_date": row["cited_date"] or None,
        "support": verdict,
        "finding": row["finding"],
        "fact_id": ledger.add(
            row, f"The article says: {row['text']} {verdict.capitalize()}: {row['finding']}"
        ),
    }
