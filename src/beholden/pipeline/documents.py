"""The JSON face of devices: one document per device, made from the tables of a scan.

A loop over devices is meant here: a document is what a person or a program reads of one device.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import empty
from beholden.engine.store import Store
from beholden.model import tables as models
from beholden.model.flaw_states import DECIDED
from beholden.model.risks import CATEGORIES, CONTEXT_CATEGORIES

Document = dict[str, Any]
_COMPANY_ROLES = {
    "brand": "brand",
    "maker": "maker",
    "owner": "owner",
    "module_maker": "module",
    "chip_maker": "chip",
}
_STATED = "stated:"
IDENTIFIERS = {
    "macs": ("mac", "eui64"),
    "ips": ("ip",),
    "hostnames": ("hostname",),
    "serials": ("serial",),
    "imeis": ("imei",),
}
"""Lists of a document and the kinds of identifiers they hold."""


def device_documents(store: Store, scan_id: str, only: Sequence[str] | None = None) -> list[Document]:
    """Give the documents of all devices of a scan, or only of some, the highest index first."""
    return documents_of(
        {name: store.read(scan_id, name, columns, only) for name, columns in _COLUMNS.items()}
    )


def documents_of(tables: Mapping[str, pa.Table]) -> list[Document]:
    """Give the documents of the devices that tables speak of, the highest index first.

    What a table that is not among them would tell stays empty.
    """
    held = _EMPTY | dict(tables)
    parts = _Parts({name: held[name].select(columns) for name, columns in _COLUMNS.items()})
    documents = [parts.document(row) for row in parts.devices]
    return sorted(documents, key=lambda one: (-one["index"], one["device"]))


OWN = {
    "device": "device_id",
    **{
        name: name
        for name in (
            "site", "country", "business_unit", "function", "criticality", "is_router", "is_randomised",
        )
    },
}  # fmt: skip
"""Names of a document that stand in `devices`, and their columns."""
FIELDS = ("kind", "model", "os", "firmware", "platform")
_RISKS = ("index", "lower", "upper", "coverage")
TABLES_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(IDENTIFIERS, ("device_identifiers",)),
    **dict.fromkeys(FIELDS, ("identifications",)),
    **dict.fromkeys(_COMPANY_ROLES.values(), ("attributions", "identifications")),
    "clouds": ("exposures", "attributions"),
    "listings": ("device_listings",),
    "flaws": ("device_flaws",),
    **dict.fromkeys(_RISKS, ("scores",)),
    "risks": ("scores", "findings"),
}
"""The tables that each name of a document is made from, besides `devices`."""
FLAW = (
    "cve", "product", "component", "version", "affected", "status", "is_affected", "justification", "stated_by",
    "is_exploited", "cvss", "epss", "due_if_exposed", "due_if_internal",
)  # fmt: skip
"""What a document says of a published flaw."""
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "devices": tuple(OWN.values()),
    "device_identifiers": ("device_id", "identifier_kind", "identifier"),
    "identifications": ("device_id", "field", "value", "confidence", "is_chosen", "property"),
    "attributions": ("device_id", "role", "company_id", "name", "jurisdiction", "confidence"),
    "exposures": (
        "device_id", "operator_id", "jurisdiction", "service", "domain", "is_inbound", "address_owner",
        "address_country", "bytes_up", "bytes_down",
    ),
    "device_listings": (
        "device_id", "list", "title", "entity", "since", "condition", "role", "is_binding",
    ),
    "device_flaws": ("device_id", *FLAW),
    "findings": ("device_id", "finding_id", "category", "strength"),
    "scores": (
        "device_id", "category", "likelihood", "risk", "risk_lower", "risk_upper", "impact", "coverage",
        "is_conflicted", "next_best_evidence",
    ),
}  # fmt: skip
"""What a document is made from."""
TABLES = tuple(_COLUMNS)
_EMPTY = {table.name: empty(table) for table in models.TABLES if table.name in TABLES}


def _by_device(table: pa.Table) -> Mapping[str, list[Document]]:
    grouped: dict[str, list[Document]] = defaultdict(list)
    for row in table.to_pylist():
        grouped[row["device_id"]].append(row)
    return grouped


class _Parts:
    """The tables of a scan, grouped by device."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.devices = tables["devices"].to_pylist()
        chosen = tables["identifications"].filter(tables["identifications"]["is_chosen"])
        outbound = tables["exposures"].filter(pc.invert(tables["exposures"]["is_inbound"]))
        held = tables["findings"].filter(pc.greater(tables["findings"]["strength"], 0.0))
        self._identifiers = _by_device(tables["device_identifiers"])
        self._chosen = _by_device(chosen)
        self._attributions = _by_device(tables["attributions"])
        self._exposures = _by_device(outbound)
        self._listings = _by_device(tables["device_listings"])
        self._flaws = _by_device(tables["device_flaws"])
        self._findings = _by_device(held)
        self._scores = _by_device(tables["scores"])
        operators = tables["attributions"].filter(pc.equal(tables["attributions"]["role"], "cloud_operator"))
        self._names = {row["company_id"]: row["name"] for row in operators.to_pylist()}

    def document(self, device: Mapping[str, Any]) -> Document:
        """Give one device's document."""
        known = device["device_id"]
        identifiers = self._identifiers[known]
        document: Document = {
            "device": known,
            **{name: _values(identifiers, kinds) for name, kinds in IDENTIFIERS.items()},
            **{name: device[column] for name, column in OWN.items()},
            **_fields(self._chosen[known]),
            **_companies(self._attributions[known], self._chosen[known]),
            "clouds": _clouds(self._exposures[known], self._names),
            "listings": _listings(self._listings[known]),
            "flaws": flaws(self._flaws[known]),
        }
        return document | _risks(self._scores[known], self._findings[known])


def _values(identifiers: Iterable[Mapping[str, Any]], kinds: Sequence[str]) -> list[str]:
    return sorted({row["identifier"] for row in identifiers if row["identifier_kind"] in kinds})


def _fields(chosen: list[Document]) -> Document:
    """Give kind, model, os, firmware and platform as chosen, null where unknown."""
    found = {row["field"]: row["value"] for row in chosen}
    return {name: found.get(name) for name in FIELDS}


def _companies(attributions: list[Document], chosen: list[Document]) -> Document:
    """Give brand, maker, owner, module and chip; confidence is that of all claims together."""
    doubt: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in chosen:
        held = doubt[row["field"], row["value"]]
        channel = row["property"].split(".")[0]
        held[channel] = min(held.get(channel, 1.0), 1.0 - row["confidence"])
    result: Document = dict.fromkeys(_COMPANY_ROLES.values())
    for row in sorted(attributions, key=lambda one: (one["confidence"], one["company_id"])):
        name = _COMPANY_ROLES.get(row["role"])
        if name is None:
            continue
        survivals = doubt.get((row["role"], row["company_id"]), {})
        confidence = row["confidence"]
        if survivals:
            product = 1.0
            for one in survivals.values():
                product *= one
            confidence = 1.0 - product
        result[name] = {
            "name": row["name"],
            "company": None if row["company_id"].startswith(_STATED) else row["company_id"],
            "jurisdiction": row["jurisdiction"],
            "confidence": round(confidence, 4),
        }
    return result


def _clouds(exposures: list[Document], names: Mapping[str, str]) -> list[Document]:
    """Give one entry per operator and country of the address; the unknown operator has null."""
    grouped: dict[tuple[str, str, str], Document] = {}
    for row in exposures:
        key = (row["operator_id"] or "", row["address_country"] or "", row["jurisdiction"] or "")
        entry = grouped.setdefault(
            key,
            {
                "operator": names.get(row["operator_id"], row["operator_id"]),
                "company": row["operator_id"],
                "jurisdiction": row["jurisdiction"],
                "address_country": row["address_country"],
                "address_owners": set(),
                "services": set(),
                "domains": set(),
                "bytes_up": 0,
                "bytes_down": 0,
            },
        )
        for name, column in (
            ("domains", "domain"),
            ("services", "service"),
            ("address_owners", "address_owner"),
        ):
            if row[column]:
                entry[name].add(row[column])
        entry["bytes_up"] += row["bytes_up"]
        entry["bytes_down"] += row["bytes_down"]
    entries = [
        {name: sorted(value) if isinstance(value, set) else value for name, value in entry.items()}
        for entry in grouped.values()
    ]
    return sorted(
        entries, key=lambda one: (-one["bytes_up"], one["operator"] or "", one["address_country"] or "")
    )


def _listings(rows: list[Document]) -> list[Document]:
    unique = {(row["list"], row["entity"]): row for row in rows}
    return [
        {
            "list": row["list"],
            "title": row["title"],
            "entity": row["entity"],
            "since": row["since"],
            "condition": row["condition"],
            "role": row["role"],
            "in_force_for_profile": row["is_binding"],
        }
        for _, row in sorted(unique.items())
    ]


def flaws(rows: Iterable[Document]) -> list[Document]:
    """Give published flaws, those of the device's version first, of these the ones that are exploited.

    What is stated to be fixed or not there comes last.
    """
    ordered = sorted(rows, key=lambda row: row["cve"], reverse=True)
    ordered.sort(
        key=lambda row: (
            row["status"] in DECIDED,
            not row["is_affected"],
            not row["is_exploited"],
            -(row["cvss"] or 0.0),
        )
    )
    return [{name: row[name] for name in FLAW} for row in ordered]


def _risks(scores: list[Document], findings: list[Document]) -> Document:
    """Give the index with its bounds, and the eight risks with their findings."""
    ids: dict[str, list[str]] = defaultdict(list)
    for row in findings:
        ids[row["category"]].append(row["finding_id"])
    order = {category: place for place, category in enumerate(CATEGORIES)}
    risks = {}
    for row in sorted(scores, key=lambda one: order[one["category"]]):
        category = row["category"]
        risks[category] = {
            "likelihood": row["likelihood"],
            "risk": row["risk"],
            "lower": row["risk_lower"],
            "upper": row["risk_upper"],
            "impact": row["impact"],
            "coverage": row["coverage"],
            "conflict": row["is_conflicted"],
            "context": category in CONTEXT_CATEGORIES,
            "next_best_evidence": row["next_best_evidence"],
            "findings": sorted(set(ids[category])),
        }
    return {
        "index": round(100 * max((row["risk"] for row in scores), default=0.0), 2),
        "lower": round(100 * max((row["risk_lower"] for row in scores), default=0.0), 2),
        "upper": round(100 * max((row["risk_upper"] for row in scores), default=0.0), 2),
        "coverage": round(_mean([row["coverage"] for row in scores]), 4),
        "risks": risks,
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
