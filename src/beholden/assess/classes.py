"""Which regulators' lists name a device by its class: its kind, and whose seat or law stands behind it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import narwhals as nw
import pyarrow as pa

from beholden.engine import Frame

if TYPE_CHECKING:
    from beholden.assess.context import Context

PRODUCTION = "production"
_ROLES = {"maker": "maker", "law": "owner", "control": "owner", "data": "cloud_operator", PRODUCTION: "maker"}
"""Whose seat tells the place that a class is bound to; that of production is told by nobody's."""
_OF_ANY_KIND = ("maker", "data")
"""Of what is bound to these places, a class without kinds holds for every device; of others it is no class of devices."""
_FOREIGN = "foreign"
_NOT_KNOWN = "if produced there: the place of production is not known"
_SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("kind", "seat", "of_role", "role", "list", "title", "entity")]
    + [pa.field("since", pa.string()), pa.field("condition", pa.string())]
    + [
        pa.field("is_binding", pa.bool_()),
        pa.field("is_of_kind", pa.bool_()),
        pa.field("fact_id", pa.string()),
    ]
)


def class_listings(context: "Context") -> Frame:
    """Give rows of `device_listings` for classes in force; those bound to the place of production say so."""
    classes = context.engine.bind(pa.Table.from_pylist(list(_classes(context)), schema=_SCHEMA))
    kinds = context.devices.select("device_id", "kind", "kind_confidence")
    held = context.attributions.join(kinds, on="device_id", how="inner").with_columns(
        seat=nw.col("jurisdiction").fill_null(""), of_role=nw.col("role")
    )
    met = held.drop("role").join(classes, on=["kind", "seat", "of_role"], how="inner")
    of_kind = nw.when(nw.col("is_of_kind")).then(nw.col("kind_confidence")).otherwise(nw.lit(1.0))
    return met.select(
        "device_id", "list", "title", "entity", "since", "condition", "is_binding", "role", "company_id",
        nw.min_horizontal(nw.col("confidence"), of_kind).alias("confidence"), "fact_id", "path",
    )  # fmt: skip


def _classes(context: "Context") -> Iterable[dict[str, object]]:
    """Give every class in force, once for each kind and seat that it holds for."""
    homes = {row["list"]: row["jurisdiction"] for row in context.knowledge.rows("lists")}
    kinds = ["", *(row["kind"] for row in context.knowledge.rows("kinds"))]
    seats = sorted({row["jurisdiction"] or "" for row in context.knowledge.rows("companies")} | {""})
    for entry in context.entries:
        if entry["named_as"] or not (entry["kinds"] or entry["place_of"] in _OF_ANY_KIND):
            continue
        place_of = entry["place_of"] or "maker"
        is_production = place_of == PRODUCTION
        told = {
            "of_role": _ROLES[place_of],
            "role": PRODUCTION if is_production else _ROLES[place_of],
            "list": entry["list"],
            "title": entry["title"],
            "entity": entry["product_class"] or entry["title"],
            "since": entry["since"],
            "condition": "; ".join(filter(None, (entry["condition"], _NOT_KNOWN if is_production else ""))),
            "is_binding": entry["list"] in context.profile.lists,
            "is_of_kind": bool(entry["kinds"]),
            "fact_id": entry["fact_id"],
        }
        places = [] if is_production else (entry["places"] or "").split()
        for kind in (entry["kinds"] or "").split() or kinds:
            for seat in _seats(places, homes[entry["list"]], seats):
                yield told | {"kind": kind, "seat": seat}


def _seats(places: Sequence[str], home: str, seats: Sequence[str]) -> Sequence[str]:
    """Give the seats that lie in these places; any, known or not, where none is named."""
    if not places:
        return seats
    if _FOREIGN in places:
        return [seat for seat in seats if seat not in ("", home)]
    return places
