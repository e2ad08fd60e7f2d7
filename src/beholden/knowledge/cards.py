"""What is known of cards: rules over their use, what kinds of device need, issuers, and whose networks there are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beholden.knowledge.checks import check_once
from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv, read_yaml
from beholden.model.risks import CATEGORIES

ACTIONS = ("block", "throttle", "rebind", "review")
"""What a rule asks of a connectivity platform; `review` asks it of a person."""

_REQUIRED = ("id", "title", "category", "signal", "says", "rationale", "contain", "action", "for_days")

Rows = list[dict[str, object]]


def load_card_rules(root: Path, ledger: Ledger) -> Rows:
    """Read cards/<rule>.yaml.

    Raises KnowledgeError for a rule that lacks something, or has no example that must match and one that must not.
    """
    contained = {row["containment"]: row["says"] for row in read_csv(root, "vocabulary/containments.csv")}
    rows: Rows = []
    for path in sorted((root / "cards").glob("*.yaml")):
        pack = f"cards/{path.name}"
        document = read_yaml(path)
        _check_rule(document, pack, contained)
        rule = {key: value for key, value in document.items() if isinstance(value, str)}
        fact_id = ledger.enter(pack, pack, rule, f"{rule['title']}: {rule['rationale']}")
        kept = ("title", "category", "signal", "says", "action")
        rows.append(
            {
                "rule_id": rule["id"],
                **{name: rule[name] for name in kept},
                "parameters": " ".join(
                    f"{name}={value}" for name, value in document.get("parameters", {}).items()
                ),
                "contain": contained[rule["contain"]],
                "for_days": int(rule["for_days"]),
                "fact_id": fact_id,
            }
        )
    return rows


def _check_rule(document: Mapping[str, Any], pack: str, contained: Mapping[str, str]) -> None:
    missing = [name for name in _REQUIRED if not isinstance(document.get(name), str)]
    if missing:
        raise KnowledgeError(f"{pack}: lacks {', '.join(missing)}")
    if document["contain"] not in contained or document["action"] not in ACTIONS:
        raise KnowledgeError(
            f"{pack}: no containment {document['contain']!r} or no action {document['action']!r}"
        )
    if document["category"] not in CATEGORIES:
        raise KnowledgeError(f"{pack}: {document['category']!r} is none of the eight risks")
    if {bool(example.get("finds")) for example in document.get("examples", ())} != {True, False}:
        raise KnowledgeError(
            f"{pack}: needs an example that it finds a card in, and one in which it finds none"
        )
    _number(document["for_days"], pack)


def load_card_classes(root: Path, ledger: Ledger, kinds: Rows) -> Rows:
    """Read vocabulary/card_classes.csv: bytes and short messages a day that a kind of device needs at most."""
    known = {row["kind"] for row in kinds}
    rows: Rows = []
    for row in read_csv(root, "vocabulary/card_classes.csv"):
        if row["kind"] not in known:
            raise KnowledgeError(f"{row.place}: no kind {row['kind']!r}")
        text = f"A {row['kind']} needs at most {row['mb_a_day']} MB a day: {row['rationale']}"
        rows.append(
            {
                "kind": row["kind"],
                "mb_a_day": _number(row["mb_a_day"], row.place),
                "mb_up_a_day": _number(row["mb_up_a_day"], row.place),
                "sms_a_day": _number(row["sms_a_day"], row.place),
                "fact_id": ledger.add(row, text),
            }
        )
    return rows


def load_card_issuers(root: Path, ledger: Ledger, companies: Companies) -> Rows:
    """Read parts/card_issuers.csv: beginnings of ICCIDs with issuer, company where its name is one's, and country."""
    rows: Rows = []
    seen: set[str] = set()
    for row in read_csv(root, "parts/card_issuers.csv"):
        check_once(row, "prefix", seen)
        _check_digits(row, "prefix", "89", (5, 9))
        text = (
            f"Cards whose number begins with {row['prefix']} are issued by {row['issuer']} {row['country']}"
        )
        rows.append(
            {
                "prefix": row["prefix"],
                "issuer": row["issuer"] or None,
                "company": companies.find(row["issuer"]) if row["issuer"] else None,
                "country": row["country"] or None,
                "fact_id": ledger.add(row, f"{text.rstrip()}. {row['note']}".strip()),
            }
        )
    return rows


def load_mobile_networks(root: Path, ledger: Ledger, companies: Companies) -> Rows:
    """Read parts/mobile_networks.csv: networks by country and network code, and the company that runs them."""
    rows: Rows = []
    seen: set[str] = set()
    for row in read_csv(root, "parts/mobile_networks.csv"):
        check_once(row, "network", seen)
        _check_digits(row, "network", "", (5, 6))
        company = companies.companies.get(row["company"])
        if company is None:
            raise KnowledgeError(f"{row.place}: no company {row['company']!r}")
        text = f"The network {row['network']} is run by {company.name}. {row['note']}"
        rows.append(
            {"network": row["network"], "company": company.company, "fact_id": ledger.add(row, text.strip())}
        )
    return rows


def _check_digits(row: Row, column: str, begins: str, lengths: tuple[int, int]) -> None:
    text = row[column]
    if not (text.isdecimal() and text.startswith(begins) and lengths[0] <= len(text) <= lengths[1]):
        raise KnowledgeError(f"{row.place}: {text!r} is no {column}")


def _number(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise KnowledgeError(f"{place}: {text!r} is no number") from error
