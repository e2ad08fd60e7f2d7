"""The proof of a device's scores: score, factor, proposition, finding, packet or line, fact and source.

The arithmetic is done again in plain Python from the stored contributions, and compared with what is stored.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.places import counts
from beholden.engine.store import Store
from beholden.model.cards import CARD_PROPOSITION
from beholden.model.errors import BeholdenError
from beholden.pipeline.documents import IDENTIFIERS, Document, device_documents, flaws
from beholden.pipeline.scoring import read_settings
from beholden.pipeline.summary import label
from beholden.score.explain_steps import recompute

_TOLERANCE = 1e-9
_MOST_NAMED = 5


def find_device(store: Store, scan_id: str, text: str) -> Document:
    """Give the document of the one device that an id (or its beginning), MAC, IP, serial or host name means.

    Raises BeholdenError where none or several match.
    """
    wanted = text.strip().lower()
    hits = _by_id(store, scan_id, wanted) or _by_name(store, scan_id, wanted)
    documents = device_documents(store, scan_id, hits[:_MOST_NAMED])
    if len(hits) == 1:
        return documents[0]
    if not hits:
        raise BeholdenError(f"no device {text!r} in scan {scan_id}")
    names = ", ".join(f"{one['device']} ({label(one)})" for one in documents)
    raise BeholdenError(f"{text!r} means {len(hits)} devices: {names}")


def _by_id(store: Store, scan_id: str, beginning: str) -> list[str]:
    ids = store.read(scan_id, "devices", ["device_id"])["device_id"]
    found: list[str] = ids.filter(pc.starts_with(ids, beginning)).to_pylist()
    return sorted(found)


def _by_name(store: Store, scan_id: str, name: str) -> list[str]:
    held = store.read(scan_id, "device_identifiers", ["device_id", "identifier_kind", "identifier"])
    is_named = pc.and_(
        pc.equal(pc.utf8_lower(held["identifier"]), name),
        pc.is_in(held["identifier_kind"], pa.array(chain.from_iterable(IDENTIFIERS.values()))),
    )
    return sorted(set(held["device_id"].filter(is_named).to_pylist()))


def explain(store: Store, scan_id: str, text: str) -> Document:
    """Give the whole proof tree of one device."""
    document = find_device(store, scan_id, text)
    proof = _Proof(store, scan_id, document["device"])
    return {
        "scan": scan_id,
        "device": document["device"],
        "label": label(document),
        "document": document,
        "identifications": proof.identifications(),
        "provenance": proof.provenance(),
        "exposures": proof.exposures(),
        "flaws": proof.flaws(),
        "cards": proof.cards(),
        "risks": [proof.risk(row) for row in proof.scores],
        "index": document["index"],
    }


class _Proof:
    """The rows of one scan that speak of one device."""

    def __init__(self, store: Store, scan_id: str, device: str) -> None:
        self._rows = {
            table: store.read(scan_id, table, devices=[device]).to_pylist()
            for table in (
                "identifications",
                "attributions",
                "exposures",
                "device_flaws",
                "findings",
                "contributions",
            )
        }
        run = store.read(scan_id, "runs").to_pylist()[0]
        self._settings = read_settings(run["settings"])
        scores = store.read(scan_id, "scores", devices=[device]).to_pylist()
        self.scores = sorted(scores, key=lambda row: (-row["risk"], row["category"]))
        self._evidence: dict[str, list[Document]] = defaultdict(list)
        for row in store.read(scan_id, "finding_evidence", devices=[device]).to_pylist():
            self._evidence[row["finding_id"]].append(row)
        evidence = store.read(scan_id, "evidence").to_pylist()
        self._files = {row["evidence_id"]: row["name"] for row in evidence}
        self._counted = {row["evidence_id"]: counts(row["kind"]) for row in evidence}
        self._facts = {row["fact_id"]: row for row in store.read(scan_id, "facts").to_pylist()}

    def place(self, row: Mapping[str, Any]) -> Document:
        """Say where in the evidence a row was seen."""
        return {
            "file": self._files.get(row["evidence_id"]),
            "sha256": row["evidence_id"],
            row["locator_kind"]: row["locator"],
            "property": row["property"],
            "value": row.get("observed", row.get("value")),
        }

    def facts(self, ids: str | None) -> list[Document]:
        """Give the facts of a path with their sources."""
        known = (self._facts.get(one) for one in dict.fromkeys((ids or "").split()))
        return [
            {
                "fact": fact["fact_id"],
                "text": fact["text"],
                "source": fact["title"],
                "publisher": fact["publisher"],
                "url": fact["url"],
                "date": fact["date"],
                "pack": fact["pack"],
            }
            for fact in known
            if fact is not None
        ]

    def identifications(self) -> list[Document]:
        """Give every claim, the chosen first, with what it rests on."""
        rows = sorted(
            self._rows["identifications"],
            key=lambda row: (
                not row["is_chosen"],
                row["field"],
                -row["confidence"],
                row["value"],
                row["property"],
            ),
        )
        return [
            {
                "field": row["field"],
                "value": row["value"],
                "confidence": row["confidence"],
                "chosen": row["is_chosen"],
                "fingerprint": row["fingerprint_id"],
                "evidence": self.place(row),
                "facts": self.facts(row["fact_id"]),
            }
            for row in rows
        ]

    def provenance(self) -> list[Document]:
        """Give the chain of attributions with the facts that lead there."""
        rows = sorted(self._rows["attributions"], key=lambda row: (_ORDER.index(row["role"]), row["name"]))
        return [
            {
                "role": row["role"],
                "name": row["name"],
                "jurisdiction": row["jurisdiction"],
                "confidence": row["confidence"],
                "facts": self.facts(row["path"]),
            }
            for row in rows
        ]

    def exposures(self) -> list[Document]:
        """Give the destinations, most bytes first."""
        rows = sorted(
            self._rows["exposures"], key=lambda row: (-row["bytes_up"], row["address"], row["server_port"])
        )
        return [
            {name: row[name] for name in _EXPOSURE}
            | {
                "file": self._files.get(row["evidence_id"]),
                self._counted.get(row["evidence_id"], "row"): row["locator"],
                "facts": self.facts(row["fact_id"]),
            }
            for row in rows
        ]

    def flaws(self) -> list[Document]:
        """Give published flaws with the facts that tell of them."""
        facts = {row["cve"]: row["fact_id"] for row in self._rows["device_flaws"]}
        return [row | {"facts": self.facts(facts[row["cve"]])} for row in flaws(self._rows["device_flaws"])]

    def cards(self) -> list[Document]:
        """Give the findings about the device's cards, the strongest first; they score nothing."""
        rows = [row for row in self._rows["findings"] if row["proposition"] == CARD_PROPOSITION]
        return [
            self._finding(row) for row in sorted(rows, key=lambda row: (-row["strength"], row["rule_id"]))
        ]

    def risk(self, score: Document) -> Document:
        """Give one risk: its numbers, the sum again, and its findings by proposition."""
        category = score["category"]
        contributions = [row for row in self._rows["contributions"] if row["category"] == category]
        again = recompute(contributions, category, score["impact"], self._settings)
        stored = {name: score[name] for name in again.results}
        gap = max(abs(stored[name] - value) for name, value in again.results.items())
        findings = [row for row in self._rows["findings"] if row["category"] == category]
        return {
            "category": category,
            **stored,
            "impact": score["impact"],
            "severity": score["severity"],
            "coverage": score["coverage"],
            "conflict": score["is_conflicted"],
            "context": score["is_context"],
            "next_best_evidence": score["next_best_evidence"],
            "recomputed": dict(again.results),
            "agrees": gap <= _TOLERANCE,
            "steps": [{"name": step.name, "text": step.text, "value": step.value} for step in again.steps],
            "propositions": [
                self._proposition(row, findings) for row in sorted(contributions, key=_by_share)
            ],
        }

    def _proposition(self, row: Document, findings: list[Document]) -> Document:
        own = [
            one
            for one in findings
            if (one["factor"], one["proposition"]) == (row["factor"], row["proposition"])
        ]
        return {name: row[name] for name in _PROPOSITION} | {"findings": [self._finding(one) for one in own]}

    def _finding(self, row: Document) -> Document:
        proofs = self._evidence[row["finding_id"]]
        return {
            "finding": row["finding_id"],
            "rule": row["rule_id"],
            "title": row["title"],
            "says": row["detail"],
            "contain": row.get("contain") if row["strength"] > 0 else None,
            "group": row["proposition"],
            "weight": row["weight"],
            "strength": row["strength"],
            "confidence": row["confidence"],
            "attack": row["attack"],
            "observed_at": row["observed_at"],
            "evidence": [self.place(one) for one in proofs],
            "facts": self.facts(" ".join([row["path"], *(one["path"] for one in proofs)])),
        }


_ORDER = ("brand", "maker", "owner", "module_maker", "chip_maker", "cloud_operator")
_PROPOSITION = (
    "factor", "proposition", "weight", "base_rate", "belief", "disbelief", "uncertainty", "share", "narrowing",
)  # fmt: skip
_EXPOSURE = (
    "operator_id", "jurisdiction", "service", "name", "domain", "address", "server_port", "protocol",
    "is_inbound", "asn", "address_owner", "address_country", "bytes_up", "bytes_down", "n_flows",
)  # fmt: skip


def _by_share(row: Document) -> tuple[str, float, str]:
    return row["factor"], -row["share"], row["proposition"]
