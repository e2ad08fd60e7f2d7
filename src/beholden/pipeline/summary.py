"""What a scan comes to, in numbers that fit one screen."""

from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store
from beholden.model.risks import CATEGORIES
from beholden.pipeline.documents import Document, device_documents
from beholden.pipeline.ranking import indexed, worst
from beholden.pipeline.totals import n_known, owner_seats

_WORST = 5
_HALF = 2.0**27 + 1
"""Splits a float64 into two halves of 26 bits (Dekker, 1971)."""
_NUMBERS = ("likelihood", "risk", "risk_lower", "risk_upper", "coverage")


def summary(store: Store, scan_id: str) -> dict[str, Any]:
    """Give counts, the eight risks and the worst devices of a scan; only of these are documents made."""
    run = store.read(scan_id, "runs").to_pylist()[0]
    ranked = indexed(store, scan_id)
    scores = store.condensed(scan_id, "scores", ["category", *_NUMBERS])
    return {
        "scan": scan_id,
        "profile": run["profile"],
        "n_evidence": run["n_evidence"],
        "n_devices": ranked.num_rows,
        "n_brand_known": n_known(store, scan_id, "brand"),
        "n_kind_known": n_known(store, scan_id, "kind"),
        "jurisdictions": _jurisdictions(owner_seats(store, scan_id), ranked.num_rows),
        "risks": {category: _risk(scores, category) for category in CATEGORIES},
        "worst": [_short(one) for one in device_documents(store, scan_id, worst(ranked, _WORST))],
    }


def _jurisdictions(seats: list[dict[str, Any]], n_devices: int) -> dict[str, int]:
    """Count devices by the jurisdiction of their ultimate owner; unknown counts as unknown."""
    counts = {row["jurisdiction"]: row["n_devices"] for row in seats if row["jurisdiction"]}
    counts["unknown"] = n_devices - sum(counts.values())
    return {seat: n for seat, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if n}


def _risk(scores: pa.Table, category: str) -> dict[str, float]:
    """Sum up one category; exactly, so that neither the order of rows nor their condensing shows."""
    rows = scores.filter(pc.equal(scores["category"], category))
    times = rows["n_devices"].to_numpy()
    sums = {name: _exact_sum(rows[name].to_numpy(), times) for name in _NUMBERS}
    n = max(int(times.sum()), 1)
    return {
        "mean_likelihood": sums["likelihood"] / n,
        "max_risk": pc.max(rows["risk"]).as_py() or 0.0,
        "sum_risk": sums["risk"],
        "sum_lower": sums["risk_lower"],
        "sum_upper": sums["risk_upper"],
        "mean_coverage": sums["coverage"] / n,
    }


def _exact_sum(values: npt.NDArray[np.float64], times: npt.NDArray[np.int64]) -> float:
    """Sum values, each so many times (below 2^26), rounded once: halves of their bits times a count are exact."""
    wide = values * _HALF
    high = wide - (wide - values)
    return fsum([*(high * times).tolist(), *((values - high) * times).tolist()])


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
