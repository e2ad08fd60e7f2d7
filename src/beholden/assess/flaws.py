"""Which published flaws a device and its parts have: by version as records say, or as somebody states (VEX).

Every distinct product and version is judged once. A version that is not known, or that cannot be compared, leaves a
flaw possible; it is never guessed. What is stated of a flaw stands over what follows from records, but that it is under
investigation decides nothing that is known.
"""

from typing import TYPE_CHECKING

import narwhals as nw
import pyarrow as pa

from beholden.assess.flaws_book import Book, Product, Row
from beholden.assess.parts import parts
from beholden.assess.vex import STATED, stated
from beholden.engine import Frame
from beholden.engine.schemas import arrow_schema
from beholden.model.flaw_states import AFFECTED, IN_TRIAGE
from beholden.model.tables import DEVICE_FLAWS

if TYPE_CHECKING:
    from beholden.assess.context import Context

PRODUCT = Product._fields
"""Columns that name what a flaw is said of; part is as `assess.parts` writes it, '' for the device itself."""
CLEAR = "clear"
"""Status of a flaw that the version is known not to have."""
_FOUND = {
    *("cve", "product", "cpe", "affected", "status", "is_affected", "is_exploited", "epss", "cvss"),
    *("exploitation", "is_automatable", "is_total", "due_if_exposed", "due_if_internal", "fact_id"),
}
JUDGED = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in PRODUCT),
        *(field.with_nullable(True) for field in arrow_schema(DEVICE_FLAWS) if field.name in _FOUND),
    ]
)


def products(context: "Context") -> Frame:
    """Give device_id, company_id, name (model or system), version and part ('' for unknown) of what has flaws."""
    chosen = context.identifications.filter(nw.col("is_chosen"))
    names = (
        chosen.filter(nw.col("field").is_in(["model", "os"]))
        .select("device_id", name=nw.col("value"))
        .unique()
    )
    versions = (
        chosen.filter(nw.col("field") == "firmware").group_by("device_id").agg(version=nw.col("value").min())
    )
    makers = (
        context.attributions.filter(nw.col("role").is_in(["brand", "maker"]))
        .select("device_id", "company_id")
        .unique()
    )
    known = names.join(makers, on="device_id", how="inner").join(versions, on="device_id", how="left")
    own = known.with_columns(nw.col("version").fill_null(""), part=nw.lit(""))
    billed = parts(context).with_columns(company_id=nw.lit(""))
    return context.engine.keep(nw.concat([one.select("device_id", *PRODUCT) for one in (own, billed)]))


def device_flaws(told: Frame) -> Frame:
    """Give the table `device_flaws`: what of `judged` is not cleared by a version alone."""
    is_part = nw.col("part") != ""
    title = nw.concat_str(nw.col("name"), nw.lit("@"), nw.col("version"))
    return told.filter(nw.col("status") != CLEAR).with_columns(
        version=nw.when(nw.col("version") != "").then(nw.col("version")),
        company_id=nw.when(nw.col("company_id") != "").then(nw.col("company_id")),
        component=nw.when(is_part).then(title),
    )


def judged(context: "Context") -> Frame:
    """Give for every device of `products` the flaws said of it (JUDGED), with what is stated of them (STATED)."""
    engine = context.engine
    known = context.products
    distinct = [Product(**one) for one in engine.collect(known.select(*PRODUCT).unique()).to_pylist()]
    statements = stated(context, known, distinct)
    named = statements.select(*PRODUCT, "cve").unique()
    pairs = [
        (Product(*(one[name] for name in PRODUCT)), one["cve"]) for one in engine.collect(named).to_pylist()
    ]
    rows = _rows(Book(context.knowledge, distinct, {cve for _, cve in pairs}), distinct, pairs)
    told = known.join(engine.bind(pa.Table.from_pylist(rows, schema=JUDGED)), on=list(PRODUCT), how="inner")
    held = told.join(statements, on=["device_id", *PRODUCT, "cve"], how="left")
    is_open = nw.col("status").is_null() | (nw.col("status") == "possible")
    is_stated = ~nw.col("stated").is_null() & ((nw.col("stated") != IN_TRIAGE) | is_open)
    found = held.filter(is_stated | ~nw.col("status").is_null()).with_columns(
        status=nw.when(is_stated).then(nw.col("stated")).otherwise(nw.col("status")),
        is_affected=nw.when(is_stated).then(nw.col("stated") == AFFECTED).otherwise(nw.col("is_affected")),
        **{name: nw.when(is_stated).then(nw.col(name)) for name in STATED},
    )
    return engine.keep(found.select("device_id", *JUDGED.names, *STATED))


def _rows(book: Book, products: list[Product], named: list[tuple[Product, str]]) -> list[Row]:
    """Give what records say of products, and an empty row for each flaw that statements alone name."""
    rows = [row for one in products for row in book.judge(one)]
    known = {(Product(*(row[name] for name in PRODUCT)), row["cve"]) for row in rows}
    return rows + [book.unrecorded(one, cve) for one, cve in named if (one, cve) not in known]
