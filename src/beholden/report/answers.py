"""The answers that come first: whose devices these are, who is listed, what leaves the site, what to look at next.

Sums of the scan's rows in words and in order; every share is given with its count and its base.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beholden.model.risks import CONTEXT_CATEGORIES
from beholden.report.charts import histogram
from beholden.report.references import References
from beholden.report.words import ACCESS, REVIEW, RISKS, SECRECY, company, plain

Row = Mapping[str, Any]
Document = dict[str, Any]
UNKNOWN = "not known"
_KNOWN = {
    "brand": "brand known",
    "kind": "kind known",
    "seat": "ultimate owner's seat known",
    "sends": "seen to exchange data beyond the site",
    "listed": "with a company on a list",
}
_PLACES = {
    "jurisdiction": "Seat of the ultimate parent of the name's operator",
    "address_owner": "Owner of the address block",
    "address_country": "Country the address is registered in",
}


def tally(rows: Iterable[tuple[str | None, int]], n_devices: int) -> list[tuple[str, int]]:
    """Order counts of devices, the most frequent first and the unknown, which is the rest, last."""
    counts: Counter[str] = Counter()
    for name, n in rows:
        if name:
            counts[name] += n
    counts[UNKNOWN] = n_devices - counts.total()
    ordered = sorted(counts.items(), key=lambda item: (item[0] == UNKNOWN, -item[1], item[0]))
    return [item for item in ordered if item[1]]


def known_counts(known: Mapping[str, int]) -> list[tuple[str, int]]:
    """Give the counts of devices of which something is known, with their titles."""
    return [(title, known[name]) for name, title in _KNOWN.items()]


def owners(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Count devices by the seat of their ultimate owner."""
    return tally(((row["jurisdiction"], row["n_devices"]) for row in data["owners"]), data["n_devices"])


def kinds(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Count devices by kind."""
    titles = data["kinds"]
    rows = ((titles.get(row["value"], row["value"]), row["n_devices"]) for row in data["kind_counts"])
    return tally(rows, data["n_devices"])


def listed(held_by: Row, names: dict[str, str], references: References) -> list[Document]:
    """Give per company behind a device the entries of lists that name it, those in force for the profile first."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in held_by["entries"]:
        groups[row["company_id"]].append(row)
    companies = [
        {
            "company": company(slug, names),
            "roles": sorted({row["role"] for row in held}),
            "n_devices": held_by["n_devices_of"][slug],
            "is_binding": any(row["is_binding"] for row in held),
            "entries": _entries(held, references),
        }
        for slug, held in groups.items()
    ]
    return sorted(companies, key=lambda one: (not one["is_binding"], -one["n_devices"], one["company"]))


def _entries(held: Sequence[Row], references: References) -> list[Document]:
    unique = {(row["list"], row["entity"]): row for row in held}
    rows = sorted(unique.values(), key=lambda row: (not row["is_binding"], row["title"], row["entity"]))
    return [
        {
            "list": row["title"],
            "entity": row["entity"],
            "since": row["since"],
            "condition": row["condition"],
            "is_binding": row["is_binding"],
            "facts": references.facts([row["fact_id"]]),
        }
        for row in rows
    ]


def destinations(data: Mapping[str, Any], references: References) -> list[Document]:
    """Give one row per operator that devices exchange data with, most bytes sent first."""
    entries = [_destination(row, data, references) for row in data["flows"]["destinations"]]
    return sorted(entries, key=lambda one: (one["operator"] is None, -one["up"], str(one["operator"])))


def _destination(row: Row, data: Mapping[str, Any], references: References) -> Document:
    operator = row["operator_id"]
    return {
        "operator": company(operator, data["companies"]) if operator else None,
        "parent": data["parents"].get(operator),
        "seat": row["jurisdiction"],
        "services": sorted(plain(one) for one in row["services"]),
        "names": row["names"],
        "address_countries": row["address_countries"],
        "address_owners": row["address_owners"],
        "n_devices": row["n_devices"],
        "n_inbound": row["n_inbound"],
        "up": row["bytes_up"],
        "down": row["bytes_down"],
        "facts": references.facts(row["facts"]),
    }


def stream_rows(data: Mapping[str, Any]) -> list[tuple[str, str, str, int]]:
    """Give (kind of device, operator, seat of its parent, bytes sent)."""
    kinds, names = data["kinds"], data["companies"]
    return [
        (
            kinds.get(row["kind"], row["kind"]) or "kind not known",
            company(row["operator_id"], names) if row["operator_id"] else "operator not known",
            _country(row["jurisdiction"], data["countries"]),
            row["bytes_up"],
        )
        for row in data["flows"]["streams"]
    ]


def _country(code: str | None, countries: Mapping[str, str]) -> str:
    return f"{code} {countries.get(code, '')}".strip() if code else "seat not known"


def places(flows: Row) -> list[Document]:
    """Give the three facts of a destination apart: operator's seat, owner of the address, country of the address."""
    return [
        one | {"title": _PLACES[one["column"]], "rows": _by_place(one["rows"], one["column"])}
        for one in flows["places"]
    ]


def _by_place(sums: Sequence[Row], column: str) -> list[Document]:
    rows = [
        {"name": row[column] or UNKNOWN, "up": row["bytes_up"], "n_devices": row["n_devices"]} for row in sums
    ]
    return sorted(rows, key=lambda row: (row["name"] == UNKNOWN, -row["up"], row["name"]))


def laws(regimes: Sequence[Row], references: References) -> list[Document]:
    """Give per jurisdiction the instruments in force that compel access, in words."""
    groups: dict[str, list[Document]] = defaultdict(list)
    for row in regimes:
        title = row["instrument"] + (f", {row['article']}" if row["article"] else "")
        groups[row["binds"]].append(
            {
                "title": title,
                "access": ACCESS.get(row["compelled_access"], plain(row["compelled_access"])),
                "review": REVIEW.get(row["review"], "review not known"),
                "secrecy": SECRECY.get(row["secrecy_duty"]),
                "summary": row["summary"],
                "facts": references.facts([row["fact_id"]]),
            }
        )
    return [{"seat": seat, "instruments": groups[seat]} for seat in sorted(groups)]


def risks(data: Mapping[str, Any]) -> list[Document]:
    """Give the roll-up of each risk over all devices: mean score with bounds, risk units, coverage, histogram."""
    bins: dict[str, dict[int, int]] = defaultdict(dict)
    for row in data["bins"]:
        bins[row["category"]][row["bin"]] = row["n_devices"]
    rolled = {row["category"]: row for row in data["rollups"]}
    severities = (data["settings"] or {}).get("severities", {})
    return [
        _risk(category, rolled[category], data, bins[category], severities)
        for category in RISKS
        if category in rolled
    ]


def _risk(
    category: str, row: Row, data: Mapping[str, Any], bins: dict[int, int], severities: Mapping[str, float]
) -> Document:
    n = row["n_devices"] or 1
    return {
        "category": category,
        "title": RISKS[category][0],
        "meaning": RISKS[category][1],
        "is_context": category in CONTEXT_CATEGORIES,
        "severity": severities.get(category),
        "n": row["n_devices"],
        "lower": row["sum_lower"] / n,
        "score": row["sum_likelihood"] / n,
        "upper": row["sum_upper"] / n,
        "highest": row["max_likelihood"],
        "sum_risk": row["sum_risk"],
        "sum_risk_lower": data["bounds"][category]["risk_lower"],
        "sum_risk_upper": data["bounds"][category]["risk_upper"],
        "coverage": row["sum_coverage"] / n,
        "bars": histogram(bins),
    }


def next_evidence(wanted: Sequence[Row], titles: Mapping[str, str]) -> list[Document]:
    """Give what to look at next: per proposition the devices that lack it and the risk units it would narrow.

    What only narrows a context category stands last.
    """
    entries = [
        {
            "category": row["category"],
            "risk": RISKS[row["category"]][0],
            "is_context": row["category"] in CONTEXT_CATEGORIES,
            "factor": row["factor"],
            "what": titles.get(f"{row['category']}.{row['proposition']}") or plain(row["proposition"]),
            "proposition": row["proposition"],
            "n_devices": row["n_devices"],
            "units": row["units"],
        }
        for row in wanted
    ]
    return sorted(
        entries, key=lambda one: (one["is_context"], -one["units"], one["category"], one["proposition"])
    )
