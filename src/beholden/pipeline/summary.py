"""What a scan comes to, in numbers that fit one screen."""

from collections import Counter
from typing import Any

from beholden.engine.store import Store
from beholden.model.risks import CATEGORIES
from beholden.pipeline.documents import Document, device_documents

_WORST = 5


def summary(store: Store, scan_id: str) -> dict[str, Any]:
    """Give counts, the eight risks and the worst devices of a scan."""
    documents = device_documents(store, scan_id)
    run = store.read(scan_id, "runs").to_pylist()[0]
    return {
        "scan": scan_id,
        "profile": run["profile"],
        "n_evidence": run["n_evidence"],
        "n_devices": len(documents),
        "n_brand_known": sum(one["brand"] is not None for one in documents),
        "n_kind_known": sum(one["kind"] is not None for one in documents),
        "jurisdictions": _jurisdictions(documents),
        "risks": {category: _risk(documents, category) for category in CATEGORIES},
        "worst": [_short(one) for one in documents[:_WORST]],
    }


def _jurisdictions(documents: list[Document]) -> dict[str, int]:
    """Count devices by the jurisdiction of their ultimate owner; unknown counts as unknown."""
    owners = (one["owner"] or {} for one in documents)
    return dict(Counter(owner.get("jurisdiction") or "unknown" for owner in owners).most_common())


def _risk(documents: list[Document], category: str) -> dict[str, float]:
    rows = [one["risks"][category] for one in documents if category in one["risks"]]
    n = max(len(rows), 1)
    return {
        "mean_likelihood": sum(row["likelihood"] for row in rows) / n,
        "max_risk": max((row["risk"] for row in rows), default=0.0),
        "sum_risk": sum(row["risk"] for row in rows),
        "sum_lower": sum(row["lower"] for row in rows),
        "sum_upper": sum(row["upper"] for row in rows),
        "mean_coverage": sum(row["coverage"] for row in rows) / n,
    }


def label(one: Document) -> str:
    """Give the name a person knows a device by."""
    parts = [(one["brand"] or {}).get("name"), one["model"] or one["kind"]]
    known = " ".join(str(part) for part in parts if part)
    names = [*one["hostnames"], *one["macs"], *one["ips"], *one["serials"]]
    return known or (names[0] if names else one["device"])


def _short(one: Document) -> Document:
    worst = max(one["risks"].items(), key=lambda item: item[1]["risk"], default=("", {}))[0]
    place = next(iter([*one["macs"], *one["ips"], *one["serials"]]), "")
    return {
        "device": one["device"],
        "label": label(one),
        "identifier": place,
        "owner": one["owner"],
        "index": one["index"],
        "lower": one["lower"],
        "upper": one["upper"],
        "worst_risk": worst,
    }
