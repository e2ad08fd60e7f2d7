"""Whether public advisories name a device's model as used by a botnet."""

from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.engine import Frame
from beholden.knowledge.advised import Advised

_KEYS = ("company_id", "model", "kind")
_TOLD = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in (*_KEYS, "detail", "facts")),
        pa.field("strength", pa.float64()),
    ]
)


def measure(context: Context) -> Iterator[Frame]:
    """Tell of models that are named, and of those of a known company that are not; each is asked once."""
    chosen = context.identifications.filter(nw.col("is_chosen"), nw.col("field") == "model")
    makers = context.attributions.filter(nw.col("role").is_in(["brand", "maker"]))
    known = (
        chosen.select("device_id", model=nw.col("value"))
        .unique()
        .join(makers.select("device_id", "company_id").unique(), on="device_id", how="left")
        .join(context.devices.select("device_id", "kind"), on="device_id", how="inner")
        .with_columns(nw.col("company_id").fill_null(""))
    )
    known = context.engine.keep(known)
    distinct = context.engine.collect(known.select(*_KEYS).unique()).to_pylist()
    told = context.engine.bind(pa.Table.from_pylist(list(_told(context, distinct)), schema=_TOLD))
    yield signal(
        known.join(told, on=list(_KEYS), how="inner"),
        "advisory.botnet_model",
        strength=nw.col("strength"),
        detail=nw.col("detail"),
        path=nw.col("facts"),
    )


def _told(context: Context, distinct: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    words = frozenset(context.knowledge.table("product_words")["word"].to_pylist())
    book = Advised(context.knowledge.rows("advised_models"), words)
    names = {row["company"]: row["name"] for row in context.knowledge.rows("companies")}
    for one in distinct:
        company = one["company_id"]
        rows = sorted(
            book.naming(company, names.get(company, ""), one["model"], one["kind"]),
            key=lambda row: row["fact_id"],
        )
        campaigns = ", ".join(sorted({row["campaign"] for row in rows}))
        if rows:
            facts = " ".join(row["fact_id"] for row in rows)
            yield {**one, "strength": 1.0, "detail": f"{one['model']}: {campaigns}", "facts": facts}
        elif company:
            yield {**one, "strength": 0.0, "detail": "the model is named by none", "facts": ""}
