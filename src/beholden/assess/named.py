"""Which regulators' lists name a device: its companies by name, or its class."""

from typing import TYPE_CHECKING

import narwhals as nw
import pyarrow as pa

from beholden.assess.classes import class_listings
from beholden.engine import Frame

if TYPE_CHECKING:
    from beholden.assess.context import Context

_SCHEMA = pa.schema(
    [
        pa.field("company_id", pa.string()),
        pa.field("list", pa.string()),
        pa.field("title", pa.string()),
        pa.field("entity", pa.string()),
        pa.field("since", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("is_binding", pa.bool_()),
        pa.field("list_fact", pa.string()),
    ]
)


def named_companies(context: "Context") -> pa.Table:
    """Give every company that an entry in force names, itself or as an affiliate of the one named."""
    named: dict[str, list[dict[str, object]]] = {}
    for row in context.entries:
        if row["company"]:
            named.setdefault(row["company"], []).append(row)
    rows: list[dict[str, object]] = []
    for company in context.knowledge.rows("companies"):
        for member in dict.fromkeys(company["group"].split()):
            rows.extend(
                _entry(company["company"], entry, context)
                for entry in named.get(member, [])
                if member == company["company"] or entry["includes_affiliates"]
            )
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _entry(company: str, entry: dict[str, object], context: "Context") -> dict[str, object]:
    return {
        "company_id": company,
        "list": entry["list"],
        "title": entry["title"],
        "entity": entry["named_as"],
        "since": entry["since"],
        "condition": entry["condition"],
        "is_binding": entry["list"] in context.profile.lists,
        "list_fact": entry["fact_id"],
    }


def device_listings(context: "Context") -> Frame:
    """Give the table `device_listings`: every list that names a company behind a device or its class, binding or not."""
    entries = context.engine.bind(named_companies(context))
    met = context.attributions.join(entries, on="company_id", how="inner")
    by_name = met.select(
        "device_id", "list", "title", "entity", "since", "condition", "is_binding", "role", "company_id",
        "confidence", fact_id=nw.col("list_fact"), path=nw.col("path"),
    )  # fmt: skip
    return context.engine.keep(context.engine.union([by_name, class_listings(context)]))
