"""What a scan comes to, in numbers that fit one screen."""

from collections import Counter
from math import fsum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store
from beholden.model.risks import CATEGORIES
from beholden.pipeline.documents import Document, device_documents

_WORST = 5
_NUMBERS = ("likelihood", "risk", "risk_lower", "risk_upper", "coverage")


def summary(store: Store, scan_id: str) -> dict[str, Any]:
    """Give counts, the eight risks and the worst devices of a scan; only of these are documents made."""
    run = store.read(scan_id, "runs").to_pylist()[0]
    ids = store.read(scan_id, "devices", ["device_id"])
    named = ["device_id", "role", "jurisdiction", "confidence", "company_id"]
    attributions = store.read(scan_id, "attributions", named)
    said = store.read(scan_id, "identifications", ["device_id", "field", "value", "is_chosen"])
    kinds = said.filter(pc.and_(said["is_chosen"], pc.equal(said["field"], "kind")))
    kinds = kinds.filter(pc.is_valid(kinds["value"]))
    scores = store.read(scan_id, "scores", ["device_id", "category", *_NUMBERS])
    brands = attributions.filter(pc.equal(attributions["role"], "brand"))
    return {
        "scan": scan_id,
        "profile": run["profile"],
        "n_evidence": run["n_evidence"],
        "n_devices": ids.num_rows,
        "n_brand_known": pc.count_distinct(brands["device_id"]).as_py(),
        "n_kind_known": pc.count_distinct(kinds["device_id"]).as_py(),
        "jurisdictions": _jurisdictions(attributions, ids.num_rows),
        "risks": {category: _risk(scores, category) for category in CATEGORIES},
        "worst": [_short(one) for one in device_documents(store, scan_id, _worst(ids, scores))],
    }


def _worst(ids: pa.Table, scores: pa.Table) -> list[str]:
    """Give the devices of the highest index, as it is shown: rounded, ties by their ids."""
    tops = scores.group_by("device_id").aggregate([("risk", "max")])
    tops = ids.join(tops, keys="device_id", join_type="left outer")
    coded = tops["risk_max"].combine_chunks().fill_null(0.0).dictionary_encode()
    coded = coded.unify_dictionaries().combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    shown = pa.array([round(100 * risk, 2) for risk in coded.dictionary.to_pylist()], pa.float64())
    ranked = pa.table({"index": shown.take(coded.indices), "device_id": tops["device_id"]})
    keys = [("index", "descending"), ("device_id", "ascending")]
    kept = pc.select_k_unstable(ranked, k=min(_WORST, ranked.num_rows), sort_keys=keys)
    found: list[str] = ranked["device_id"].take(kept).to_pylist()
    return found


def _jurisdictions(attributions: pa.Table, n_devices: int) -> dict[str, int]:
    """Count devices by the jurisdiction of their ultimate owner; unknown counts as unknown."""
    owners = attributions.filter(pc.equal(attributions["role"], "owner"))
    order = [("device_id", "ascending"), ("confidence", "ascending"), ("company_id", "ascending")]
    seats = pc.fill_null(owners["jurisdiction"], "")
    sure = owners.set_column(owners.column_names.index("jurisdiction"), "jurisdiction", seats).sort_by(order)
    last = sure.group_by("device_id", use_threads=False).aggregate([("jurisdiction", "last")])
    counts = Counter(seat or "unknown" for seat in last["jurisdiction_last"].to_pylist())
    counts["unknown"] += n_devices - last.num_rows
    return {seat: n for seat, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if n}


def _risk(scores: pa.Table, category: str) -> dict[str, float]:
    """Sum up one category; exactly, so that the order of rows does not show."""
    rows = scores.filter(pc.equal(scores["category"], category))
    sums = {name: fsum(rows[name].to_numpy().tolist()) for name in _NUMBERS}
    n = max(rows.num_rows, 1)
    return {
        "mean_likelihood": sums["likelihood"] / n,
        "max_risk": pc.max(rows["risk"]).as_py() or 0.0,
        "sum_risk": sums["risk"],
        "sum_lower": sums["risk_lower"],
        "sum_upper": sums["risk_upper"],
        "mean_coverage": sums["coverage"] / n,
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
