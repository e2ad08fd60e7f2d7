"""Places: countries, the groupings they belong to, and deployments in cities with vendor, year and finance."""

from pathlib import Path

from beholden.knowledge.checks import check_dates, check_once, check_words
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv

Rows = list[dict[str, object]]
FORMS = ("loan", "grant", "export_credit", "vendor_credit", "own_budget")
STATUSES = ("planned", "agreed", "built", "running", "cancelled", "unfinished")


def country_codes(root: Path) -> frozenset[str]:
    """Give the ISO 3166-1 alpha-2 codes that knowledge has."""
    return frozenset(row["iso2"] for row in read_csv(root, "places/countries.csv"))


def load_groupings(root: Path, ledger: Ledger) -> Rows:
    """Read which country belongs to which grouping, from and to when."""
    codes = country_codes(root)
    titles = {row["grouping"]: row["title"] for row in read_csv(root, "places/grouping_names.csv")}
    rows: Rows = []
    for row in read_csv(root, "places/groupings.csv"):
        if row["grouping"] not in titles:
            raise KnowledgeError(f"{row.place}: no grouping {row['grouping']!r}")
        check_words(row, "member", codes)
        check_dates(row, "since", "until")
        if row["until"] and row["until"] < row["since"]:
            raise KnowledgeError(f"{row.place}: ends before it begins")
        title = titles[row["grouping"]]
        span = f"from {row['since'] or '?'} to {row['until'] or 'now'}"
        rows.append(
            {
                "grouping": row["grouping"],
                "title": title,
                "member": row["member"],
                "since": row["since"] or None,
                "until": row["until"] or None,
                "fact_id": ledger.add(row, f"{row['member']} belongs to {title} {span}"),
            }
        )
    return rows


def load_deployments(root: Path, ledger: Ledger, companies: Companies) -> Rows:
    """Read where city-wide systems were agreed or built, by whom, when and with whose money."""
    codes, seen = country_codes(root), set[str]()
    rows: Rows = []
    for row in read_csv(root, "places/deployments.csv"):
        check_once(row, "deployment", seen)
        check_words(row, "country", codes)
        check_words(row, "vendors", companies.companies)
        check_words(row, "form", FORMS)
        check_words(row, "status", STATUSES)
        check_dates(row, "year")
        rows.append(_deployment(row, ledger))
    return rows


def _deployment(row: Row, ledger: Ledger) -> dict[str, object]:
    vendor = row["vendor_named"] or "an unnamed vendor"
    money = f", financed by {row['financier']}" if row["financier"] else ""
    text = f"{row['project']} in {row['city'] or row['country']} by {vendor}, {row['year'] or 'year unknown'}{money}"
    return {
        "deployment": row["deployment"],
        "country": row["country"],
        "city": row["city"] or None,
        "project": row["project"],
        "vendors": row["vendors"] or None,
        "vendor_named": row["vendor_named"] or None,
        "year": row["year"] or None,
        "status": row["status"] or None,
        "financier": row["financier"] or None,
        "form": row["form"] or None,
        "amount": _amount(row),
        "currency": row["currency"] or None,
        "fact_id": ledger.add(row, text),
    }


def _amount(row: Row) -> float | None:
    if not row["amount"]:
        return None
    if not row["amount"].replace(".", "", 1).isdigit() or not row["currency"]:
        raise KnowledgeError(f"{row.place}: the amount {row['amount']!r} is no number or has no currency")
    return float(row["amount"])
