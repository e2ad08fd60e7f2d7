"""Mobile networks by country and network code (ITU-T E.212): name, country and company."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from beholden.knowledge.base import Knowledge

_MOST = 0.8
"""Share of a country code's networks from which on its country is that of a code which several places share."""


@dataclass(frozen=True)
class Network:
    """A network: its name, the country it is in (None of global ones), its company, and the fact that names it."""

    name: str
    country: str | None
    company: str | None
    fact_id: str


def countries_by_code(knowledge: Knowledge) -> Mapping[str, str]:
    """Give the country of each mobile country code that is one country's, but for a few networks of its territories."""
    counts: dict[str, Counter[str]] = {}
    for row in knowledge.rows("mcc_mnc"):
        if row["mcc"] and row["country"]:
            counts.setdefault(row["mcc"], Counter())[row["country"]] += 1
    tops = {code: (*count.most_common(1)[0], count.total()) for code, count in counts.items()}
    return {code: country for code, (country, n, total) in tops.items() if n >= _MOST * total}


def networks(knowledge: Knowledge) -> Mapping[str, Network]:
    """Give networks by code; one that several places share is in the country of its country code."""
    run_by = {row["network"]: row for row in knowledge.rows("mobile_networks")}
    by_code = countries_by_code(knowledge)
    found: dict[str, Network] = {}
    for row in knowledge.rows("mcc_mnc"):
        if not (row["mcc"] and row["mnc"]):
            continue
        code = row["mcc"] + row["mnc"]
        is_shared = code in found and found[code].country != row["country"]
        run = run_by.get(code, {})
        found[code] = Network(
            name=row["brand"] or row["operator"] or code,
            country=by_code.get(row["mcc"]) if is_shared else row["country"],
            company=run.get("company"),
            fact_id=run.get("fact_id", ""),
        )
    return found
