"""Count and look up knowledge: the chain from a value to whoever is behind it, with the facts."""

import re
from collections import Counter
from ipaddress import ip_address
from typing import Any

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge

Document = dict[str, Any]
_MAC = re.compile(r"[0-9a-f]{6,12}")


def counts(knowledge: Knowledge) -> Document:
    """Count rows per table, companies per jurisdiction and facts per publisher."""
    companies = knowledge.table("companies")["jurisdiction"].to_pylist()
    publishers = knowledge.table("facts")["publisher"].to_pylist()
    return {
        "knowledge_id": knowledge.knowledge_id,
        "tables": dict(knowledge.manifest["rows"]),
        "companies by jurisdiction": dict(Counter(one or "unknown" for one in companies).most_common()),
        "facts by publisher": dict(Counter(publishers).most_common()),
    }


def look_up(knowledge: Knowledge, value: str) -> Document:
    """Say what a MAC, IP, domain or name is, with chain, listings and facts; unknown stays unknown."""
    text = value.strip()
    digits = re.sub(r"[:\-.]", "", text.lower())
    if _is_ip(text):
        return _address(knowledge, text)
    if _MAC.fullmatch(digits) and (":" in text or "-" in text or len(digits) == 12):
        return _mac(knowledge, digits)
    company = _company(knowledge, text)
    if company is None and "." in text:
        return _domain(knowledge, text)
    return _document("name", text, knowledge, company, {})


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _address(knowledge: Knowledge, text: str) -> Document:
    row = lookup.addresses(knowledge, [str(ip_address(text))]).to_pylist()[0]
    company = _company(knowledge, row["address_owner"] or "")
    return _document("ip", text, knowledge, company, row)


def _mac(knowledge: Knowledge, digits: str) -> Document:
    row = lookup.prefix_of(knowledge, digits)
    if row is None:
        return _document("mac", digits, knowledge, None, {})
    found = {name: row[name] for name in ("prefix", "organisation", "country", "role")}
    return _document("mac", digits, knowledge, row["company"], found, row["fact_id"])


def _domain(knowledge: Knowledge, text: str) -> Document:
    row = lookup.domains(knowledge, [text.lower()]).to_pylist()[0]
    found = {name: row[name] for name in ("domain", "service", "is_hosting")}
    return _document("domain", text, knowledge, row["operator_id"], found, row["fact_id"])


def _company(knowledge: Knowledge, name: str) -> str | None:
    return knowledge.spellings.find(name)


def _document(
    kind: str,
    value: str,
    knowledge: Knowledge,
    company: str | None,
    found: Document,
    fact_id: str | None = None,
) -> Document:
    rows = {row["company"]: row for row in knowledge.rows("companies")}
    chain, ids = _chain(rows, company)
    return {
        "value": value,
        "is": kind,
        **found,
        "company": company,
        "chain": chain,
        "listings": _listings(knowledge, rows, company),
        "facts": _facts(knowledge, [fact_id or "", *ids]),
    }


def _chain(rows: dict[str, Document], company: str | None) -> tuple[list[Document], list[str]]:
    if company is None or company not in rows:
        return [], []
    row = rows[company]
    steps = [("company", company, row["name"], row["jurisdiction"])]
    for role in ("maker", "owner"):
        if row[role] != steps[-1][1]:
            steps.append((role, row[role], row[f"{role}_name"], row[f"{role}_jurisdiction"]))
    chain = [
        {"role": role, "company": slug, "name": name, "jurisdiction": seat}
        for role, slug, name, seat in steps
    ]
    return chain, [row["fact_id"], *row["maker_path"].split(), *row["owner_path"].split()]


def _listings(knowledge: Knowledge, rows: dict[str, Document], company: str | None) -> list[Document]:
    group = rows[company]["group"].split() if company in rows else []
    return [
        {"list": row["list"], "title": row["title"], "entity": row["named_as"], "since": row["since"],
         "condition": row["condition"]}
        for row in knowledge.rows("listings")
        if row["company"] in group and (row["company"] == company or row["includes_affiliates"])
    ]  # fmt: skip


def _facts(knowledge: Knowledge, ids: list[str]) -> list[Document]:
    table = knowledge.table("facts")
    known = {row["fact_id"]: row for row in table.to_pylist()} if any(ids) else {}
    rows = (known[one] for one in dict.fromkeys(ids) if one in known)
    return [
        {
            "fact": row["fact_id"],
            "text": row["text"],
            "source": row["title"],
            "publisher": row["publisher"],
            "url": row["url"],
            "date": row["date"],
        }
        for row in rows
    ]
