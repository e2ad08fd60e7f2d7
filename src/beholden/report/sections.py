"""One device as the page shows it: what it is, whose it is, what it sends where, and the sum of its scores."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from beholden.model.flaw_states import DECIDED
from beholden.model.risks import CATEGORIES, FACTORS
from beholden.report.references import References
from beholden.report.words import FIELDS, IDENTIFIERS, RISKS, ROLES, company, plain

Row = Mapping[str, Any]
Document = dict[str, Any]
MOST_DESTINATIONS = 25
MOST_PLACES = 3
MOST_FLAWS = 8
_COMPANY_FIELDS = ("brand", "maker", "module_maker", "chip_maker")
_TOLERANCE = 1e-9


def short(one: Row, data: Mapping[str, Any]) -> Document:
    """Give a device in one row: what it is, its chain, its index and what contributes most."""
    worst: tuple[str | None, Row] = max(
        one["risks"].items(), key=lambda item: item[1]["risk"], default=(None, {})
    )
    names = [*one["macs"], *one["ips"], *one["serials"], *one["hostnames"], *one["imeis"]]
    return {
        "device": one["device"],
        "label": one["label"],
        "kind": data["kinds"].get(one["kind"], one["kind"]),
        "identifier": names[0] if names else one["device"],
        "site": one["site"],
        "chain": [(role, one[role]) for role in ("brand", "maker", "owner") if one[role]],
        "parts": [(role, one[role]) for role in ("module", "chip") if one[role]],
        "index": one["index"],
        "lower": one["lower"],
        "upper": one["upper"],
        "coverage": one["coverage"],
        "risk": RISKS[worst[0]][0] if worst[0] else None,
        "category": worst[0],
        "n_listings": len(one["listings"]),
        "next": _titled(data, worst[0], worst[1].get("next_best_evidence")),
        "top": _top(data["proofs"].get(one["device"]), worst[0], data),
        "has_section": one["device"] in data["proofs"],
    }


def _titled(data: Mapping[str, Any], category: str | None, proposition: str | None) -> str | None:
    if category is None or proposition is None:
        return None
    return data["propositions"].get(f"{category}.{proposition}") or plain(proposition)


def _top(proof: Row | None, category: str | None, data: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """Give the three propositions with evidence that carry most of the worst risk: factor, title and share."""
    if proof is None:
        return []
    rows = [row for row in proof["contributions"] if row["category"] == category and row["belief"] > 0]
    rows.sort(key=lambda row: (-row["share"] * (row["belief"] > 0), row["proposition"]))
    return [
        (row["factor"], _titled(data, category, row["proposition"]) or "", row["share"]) for row in rows[:3]
    ]


def section(one: Row, data: Mapping[str, Any], references: References) -> Document:
    """Give everything that the page says of one device."""
    proof = data["proofs"][one["device"]]
    names = data["companies"]
    claims = sorted(
        proof["identifications"], key=lambda row: (row["field"], -row["confidence"], row["fingerprint_id"])
    )
    order = list(ROLES)
    chain = sorted(proof["attributions"], key=lambda row: (order.index(row["role"]), row["name"]))
    flows = sorted(proof["exposures"], key=lambda row: (-row["bytes_up"], row["address"], row["server_port"]))
    return short(one, data) | {
        "stated": _stated(one),
        "is_router": one["is_router"],
        "is_randomised": one["is_randomised"],
        "identifiers": _identifiers(proof["device_identifiers"]),
        "claims": [_claim(row, names, references) for row in claims if row["is_chosen"]],
        "passed_over": [_claim(row, names, references) for row in claims if not row["is_chosen"]],
        "chain_rows": [_link(row, references) for row in chain],
        "components": _components(proof["components"], names, references),
        "flows": [_flow(row, names, references) for row in flows[:MOST_DESTINATIONS]],
        "n_more_flows": max(len(flows) - MOST_DESTINATIONS, 0),
        "listings": _listings(proof["device_listings"], names, references),
        "flaws": _flaws(proof["device_flaws"], references),
        "n_flaws": _n_flaws(proof["device_flaws"]),
        "findings": _findings(proof["findings"], references),
        "absent": _absent(proof["findings"]),
        "risks": _risks(proof, data),
        "has_sums": proof["sums"] is not None,
    }


def _stated(one: Row) -> list[tuple[str, str]]:
    fields = ("site", "country", "business_unit", "function")
    rows = [(plain(name), str(one[name])) for name in fields if one[name]]
    if one["criticality"] is not None:
        rows.append(("criticality", f"{one['criticality']:g}"))
    return rows


def _identifiers(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    held: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        held[row["identifier_kind"]].add(row["identifier"])
    return [(title, sorted(held[kind])) for kind, title in IDENTIFIERS.items() if kind in held]


def _claim(row: Row, names: dict[str, str], references: References) -> Document:
    is_company = row["field"] in _COMPANY_FIELDS
    return {
        "field": FIELDS.get(row["field"], plain(row["field"])),
        "value": company(row["value"], names) if is_company else plain(row["value"]) if row["field"] == "kind"
        else row["value"],
        "confidence": row["confidence"],
        "fingerprint": row["fingerprint_id"],
        "property": row["property"],
        "observed": row["observed"],
        "place": references.place(row),
        "facts": references.facts([row["fact_id"]]),
    }  # fmt: skip


def _link(row: Row, references: References) -> Document:
    return {
        "role": ROLES.get(row["role"], plain(row["role"])),
        "name": row["name"],
        "seat": row["jurisdiction"],
        "confidence": row["confidence"],
        "facts": references.facts([row["path"]]),
    }


def _components(rows: Sequence[Row], names: dict[str, str], references: References) -> list[Document]:
    parts = [
        {
            "role": row["role"],
            "name": company(row["name"], names),
            "version": row["version"],
            "confidence": row["confidence"],
            "place": references.place(row),
        }
        for row in rows
    ]
    return sorted(parts, key=lambda part: (part["role"], part["name"]))


def _flow(row: Row, names: dict[str, str], references: References) -> Document:
    shown = ("service", "name", "domain", "address", "is_inbound", "address_owner", "address_country", "protocol",
             "server_port", "n_flows", "asn")  # fmt: skip
    return {name: row[name] for name in shown} | {
        "operator": company(row["operator_id"], names) if row["operator_id"] else None,
        "seat": row["jurisdiction"],
        "up": row["bytes_up"],
        "down": row["bytes_down"],
        "place": references.place(row),
        "facts": references.facts([row["fact_id"]]),
    }


def _listings(rows: Sequence[Row], names: dict[str, str], references: References) -> list[Document]:
    unique = {(row["list"], row["entity"]): row for row in rows}
    return [
        {
            "list": row["title"],
            "entity": row["entity"],
            "company": company(row["company_id"], names),
            "role": ROLES.get(row["role"], plain(row["role"])),
            "since": row["since"],
            "condition": row["condition"],
            "is_binding": row["is_binding"],
            "facts": references.facts([row["fact_id"]]),
        }
        for _, row in sorted(unique.items())
    ]


def _flaws(rows: Sequence[Row], references: References) -> list[Document]:
    """Give the worst published flaws: those of the device's version, else those that are possible."""
    worst = sorted(
        (row for row in rows if row["status"] not in DECIDED),
        key=lambda row: (not row["is_affected"], not row["is_exploited"], -(row["cvss"] or 0.0), row["cve"]),
    )[:MOST_FLAWS]
    return [
        {name: row[name] for name in _FLAW} | {"facts": references.facts([row["fact_id"]])} for row in worst
    ]


def _n_flaws(rows: Sequence[Row]) -> tuple[int, int]:
    """Count the flaws of the device's version and those that are possible."""
    held = sum(bool(row["is_affected"]) for row in rows)
    return held, sum(row["status"] not in DECIDED for row in rows) - held


def _findings(rows: Sequence[Row], references: References) -> list[Document]:
    """Give the findings that hold, by risk, the strongest first, each with its proof."""
    held = [row for row in rows if row["strength"] > 0]
    held.sort(
        key=lambda row: (
            CATEGORIES.index(row["category"]),
            -row["strength"] * row["confidence"] * row["weight"],
            row["rule_id"],
        )
    )
    return [_finding(row, references) for row in held]


def _finding(row: Row, references: References) -> Document:
    places = [(references.place(one), one["property"], one["value"]) for one in row["rests_on"]]
    seen = [one for one in places if one[0] is not None]
    return {
        "risk": RISKS[row["category"]][0],
        "factor": row["factor"],
        "says": row["detail"],
        "attack": row["attack"],
        "contain": row.get("contain"),
        "weight": row["weight"],
        "strength": row["strength"],
        "confidence": row["confidence"],
        "rule": row["rule_id"],
        "finding": row["finding_id"],
        "places": seen[:MOST_PLACES],
        "n_more_places": max(len(seen) - MOST_PLACES, 0),
        "facts": references.facts([row["path"], *(one["path"] for one in row["rests_on"])]),
    }


def _absent(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Give by risk the titles of what was looked at and is not there."""
    held: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["strength"] == 0:
            held[row["category"]].add(row["title"])
    return [(RISKS[category][0], sorted(held[category])) for category in CATEGORIES if category in held]


def _risks(proof: Row, data: Mapping[str, Any]) -> list[Document]:
    rows = _by_category(proof["contributions"]) if proof["sums"] is not None else {}
    scores = sorted(proof["scores"], key=lambda row: CATEGORIES.index(row["category"]))
    return [_risk(score, rows, proof["sums"] or {}, data) for score in scores]


def _by_category(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["category"]].append(row)
    return groups


def _risk(
    score: Row, rows: Mapping[str, list[Row]], sums: Mapping[str, Row], data: Mapping[str, Any]
) -> Document:
    category = score["category"]
    own = sums.get(category, {"steps": [], "gap": 0.0})
    return {name: score[name] for name in _SCORE} | {
        "title": RISKS[category][0],
        "next": _titled(data, category, score["next_best_evidence"]),
        "propositions": [
            {"title": _titled(data, category, row["proposition"])} | {name: row[name] for name in _OPINION}
            for row in sorted(rows.get(category, ()), key=_by_factor)
        ],
        "steps": [step for step in own["steps"] if "." not in step["name"]],
        "agrees": own["gap"] <= _TOLERANCE,
    }


def _by_factor(row: Row) -> tuple[int, float, str]:
    return FACTORS.index(row["factor"]), -row["share"], row["proposition"]


_FLAW = (
    "cve", "product", "version", "affected", "is_affected", "is_exploited", "cvss", "due_if_exposed",
    "due_if_internal",
)  # fmt: skip
_SCORE = (
    "category", "lower", "likelihood", "upper", "impact", "severity", "risk", "risk_lower", "risk_upper",
    "coverage", "is_conflicted", "is_context",
)  # fmt: skip
_OPINION = ("factor", "weight", "base_rate", "belief", "disbelief", "uncertainty", "share")
