"""The answers that come first: whose devices these are, who is listed, what leaves the site, what to look at next.

Aggregates of the scan's rows in plain Python; every share is given with its count and its base.
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


def tally(values: Iterable[str | None]) -> list[tuple[str, int]]:
    """Count values, the most frequent first and the unknown last."""
    counts = Counter(value or UNKNOWN for value in values)
    return sorted(counts.items(), key=lambda item: (item[0] == UNKNOWN, -item[1], item[0]))


def known_counts(devices: Sequence[Row]) -> list[tuple[str, int]]:
    """Count the devices of which something is known."""
    return [
        ("brand known", sum(one["brand"] is not None for one in devices)),
        ("kind known", sum(one["kind"] is not None for one in devices)),
        ("ultimate owner's seat known", sum(_seat(one) is not None for one in devices)),
        ("seen to exchange data beyond the site", sum(bool(one["clouds"]) for one in devices)),
        ("with a company on a list", sum(bool(one["listings"]) for one in devices)),
    ]


def _seat(one: Row) -> str | None:
    seat: str | None = (one["owner"] or {}).get("jurisdiction")
    return seat


def owners(devices: Sequence[Row]) -> list[tuple[str, int]]:
    """Count devices by the seat of their ultimate owner."""
    return tally(_seat(one) for one in devices)


def kinds(devices: Sequence[Row], titles: Mapping[str, str]) -> list[tuple[str, int]]:
    """Count devices by kind."""
    return tally(titles.get(one["kind"], one["kind"]) if one["kind"] else None for one in devices)


def listed(rows: Sequence[Row], names: dict[str, str], references: References) -> list[Document]:
    """Give per company behind a device the entries of lists that name it, those in force for the profile first."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["company_id"]].append(row)
    companies = [
        {
            "company": company(slug, names),
            "roles": sorted({row["role"] for row in held}),
            "n_devices": len({row["device_id"] for row in held}),
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
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in data["flows"]:
        groups[row["operator_id"] or "", row["jurisdiction"] or ""].append(row)
    entries = [_destination(*key, held, data, references) for key, held in groups.items()]
    return sorted(entries, key=lambda one: (one["operator"] is None, -one["up"], str(one["operator"])))


def _destination(
    operator: str, seat: str, held: list[Row], data: Mapping[str, Any], references: References
) -> Document:
    return {
        "operator": company(operator, data["companies"]) if operator else None,
        "parent": data["parents"].get(operator),
        "seat": seat or None,
        "services": _texts(plain(row["service"]) for row in held),
        "names": _texts(row["name"] or row["domain"] or row["address"] for row in held),
        "address_countries": _texts(row["address_country"] for row in held),
        "address_owners": _texts(row["address_owner"] for row in held),
        "n_devices": len({row["device_id"] for row in held}),
        "n_inbound": sum(row["n_flows"] for row in held if row["is_inbound"]),
        "up": sum(row["bytes_up"] for row in held),
        "down": sum(row["bytes_down"] for row in held),
        "facts": references.facts(row["fact_id"] for row in held),
    }


def _texts(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value})


def stream_rows(data: Mapping[str, Any]) -> list[tuple[str, str, str, int]]:
    """Give (kind of device, operator, seat of its parent, bytes sent) per row of exposures."""
    kind_of = {one["device"]: one["kind"] for one in data["devices"]}
    rows = []
    for row in data["flows"]:
        kind = kind_of.get(row["device_id"])
        rows.append(
            (
                data["kinds"].get(kind, kind) if kind else "kind not known",
                company(row["operator_id"], data["companies"])
                if row["operator_id"]
                else "operator not known",
                _country(row["jurisdiction"], data["countries"]),
                row["bytes_up"],
            )
        )
    return rows


def _country(code: str | None, countries: Mapping[str, str]) -> str:
    return f"{code} {countries.get(code, '')}".strip() if code else "seat not known"


def places(flows: Sequence[Row]) -> list[Document]:
    """Give the three facts of a destination apart: operator's seat, owner of the address, country of the address."""
    columns = (
        ("Seat of the ultimate parent of the name's operator", "jurisdiction"),
        ("Owner of the address block", "address_owner"),
        ("Country the address is registered in", "address_country"),
    )
    return [{"title": title, "column": column, "rows": _by_place(flows, column)} for title, column in columns]


def _by_place(flows: Sequence[Row], column: str) -> list[Document]:
    sums: dict[str, int] = defaultdict(int)
    devices: dict[str, set[str]] = defaultdict(set)
    for row in flows:
        name = row[column] or UNKNOWN
        sums[name] += row["bytes_up"]
        devices[name].add(row["device_id"])
    rows = [{"name": name, "up": up, "n_devices": len(devices[name])} for name, up in sums.items()]
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
    units = [one["risks"][category] for one in data["devices"] if category in one["risks"]]
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
        "sum_risk_lower": sum(one["lower"] for one in units),
        "sum_risk_upper": sum(one["upper"] for one in units),
        "coverage": row["sum_coverage"] / n,
        "bars": histogram(bins),
    }


def next_evidence(wanted: Sequence[Row], titles: Mapping[str, str]) -> list[Document]:
    """Give what to look at next: per proposition the devices that lack it and the risk units it would narrow.

    What only narrows a context category stands last.
    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in wanted:
        groups[row["category"], row["next_best_evidence"]].append(row)
    entries = [
        {
            "category": category,
            "risk": RISKS[category][0],
            "is_context": category in CONTEXT_CATEGORIES,
            "factor": held[0]["factor"],
            "what": titles.get(f"{category}.{proposition}") or plain(proposition),
            "proposition": proposition,
            "n_devices": len(held),
            "units": sum(row["narrowing"] * row["severity"] / 5 * row["impact"] for row in held),
        }
        for (category, proposition), held in groups.items()
    ]
    return sorted(
        entries, key=lambda one: (one["is_context"], -one["units"], one["category"], one["proposition"])
    )
