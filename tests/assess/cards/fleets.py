"""Small fleets from a few lines of text, as the examples of rules are written."""

import csv
from datetime import date

import pyarrow as pa

from beholden.assess.cards.context import CardContext
from beholden.assess.cards.findings import assess_cards
from beholden.assess.cards.homes import Homes
from beholden.assess.law import regimes
from beholden.engine import arrow_schema
from beholden.ingest.cards import numbers, texts
from beholden.knowledge.profiles import load_profile
from beholden.model.cards import CARD_LIMITS, CARD_USAGE, CARDS

TODAY = date(2026, 11, 24)


def usage_of(text):
    """Give `card_usage` of lines whose days may be spans such as 3-9."""
    rows = []
    for line in csv.DictReader(text.strip().splitlines()):
        first, _, last = line["day"].partition("-")
        rows.extend({**line, "day": day} for day in range(int(first), int(last or first) + 1))
    imei = numbers.imeis(pa.array([row.get("imei") or None for row in rows], pa.string()))
    seen = [(row["card"], row["day"]) for row in rows]
    made = []
    for place, row in enumerate(rows):
        amounts = {
            name: int(row[name]) if row.get(name) else None for name in ("bytes_up", "bytes_down", "sms")
        }
        both = [amounts[name] for name in ("bytes_up", "bytes_down") if amounts[name] is not None]
        made.append(
            {
                "card": row["card"],
                "day": row["day"],
                "imei": imei.values[place].as_py(),
                "imei_stated": row["imei"] if imei.wrong[place].as_py() else None,
                "apn": texts.access_point(row["apn"]) if row.get("apn") else None,
                "country": row.get("country") or None,
                "cell": row.get("cell") or None,
                **amounts,
                "bytes": sum(both) if both else None,
                "is_shared": seen.count((row["card"], row["day"])) > 1,
                "place": place,
            }
        )
    return pa.Table.from_pylist(made, schema=arrow_schema(CARD_USAGE))


def lists_of(text):
    """Give `cards` and `card_limits` of lines of a list."""
    rows, limits = [], []
    for line in csv.DictReader(text.strip().splitlines()):
        rows.append({name: line.get(name) or None for name in arrow_schema(CARDS).names})
        for what in ("imei", "apn", "country", "cell"):
            for word in (line.get(what) or "").split():
                value = texts.access_point(word) if what == "apn" else word
                limits.append({"card": line["card"], "what": what, "value": value})
    return (
        pa.Table.from_pylist(rows, schema=arrow_schema(CARDS)),
        pa.Table.from_pylist(limits, schema=arrow_schema(CARD_LIMITS)),
    )


def assessed(engine, knowledge, usage, cards="", profile="article"):
    """Give findings and evidence of a fleet written as text, or of an Arrow table of use."""
    law = regimes(knowledge, TODAY, load_profile(knowledge, profile).is_concern)
    listed, limits = lists_of(cards)
    context = CardContext(
        engine=engine,
        usage=engine.bind(usage_of(usage) if isinstance(usage, str) else usage),
        cards=engine.bind(listed),
        limits=engine.bind(limits),
        homes=Homes(knowledge, law),
        knowledge=knowledge,
        today=TODAY,
    )
    found = assess_cards(context)
    return engine.collect(found.findings).to_pylist(), engine.collect(found.evidence).to_pylist()


def found_by(rule, *fleet):
    """Give the cards that a rule finds in a fleet."""
    return {row["card"] for row in assessed(*fleet)[0] if row["rule_id"] == rule}
