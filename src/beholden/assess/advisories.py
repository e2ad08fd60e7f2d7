"""Flaws that are known to be exploited, by maker and model (CISA KEV, CC0)."""

import re
from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.engine import Frame

_VERSION_UNKNOWN = 0.3  # the product matches, the version is not known
_SHORTEST = 4
_SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("company", "model", "cves")] + [pa.field("n", pa.int64())]
)


def measure(context: Context) -> Iterator[Frame]:
    """Tell which models stand on the list of known exploited vulnerabilities, and which do not."""
    chosen = context.identifications.filter(nw.col("is_chosen"))
    models = chosen.filter(nw.col("field") == "model").select("device_id", model=nw.col("value")).unique()
    makers = (
        context.attributions.filter(nw.col("role").is_in(["brand", "maker"]))
        .select("device_id", company=nw.col("company_id"))
        .unique()
    )
    known = context.engine.keep(models.join(makers, on="device_id", how="inner"))
    pairs = context.engine.collect(known.select("company", "model").unique()).to_pylist()
    matched = context.engine.bind(_match(context, pairs))
    hits = known.join(matched, on=["company", "model"], how="inner")
    yield signal(
        hits.filter(nw.col("n") > 0),
        "advisory.kev",
        strength=nw.lit(_VERSION_UNKNOWN),
        detail=nw.concat_str(
            nw.col("model"),
            nw.lit(" known, version not compared: "),
            nw.col("n").cast(nw.String),
            nw.lit(" possible, "),
            nw.col("cves"),
        ),
    )


def _match(context: Context, pairs: list[dict[str, str]]) -> pa.Table:
    """Look each distinct (company, model) up among the products of that company's entries."""
    products: dict[str, list[tuple[str, str]]] = {}
    for row in context.knowledge.rows("kev"):
        company = context.knowledge.spellings.find(row["vendor"])
        if company:
            products.setdefault(company, []).append((row["product"], row["cve"]))
    rows = []
    for pair in pairs:
        cves = [cve for product, cve in products.get(pair["company"], []) if _names(product, pair["model"])]
        rows.append({**pair, "cves": " ".join(cves[:5]), "n": len(cves)})
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _names(product: str, model: str) -> bool:
    """Tell whether a product's text names a model as a whole word."""
    text = model.strip()
    if len(text) < _SHORTEST:
        return False
    return re.search(rf"(?<![\w-]){re.escape(text)}(?![\w])", product, re.IGNORECASE) is not None
