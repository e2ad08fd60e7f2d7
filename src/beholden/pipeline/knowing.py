"""Count and look up knowledge: the chain from a value to whoever is behind it, with the facts."""

import re
from collections import Counter
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge
from beholden.knowledge.law import is_in_force
from beholden.knowledge.names import normalise
from beholden.knowledge.parts import parts
from beholden.model.identifiers import iccid, imei, is_locally_administered, is_multicast_mac, tac
from beholden.pipeline.registered import CVE, address_facts, flaw, prefix_facts, usb_device

Document = dict[str, Any]
_MAC = re.compile(r"([0-9a-f]{2}[:-]){2,5}[0-9a-f]{1,2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}")
_USB = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
_TAC = re.compile(r"[0-9]{8}")
_NAME = re.compile(r"[^\s,]+\.[^\W\d_][\w-]+\.?")
_STRINGS = ("manufacturer", "model", "revision", "compatible", "soc", "user_agent")
"""What a string may have been read from, the surest first."""


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


def look_up(knowledge: Knowledge, value: str, address: str | None = None) -> Document:
    """Say what a MAC, IP, IMEI, TAC, ICCID, USB or CVE id, domain, name or string of a part is: chain, lists, law, facts.

    address: where a domain name was seen to be; whose it is and in which country are facts beside the operator.
    Unknown stays unknown.
    """
    text = value.strip()
    digits = re.sub(r"[:\-.]", "", text.lower())
    if _is_ip(text):
        return _address(knowledge, text)
    number = _numbered(knowledge, text)
    if number is not None:
        return number
    for pattern, kind, said in ((_USB, "usb", usb_device), (CVE, "cve", flaw)):
        if pattern.fullmatch(text.lower()):
            return _registered(knowledge, kind, text, *said(knowledge, text))
    if _MAC.fullmatch(text.lower()):
        return _mac(knowledge, digits)
    company = _company(knowledge, text)
    if company is not None:
        return _document("name", text, knowledge, company, {})
    if _NAME.fullmatch(text.lower()):
        return _domain(knowledge, text, address)
    return _part(knowledge, text, _STRINGS)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _address(knowledge: Knowledge, text: str) -> Document:
    row = lookup.addresses(knowledge, [str(ip_address(text))]).to_pylist()[0]
    company = _company(knowledge, row["address_owner"] or "")
    return _with_facts(_document("ip", text, knowledge, company, row), address_facts(row))


def _mac(knowledge: Knowledge, digits: str) -> Document:
    row = lookup.prefixes(knowledge, [digits]).to_pylist()[0]
    kind: Document = {"is_local": is_locally_administered(digits), "is_group": is_multicast_mac(digits)}
    if row["prefix"] is None:
        return _document("mac", digits, knowledge, None, kind)
    found = {name: row[name] for name in ("prefix", "organisation", "country", "role")} | kind
    document = _document("mac", digits, knowledge, row["company"], found, row["fact_id"])
    return _with_facts(document, prefix_facts(row))


def _domain(knowledge: Knowledge, text: str, address: str | None) -> Document:
    row = lookup.domains(knowledge, [_ascii(text.lower())]).to_pylist()[0]
    found = {name: row[name] for name in ("domain", "service", "is_hosting")}
    seen = lookup.addresses(knowledge, [address]).to_pylist() if address is not None else []
    for place in seen:
        found |= place
    document = _document("domain", text, knowledge, row["operator_id"], found, row["fact_id"])
    return _with_facts(document, [fact for place in seen for fact in address_facts(place)])


def _ascii(name: str) -> str:
    """Give a name in any script as DNS carries it (RFC 3490); a name that has no such form as it is."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _registered(
    knowledge: Knowledge, kind: str, text: str, found: Document, facts: list[Document]
) -> Document:
    """Look up a value that a registry knows: a part of a company of ours, else the company of the registry's name."""
    document = _part(knowledge, text, ("usb",)) if kind == "usb" else None
    if document is None or document["company"] is None:
        name = found.get("vendor_name") or found.get("vendor") or ""
        document = _document(kind, text, knowledge, _company(knowledge, name), found)
    return _with_facts({**document, **found}, facts)


def _numbered(knowledge: Knowledge, text: str) -> Document | None:
    """Look up a module by its IMEI or type allocation code, or a card by its number; None for what is neither."""
    if _TAC.fullmatch(text) or imei(text):
        return _part(knowledge, tac(imei(text) or text), ("tac",))
    card = iccid(text)
    return _card(knowledge, card) if card else None


def _card(knowledge: Knowledge, number: str) -> Document:
    """Look up who issued a card, by the longest beginning of its number that is known (ITU-T E.118)."""
    known = {row["prefix"]: row for row in knowledge.rows("card_issuers")}
    begins = next((number[:n] for n in range(9, 4, -1) if number[:n] in known), "")
    row = known.get(begins, {"issuer": None, "country": None, "company": None, "fact_id": None})
    found = {"begins": begins or None, "issuer": row["issuer"], "country": row["country"]}
    return _document("iccid", number, knowledge, row["company"], found, row["fact_id"])


def _with_facts(document: Document, facts: list[Document]) -> Document:
    """Put what registries say before the facts of the packs."""
    return {**document, "facts": [*facts, *document["facts"]]}


def _part(knowledge: Knowledge, text: str, kinds: tuple[str, ...]) -> Document:
    """Look a part up as each of these kinds of value in turn; what none knows may be nearly a company's name."""
    for kind in kinds:
        row = parts(knowledge, kind, [text]).to_pylist()[0]
        if row["company"] is not None:
            found = {"begins": row["value"], "role": row["role"], "model": row["model"]}
            return _document(kind, text, knowledge, row["company"], found, row["fact_id"])
    return _document(kinds[0], text, knowledge, None, {}) if len(kinds) == 1 else _nearly(knowledge, text)


def _nearly(knowledge: Knowledge, name: str) -> Document:
    """Match a name that is no spelling we have; a company where that is sure, else the ones it may mean."""
    from beholden.knowledge.matching import Matcher  # noqa: PLC0415 - only names that are not known need it

    match = Matcher.of(knowledge).match(name)
    candidates = [{"company": one.company, "likeness": one.likeness} for one in match.candidates]
    return _document("name", name, knowledge, match.company, {"candidates": candidates})


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
    behind = _behind(knowledge, rows, company, value if kind == "name" else "")
    laws = _laws(knowledge, {step["jurisdiction"] for step in chain})
    return {
        "value": value,
        "is": kind,
        **found,
        "company": company,
        "chain": chain,
        "behind": behind,
        "listings": _listings(knowledge, rows, company),
        "laws": laws,
        "facts": _facts(knowledge, [fact_id or "", *ids, *(row["fact"] for row in (*behind, *laws))]),
    }


def _chain(rows: dict[str, Document], company: str | None) -> tuple[list[Document], list[str]]:
    if company is None or company not in rows:
        return [], []
    row = rows[company]
    roles = {row["owner"]: "owner", row["maker"]: "maker", company: "company"}
    chain = [
        {"role": roles.get(slug, "parent"), "company": slug, "name": rows[slug]["name"],
         "jurisdiction": rows[slug]["jurisdiction"], "fact": rows[slug]["fact_id"]}
        for slug in dict.fromkeys(row["group"].split())
    ]  # fmt: skip
    return chain, [row["fact_id"], *row["maker_path"].split(), *row["owner_path"].split()]


def _behind(
    knowledge: Knowledge, rows: dict[str, Document], company: str | None, name: str
) -> list[Document]:
    """Say who is known to stand behind a brand's products, a company's or one only known by name."""
    spelling = normalise(name)
    return [
        {"role": row["role"], "company": row["maker"], "name": rows[row["maker"]]["name"],
         "jurisdiction": rows[row["maker"]]["jurisdiction"], "product_class": row["product_class"],
         "evidence": row["evidence"], "confidence": row["confidence"], "since": row["valid_from"],
         "until": row["valid_to"], "note": row["note"], "fact": row["fact_id"]}
        for row in knowledge.rows("white_labels")
        if (row["brand"] == company if company else row["spelling"] == spelling)
    ]  # fmt: skip


def _laws(knowledge: Knowledge, seats: set[str | None]) -> list[Document]:
    """Give the instruments in force today in these jurisdictions under which access can be compelled."""
    today = datetime.now(UTC).date().isoformat()
    return [
        {"jurisdiction": row["binds"], "instrument": row["instrument"], "article": row["article"],
         "since": row["in_force_from"], "compelled_access": row["compelled_access"], "review": row["review"],
         "fact": row["fact_id"]}
        for row in knowledge.rows("regimes")
        if row["binds"] in seats
        and is_in_force(row, today)
        and row["compelled_access"] not in (None, "none", "unknown")
    ]  # fmt: skip


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
