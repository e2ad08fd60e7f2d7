"""Tables of cards: what connectivity platforms say of them, and what is found; they stand beside those of a scan."""

from beholden.model.columns import Column, Table, Type
from beholden.model.tables import FINDING_EVIDENCE


def _c(name: str, kind: Type, meaning: str, unit: str = "") -> Column:
    return Column(name, kind, meaning, unit)


def _n(name: str, kind: Type, meaning: str, unit: str = "") -> Column:
    return Column(name, kind, meaning, unit, nullable=True)


CARD_PROPOSITION = "card"
"""Proposition of findings about cards among those about devices: it has no weight, and scores nothing."""
_SEEN_IN = tuple(
    one for one in FINDING_EVIDENCE.columns if one.name in ("evidence_id", "locator_kind", "locator")
)
_CARD = _c(
    "card", "string", "number of the card (ICCID), or `imsi` and its IMSI where that is all that is known"
)
_DAY = _c("day", "int64", "day in UTC", "days since 1970-01-01")

CARDS = Table(
    "cards",
    "a card as lists state it",
    (
        _CARD,
        _n("imsi", "string", "subscriber identity"),
        _n("kind", "string", "kind of device it is meant for, of knowledge/vocabulary/kinds.csv"),
        _n("group", "string", "fleet, customer or tariff as stated"),
        _n("state", "string", "state at the operator as stated"),
    ),
)

CARD_LIMITS = Table(
    "card_limits",
    "one thing that a card may do, as lists state it",
    (
        _CARD,
        _c("what", "string", "imei, apn, country or cell"),
        _c("value", "string", "canonical text"),
    ),
)

CARD_USAGE = Table(
    "card_usage",
    "what a card used on one day in one module by one access point in one place",
    (
        _CARD,
        _DAY,
        _n("imsi", "string", "subscriber identity"),
        _n("imei", "string", "IMEI of the module, 15 digits"),
        _n("imei_stated", "string", "what was stated as IMEI and is none"),
        _n("apn", "string", "access point name, lower case, without the operator's part"),
        _n("country", "string", "country of the network visited", "ISO 3166-1 alpha-2"),
        _n("cell", "string", "cell as stated"),
        _n("bytes_up", "int64", "bytes sent", "bytes"),
        _n("bytes_down", "int64", "bytes received", "bytes"),
        _n("bytes", "int64", "bytes both ways", "bytes"),
        _n("sms", "int64", "short messages sent and received"),
        _c("is_shared", "bool", "the card may have another row on that day"),
        _c("place", "int64", "number of the file times 2^40, plus the row"),
    ),
)

CARD_FINDINGS = Table(
    "card_findings",
    "a rule of knowledge/cards that holds for a card",
    (
        _c("finding_id", "string", "card and rule, joined by a colon"),
        _CARD,
        _n("imsi", "string", "subscriber identity"),
        _n("imei", "string", "IMEI that the card is bound to, else the one it was first used with"),
        _n("kind", "string", "kind of device it is meant for"),
        _n("group", "string", "fleet, customer or tariff as stated"),
        _n("device_id", "string", "device of a scan that the card is in"),
        _n("site", "string", "site of that device as stated"),
        _n("owner", "string", "owner or business unit of that device as stated"),
        _c("rule_id", "string", "rule in knowledge/cards"),
        _c("title", "string", "title of the rule"),
        _c("category", "string", "one of the eight risks, which the rule speaks of"),
        _c("strength", "float64", "how strongly it holds", "0-1"),
        _n("first_day", "int64", "first day it was seen", "days since 1970-01-01"),
        _n("last_day", "int64", "last day it was seen", "days since 1970-01-01"),
        _c("n_days", "int64", "days it was seen on"),
        _c("detail", "string", "the rule's sentence, filled in"),
        _c("contain", "string", "what to do at once"),
        _c("action", "string", "block, throttle, rebind or review"),
        _n("until", "int64", "last day of the action", "days since 1970-01-01"),
        _c("path", "string", "fact ids it rests on besides its evidence, joined by a space"),
    ),
)

CARD_EVIDENCE = Table(
    "card_evidence",
    "one row of an export that a finding about a card rests on",
    (
        _c("finding_id", "string", "finding"),
        *_SEEN_IN,
        _n("day", "int64", "day in UTC", "days since 1970-01-01"),
        _c("property", "string", "column of card_usage"),
        _n("value", "string", "value of it"),
    ),
)

CARD_TABLES: tuple[Table, ...] = (CARDS, CARD_LIMITS, CARD_USAGE, CARD_FINDINGS, CARD_EVIDENCE)
"""Tables of `fleet cards`, which stand beside those of a scan."""
