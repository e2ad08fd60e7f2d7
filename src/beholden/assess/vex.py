"""What is stated of flaws (VEX): of a device by its own bill of materials, of products and parts by anybody's documents.

Of several statements the one of the product's maker counts, or of the device's own bill; of these the newest.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import narwhals as nw
import pyarrow as pa

from beholden.assess.flaws_book import Product
from beholden.assess.parts import part
from beholden.engine import Frame
from beholden.engine.places import source_of
from beholden.knowledge.base import Knowledge
from beholden.knowledge.flaws_names import plain, product_key
from beholden.knowledge.vex import Product as Spoken
from beholden.knowledge.vex import Said, product, said

if TYPE_CHECKING:
    from beholden.assess.context import Context

STATED = ("justification", "stated_by", "stated_at", "place", "statement")
"""Columns of a statement: those of `device_flaws`, its place, and the statement as it was made."""
STATEMENTS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("subject", "property", "value")),
        pa.field("first_seen_at", pa.timestamp("us", tz="UTC")),
        pa.field("place", pa.int64()),
    ]
)
STATED_IN = ("vex.statement", "vex.author")
"""Properties of these observations: statements on products, and those who make statements."""
_KEYS = ("device_id", *Product._fields, "cve")
_ROWS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("scope", *_KEYS, "component", "component_version")),
        *(pa.field(name, pa.string()) for name in ("stated", "justification", "stated_by", "statement")),
        pa.field("stated_at", pa.timestamp("us", tz="UTC")),
        pa.field("place", pa.int64()),
        pa.field("rank", pa.int64()),
    ]
)
_BEST = pa.schema([_ROWS.field(name) for name in (*_KEYS, "stated", *STATED)])
_ITSELF, _PART_OF, _OWN = "itself", "part of", "own"
Row = dict[str, Any]


class _Statement(NamedTuple):
    """One statement, with who made it and when."""

    of: Spoken
    said: Said
    by: str | None
    row: Mapping[str, Any]


def stated(context: "Context", known: Frame, products: Sequence[Product]) -> Frame:
    """Give the statement that counts for each flaw of a device's products: device_id, product, cve, stated, STATED."""
    engine = context.engine
    rows = [*_of_products(context, products), *_of_devices(context)]
    if not rows:
        return engine.bind(_BEST.empty_table())
    rows.sort(key=_order)
    table = pa.Table.from_pylist([row | {"rank": rank} for rank, row in enumerate(rows)], schema=_ROWS)
    made = engine.bind(table)
    names = ["cve", "rank"]
    itself = known.join(
        made.filter(nw.col("scope") == _ITSELF).select(*Product._fields, *names),
        on=list(Product._fields), how="inner",
    )  # fmt: skip
    inside = known.join(
        made.filter(nw.col("scope") == _PART_OF).select(
            *Product._fields, *names, "component", "component_version"
        ),
        on=list(Product._fields), how="inner",
    ).select("device_id", *names, "component", "component_version")  # fmt: skip
    own = made.filter(nw.col("scope") == _OWN).select("device_id", *names, "component", "component_version")
    of_device = nw.concat([inside, own])
    met = [
        itself.select(*_KEYS, "rank"),
        _parts(known, of_device).select(*_KEYS, "rank"),
        _wholes(known, of_device).select(*_KEYS, "rank"),
    ]
    best = nw.concat(met).group_by(*_KEYS).agg(nw.col("rank").min())
    what = made.select("rank", "stated", *STATED)
    return engine.keep(best.join(what, on="rank", how="inner").drop("rank"))


def _parts(known: Frame, statements: Frame) -> Frame:
    """Join statements on a device's part with the part, by its name, and its version where one is stated."""
    billed = known.filter(nw.col("part") != "")
    met = billed.join(
        statements, left_on=["device_id", "name"], right_on=["device_id", "component"], how="inner"
    )
    is_same = (nw.col("component_version") == "") | (nw.col("component_version") == nw.col("version"))
    return met.filter(is_same)


def _wholes(known: Frame, statements: Frame) -> Frame:
    """Join statements on a device as a whole with its model and system."""
    whole = statements.filter(nw.col("component") == "").select("device_id", "cve", "rank")
    return known.filter(nw.col("part") == "").join(whole, on="device_id", how="inner")


def _order(row: Row) -> tuple[bool, float, int, str]:
    """Put the maker's statements first, then the newest."""
    when = row["stated_at"].timestamp() if row["stated_at"] else 0.0
    return not row["is_makers"], -when, row["place"], row["cve"]


def _of_products(context: "Context", products: Sequence[Product]) -> Iterator[Row]:
    """Give rows for the products and parts that documents speak of."""
    statements = _Statements(context.knowledge, context.statements.to_pylist())
    for one in products:
        for met in statements.on_part(one) if one.part else statements.on_product(one):
            component = "" if one.part else met.said.component
            makes = statements.company(met.by)
            yield {
                **one._asdict(),
                **_told(met.said, met.row["value"], met.by, met.row),
                "scope": _PART_OF if component else _ITSELF,
                **_component(component),
                "is_makers": makes is not None and makes == one.company_id,
            }


def _of_devices(context: "Context") -> Iterator[Row]:
    """Give rows for what bills of materials state of the devices that they are of."""
    billed = context.observations.filter(nw.col("property") == "sbom.flaw")
    rows = context.engine.collect(billed.select("device_id", "value", "first_seen_at", "place")).to_pylist()
    if not rows:
        return
    authors = _authors(context.statements.to_pylist())
    for row in rows:
        if made := said(row["value"]):
            yield {
                "device_id": row["device_id"],
                **_told(made, row["value"], authors.get(source_of(row["place"])), row),
                "scope": _OWN,
                **_component(made.component),
                "is_makers": True,
            }


def _told(made: Said, text: str, by: str | None, row: Mapping[str, Any]) -> Row:
    return {
        "cve": made.flaw,
        "stated": made.state,
        "justification": made.because or None,
        "stated_by": by,
        "stated_at": row["first_seen_at"],
        "place": row["place"],
        "statement": text,
    }


def _component(title: str) -> Row:
    """Read name@version; without an @ it is a name."""
    name, _, version = title.rpartition("@") if "@" in title else (title, "", "")
    return {"component": name, "component_version": version.replace("%40", "@")}


def _authors(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Give who makes the statements of each evidence, by its number."""
    return {source_of(row["place"]): row["value"] for row in rows if row["property"] == "vex.author"}


class _Statements:
    """Statements on products, found by what they speak of."""

    def __init__(self, knowledge: Knowledge, rows: Sequence[Mapping[str, Any]]) -> None:
        self._spellings = knowledge.spellings
        self._words = frozenset(knowledge.table("product_words")["word"].to_pylist()) if rows else frozenset()
        self._of_companies: dict[tuple[str, str], list[_Statement]] = defaultdict(list)
        self._of_parts: dict[tuple[str, str], list[_Statement]] = defaultdict(list)
        self._names = {row["company"]: row["name"] for row in knowledge.rows("companies")} if rows else {}
        authors = _authors(rows)
        for row in rows:
            made, of = said(row["value"]), product(row["subject"])
            if row["property"] == "vex.statement" and made and of:
                self._enter(_Statement(of, made, authors.get(source_of(row["place"])), row))

    def _enter(self, one: _Statement) -> None:
        self._of_parts[plain(one.of.vendor), plain(one.of.name)].append(one)
        company = self.company(one.of.vendor)
        if company and (key := self._key(company, one.of.name)):
            self._of_companies[company, key].append(one)

    def company(self, name: str | None) -> str | None:
        """Give the company of a name."""
        return self._spellings.find(name) if name else None

    def _key(self, company: str, name: str) -> str:
        return product_key(name, self._words, self._names.get(company, ""))

    def on_product(self, one: Product) -> Iterator[_Statement]:
        """Give what is stated of a company's model or system in its version."""
        met = self._of_companies.get((one.company_id, self._key(one.company_id, one.name)), ())
        return (each for each in met if each.of.has(one.version))

    def on_part(self, one: Product) -> Iterator[_Statement]:
        """Give what is stated of a part as such, by the CPE name or package URL that its bill states."""
        for name in part(one.part).identifiers:
            met = self._of_parts.get((plain(name.vendor), plain(name.product)), ())
            yield from (each for each in met if not each.said.component and each.of.has(name.version))
