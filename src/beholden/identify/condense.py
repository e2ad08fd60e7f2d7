"""Condense inventories: records that say the same of a device are assessed once, by the first of them.

A record stands for another where both identify one device alone, so that nothing has to be resolved, and
say the same of everything that findings and scores read. The others keep their identifiers and their own words:
model, firmware and operating system as stated, where knowledge does not know them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.identify.advised import Advised
from beholden.identify.claims import LONGEST_PREFIX, registry_claims
from beholden.identify.devices import IDENTIFIERS, STATED
from beholden.identify.resolve import IDENTIFIER_OF, RANKS, is_local, node
from beholden.knowledge.base import Knowledge
from beholden.model.ids import content_ids

WORDS = ("inventory.model", "inventory.firmware", "inventory.os")
"""Properties that say of a device what they say, in the record's own words."""


def _flat(name: str) -> str:
    """Name the column of a property: a dot would part a table from a column."""
    return name.replace(".", "_")


_STRONG = {
    _flat(name): kind for name, kind in sorted(IDENTIFIER_OF.items(), key=lambda one: RANKS.index(one[1]))
}
_IDENTIFIERS = {_flat(name): kind for name, kind in IDENTIFIERS.items()}
_STATED = {column: _flat(name) for name, column in STATED.items()}
_WORDS = {_flat(name): name for name in WORDS}
_BARE = {"hostname": "inventory_hostname", "ip": "ip"}
"""Kinds of subject that are the same device as another record that has such a value."""
_PRODUCTS, _VERSION = ("inventory_model", "inventory_os"), "inventory_firmware"
"""What advisories speak of, where they know it, and in which version."""
_CARDS = ("inventory_imei", "inventory_iccid", "inventory_imsi")
_UNREAD = {"ip", "inventory_location", *_IDENTIFIERS, *_STATED.values(), *_WORDS} - {_STATED["criticality"]}
"""Columns of which findings and scores read nothing but what `_keyed` adds: prefix, card, known product and version."""
_ROW = ("place", "subject_kind", "subject", "first_seen_at", "last_seen_at", "is_simple")


@dataclass(frozen=True)
class Condensed:
    """What stands for what.

    is_kept: of each record, whether its observations go through the stages. members: (device_id, like_id, place,
    site, country) of the devices of simple records. devices and device_identifiers: the model's tables of the
    devices for which another stands; words: what these say (device_id, like_id, place, property, observed).
    """

    is_kept: npt.NDArray[np.bool_]
    members: pa.Table
    devices: pa.Table
    device_identifiers: pa.Table
    words: pa.Table


def condense(
    engine: Engine, records: pa.Table, taken: pa.Array, knowledge: Knowledge, weights: Mapping[str, float]
) -> Condensed:
    """Find which records stand for others.

    records: as `ingest.inventory` gives them, with `place` and without evidence. taken: identifiers in lower case,
    device ids included, that other evidence or a person speaks of; their records stand for themselves alone.
    """
    names = [_flat(name) for name in records.column_names]
    properties = [name for name in names if name not in _ROW]
    numbered = records.rename_columns(names).append_column("row", pa.array(np.arange(records.num_rows)))
    every = engine.bind(numbered)
    others = engine.keep(engine.bind(pa.table({"taken": taken.cast(pa.string())})))
    simple = engine.keep(_simple(every, others, properties))
    named = _free(engine.keep(_named(engine, simple, properties)), "device_id", others)
    keyed = engine.keep(_keyed(engine, named, properties, knowledge, weights))
    firsts = keyed.filter(nw.col("row") == nw.col("first")).select("first", like_id=nw.col("device_id"))
    members = engine.keep(keyed.join(firsts, on="first", how="inner"))
    alike = engine.keep(members.filter(nw.col("device_id") != nw.col("like_id")))
    is_kept = np.ones(records.num_rows, bool)
    is_kept[engine.collect(alike.select("row"))["row"].to_numpy()] = False
    stated = _or_null(properties, ("site", "country"))
    return Condensed(
        is_kept,
        engine.collect(members.select("device_id", "like_id", "place", **stated)),
        engine.collect(_devices(alike, properties)),
        engine.collect(engine.union(list(_identifiers(alike, properties)))),
        engine.collect(engine.union(list(_said(alike, properties)))),
    )


def _simple(every: Frame, others: Frame, properties: Sequence[str]) -> Frame:
    """Give the records each of which is one device by itself: no identifier is said of another."""
    strong = [name for name in _STRONG if name in properties]
    rows = every.filter(nw.col("is_simple"), nw.col("subject_kind").is_in(list(_STRONG.values())))
    for name in strong:
        counts = every.filter(~nw.col(name).is_null()).group_by(name).agg(n=nw.len())
        rows = rows.join(counts.filter(nw.col("n") > 1).select(name), on=name, how="anti")
    bare = {kind: name for kind, name in _BARE.items() if name in properties}
    for kind, name in bare.items():
        of_kind = every.filter(nw.col("subject_kind") == kind)
        rows = _free(rows, name, of_kind.select(taken=nw.col(name).str.to_lowercase()).unique())
    spoken = [*strong, "subject", *bare.values()]
    return reduce(lambda frame, name: _free(frame, name, others), spoken, rows)


def _free(rows: Frame, name: str, taken: Frame) -> Frame:
    """Leave out the rows whose value is among those taken."""
    lower = rows.with_columns(taken=nw.col(name).str.to_lowercase())
    return lower.join(taken, on="taken", how="anti").drop("taken")


def _named(engine: Engine, simple: Frame, properties: Sequence[str]) -> Frame:
    """Name each device by its strongest identifier, as resolving does."""
    stated = [node(nw.lit(kind), nw.col(name)) for name, kind in _STRONG.items() if name in properties]
    if "mac" in properties:
        stated[0] = nw.when(~is_local(nw.col("mac"))).then(stated[0])
    weakest = node(nw.col("subject_kind"), nw.col("subject"))
    nodes = engine.collect(simple.select("row", node=nw.coalesce(*stated, weakest)))
    ids = pa.array(content_ids("device", nodes["node"].to_pylist()), pa.string())
    return simple.join(engine.bind(pa.table({"row": nodes["row"], "device_id": ids})), on="row", how="inner")


def _keyed(
    engine: Engine, rows: Frame, properties: Sequence[str], knowledge: Knowledge, weights: Mapping[str, float]
) -> Frame:
    """Add `first`: the first record that says the same."""
    matched = {_flat(name) for name in pc.unique(knowledge.table("fingerprints")["property"]).to_pylist()}
    said = [name for name in properties if name in matched or name not in _UNREAD]
    keys = {f"key_{name}": nw.col(name).fill_null("") for name in said}
    keys |= {f"has_{name}": ~nw.col(name).is_null() for name in _WORDS if name in properties}
    products = [name for name in _PRODUCTS if name in properties]
    if products:
        rows, advised = _advised(engine, rows, products, knowledge)
        keys |= advised
        if _VERSION in properties:
            is_advised = reduce(or_, (key != "" for key in advised.values()))
            keys["version"] = nw.when(is_advised).then(nw.col(_VERSION).fill_null("")).otherwise(nw.lit(""))
    cards = [~nw.col(name).is_null() for name in _CARDS if name in properties]
    has_card = reduce(lambda one, other: one | other, cards, nw.lit(value=False))
    keys["kind"] = nw.col("subject_kind")
    for at, card in enumerate(cards):
        keys[f"card_{at}"] = card
    keys["seen"] = nw.when(has_card).then(nw.col("last_seen_at"))
    if "mac" in properties:
        prefixes = rows.with_columns(prefix=nw.col("mac").str.slice(0, LONGEST_PREFIX))
        distinct = engine.collect(prefixes.select("prefix").filter(~nw.col("prefix").is_null()).unique())
        claims = registry_claims(distinct["prefix"].combine_chunks(), knowledge, weights)
        rows = prefixes.join(
            engine.bind(claims.select(["prefix", "fingerprint_id"])), on="prefix", how="left"
        )
        keys["registered"] = nw.col("fingerprint_id").fill_null("")
        rows = rows.drop("prefix")
    marked = rows.with_columns(**keys)
    return marked.with_columns(first=nw.col("row").min().over(*keys)).drop(*keys)


def _advised(
    engine: Engine, rows: Frame, products: Sequence[str], knowledge: Knowledge
) -> tuple[Frame, dict[str, nw.Expr]]:
    """Give the rows with the products of which advisories may speak, and the keys that tell these apart."""
    spoken_of = Advised(knowledge)
    for name in products:
        values = engine.collect(rows.select(name).filter(~nw.col(name).is_null()).unique())[name]
        known = values.filter(spoken_of.among(values))
        rows = rows.join(engine.bind(pa.table({name: known, f"known_{name}": known})), on=name, how="left")
    return rows, {f"key_{name}": nw.col(f"known_{name}").fill_null("") for name in products}


def _or_null(properties: Iterable[str], wanted: Iterable[str]) -> dict[str, nw.Expr]:
    nothing = nw.lit(None, dtype=nw.String)
    return {
        column: nw.col(_STATED[column]) if _STATED[column] in properties else nothing for column in wanted
    }


def _devices(alike: Frame, properties: Sequence[str]) -> Frame:
    fixed = [
        ~nw.col(name).is_null()
        for name, kind in _IDENTIFIERS.items()
        if name in properties and kind not in ("mac", "hostname")
    ]
    local = is_local(nw.col("mac")) if "mac" in properties else nw.lit(value=False)
    is_fixed = reduce(lambda one, other: one | other, fixed, nw.col("subject_kind") == "asset")
    columns = _or_null(properties, _STATED)
    return alike.select(
        "device_id",
        "first_seen_at",
        "last_seen_at",
        **columns | {"criticality": columns["criticality"].cast(nw.Float64)},
        is_router=nw.lit(value=False),
        is_randomised=local & ~is_fixed,
    )


def _identifiers(alike: Frame, properties: Sequence[str]) -> Iterable[Frame]:
    """Give the table `device_identifiers`: what each record says, and a name made for it where it says none."""
    made = nw.col("subject_kind") == "asset"
    if "inventory_asset" in properties:
        made = made & nw.col("inventory_asset").is_null()
    yield _identifier(alike.filter(made), nw.lit("asset"), nw.col("subject"))
    for name, kind in _IDENTIFIERS.items():
        if name in properties:
            yield _identifier(alike.filter(~nw.col(name).is_null()), nw.lit(kind), nw.col(name))
    if "ip" in properties:
        bound = alike.filter(~nw.col("ip").is_null(), nw.col("subject_kind") == "mac")
        yield _identifier(bound, nw.lit("ip"), nw.col("ip"))


def _identifier(rows: Frame, kind: nw.Expr, value: nw.Expr) -> Frame:
    return rows.select(
        "device_id", identifier_kind=kind, identifier=value,
        valid_from=nw.col("first_seen_at"), valid_to=nw.col("last_seen_at"), place=nw.col("place"),
    )  # fmt: skip


def _said(alike: Frame, properties: Sequence[str]) -> Iterable[Frame]:
    """Give what each record says in its own words: device_id, like_id, place, property, observed."""
    keys = ("device_id", "like_id", "place")
    yield alike.filter(nw.col("row") < 0).select(*keys, property=nw.lit(""), observed=nw.col("subject"))
    for name, of in _WORDS.items():
        if name in properties:
            said = alike.filter(~nw.col(name).is_null())
            yield said.select(*keys, property=nw.lit(of), observed=nw.col(name))
