"""What `show` lists: devices, makers, flows, findings and scans, as rows of plain values."""

from collections import defaultdict
from typing import Any

from beholden.engine.store import Store
from beholden.pipeline.documents import Document, device_documents
from beholden.pipeline.summary import label


def devices(store: Store, scan_id: str) -> list[Document]:
    """Give the documents of all devices."""
    return device_documents(store, scan_id)


def makers(store: Store, scan_id: str) -> list[Document]:
    """Give one row per maker: owner, jurisdiction, devices, lists and worst index."""
    grouped: dict[str, list[Document]] = defaultdict(list)
    for one in device_documents(store, scan_id):
        grouped[(one["maker"] or one["brand"] or {}).get("name") or "unknown"].append(one)
    rows = []
    for name, held in grouped.items():
        owners = [one["owner"] for one in held if one["owner"]]
        makers_known = [one["maker"] for one in held if one["maker"]]
        rows.append(
            {
                "maker": name,
                "jurisdiction": makers_known[0]["jurisdiction"] if makers_known else None,
                "owner": owners[0]["name"] if owners else None,
                "owner_jurisdiction": owners[0]["jurisdiction"] if owners else None,
                "n_devices": len(held),
                "kinds": sorted({one["kind"] for one in held if one["kind"]}),
                "lists": sorted({entry["list"] for one in held for entry in one["listings"]}),
                "worst_index": max(one["index"] for one in held),
            }
        )
    return sorted(rows, key=lambda row: (-row["n_devices"], row["maker"]))


def flows(store: Store, scan_id: str) -> list[Document]:
    """Give what devices exchange with addresses beyond the site, most bytes up first."""
    names = {one["device"]: label(one) for one in device_documents(store, scan_id)}
    rows = store.read(scan_id, "exposures").to_pylist()
    kept = [
        {
            "device": row["device_id"],
            "label": names.get(row["device_id"]),
            **{
                name: row[name]
                for name in row
                if name not in ("device_id", "evidence_id", "locator", "fact_id")
            },
        }
        for row in rows
    ]
    return sorted(kept, key=lambda row: (-row["bytes_up"], row["device"], row["address"], row["server_port"]))


def findings(store: Store, scan_id: str) -> list[Document]:
    """Give the findings that hold, the strongest first; with `strength=0` those looked at and not there."""
    names = {one["device"]: label(one) for one in device_documents(store, scan_id)}
    rows: list[dict[str, Any]] = store.read(scan_id, "findings").to_pylist()
    for row in rows:
        row["device"] = row.pop("device_id")
        row["label"] = names.get(row["device"])
    return sorted(
        rows, key=lambda row: (-row["strength"] * row["confidence"] * row["weight"], row["finding_id"])
    )


def scans(store: Store, scan_id: str) -> list[Document]:  # noqa: ARG001 - one signature for all listings
    """Give the scans of the store, newest first."""
    return store.runs()
