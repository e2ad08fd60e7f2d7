"""The possible maker of a device or of its module: whom white labels name behind a brand for its kind."""

from collections.abc import Iterable

import narwhals as nw
import pyarrow as pa

from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge
from beholden.knowledge.names import normalise

Row = dict[str, str]

STATED = "stated:"
"""Leads the value of a company field where the name is not one that knowledge has."""

_MAKING = {"maker", "odm"}
"""What a company does that makes things itself."""
_SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("brand", "kind", "role", "company_id")]
    + [pa.field("belief", pa.float64()), pa.field("white_fact", pa.string())]
)


def possible_makers(engine: Engine, chosen: Frame, knowledge: Knowledge) -> Frame:
    """Give device_id, role, company_id, confidence and the path of the facts, where no maker is stated or known."""
    brands = chosen.filter(nw.col("field") == "brand").select(
        "device_id", "confidence", "claim_fact", brand=nw.col("company_id")
    )
    kinds = chosen.filter(nw.col("field") == "kind").select("device_id", kind=nw.col("company_id"))
    sold = engine.keep(brands.join(kinds, on="device_id", how="inner"))
    pairs = engine.collect(sold.select("brand", "kind").unique()).to_pylist()
    fitting = engine.bind(_fitting(knowledge, pairs))
    stated = chosen.select("device_id", role=nw.col("field")).unique()
    found = sold.join(fitting, on=["brand", "kind"], how="inner").join(
        stated, on=["device_id", "role"], how="anti"
    )
    return found.select(
        "device_id",
        "role",
        "company_id",
        confidence=nw.col("confidence") * nw.col("belief"),
        path=nw.concat_str("claim_fact", "white_fact", separator=" ").str.strip_chars(),
    )


def _fitting(knowledge: Knowledge, pairs: Iterable[Row]) -> pa.Table:
    """Give per brand, kind and role the one maker that fits; where several do, it is unknown which."""
    makers = _own_makers(knowledge)
    labels: dict[tuple[str, str], list[Row]] = {}
    for row in knowledge.rows("white_labels"):
        if row["valid_to"] is None and row["product_class"]:
            labels.setdefault((row["brand"] or row["spelling"], row["product_class"]), []).append(row)
    rows = []
    for pair in pairs:
        brand = pair["brand"]
        name = normalise(brand.removeprefix(STATED)) if brand.startswith(STATED) else brand
        held = labels.get((name, pair["kind"]), [])
        for role in ("module_maker",) if brand in makers else ("maker", "module_maker"):
            fit = [row for row in held if row["role"] == role]
            if len({row["maker"] for row in fit}) == 1:
                best = max(fit, key=lambda row: (row["confidence"], row["fact_id"]))
                rows.append(
                    {**pair, "role": role, "company_id": best["maker"], "belief": best["confidence"],
                     "white_fact": best["fact_id"]}
                )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _own_makers(knowledge: Knowledge) -> set[str]:
    """Give the companies whose maker is known: they make things themselves, or belong to one that does."""
    return {
        row["company"]
        for row in knowledge.rows("companies")
        if row["maker"] != row["company"] or _MAKING.intersection(row["roles"].split())
    }
