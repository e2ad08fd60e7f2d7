"""Distil one partition: each record becomes a device, and records that say the same become one like.

What a scan does in memory with inventories (`identify.condense`), as expressions that an engine computes: devices never
come into Python, only distinct words, beginnings of identifiers, and cells that are not plainly canonical.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import FleetEngine, Frame
from beholden.identify.advised import Advised
from beholden.identify.condense import CARDS, PRODUCTS, UNREAD, VERSION, WORDS, assigned, known
from beholden.identify.modules import ASSIGNED, Assigned
from beholden.identify.resolve import RANKS, is_local
from beholden.ingest.inventory import columns_of
from beholden.ingest.tabular.headers import TIMES
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.pipeline.fleet.columns import INSTANT, Raw, full, short
from beholden.pipeline.fleet.forms import QUICK, split
from beholden.pipeline.fleet.words import distinct, mapped, told

IDENTIFIERS = ("mac", "imei", "serial", "asset", "iccid", "imsi", "hostname", "ip")
"""Columns of identifiers that a distilled device has."""
OWN = ("site", "country", "business_unit", "function", "criticality", "model", "firmware", "os")
"""Columns of a record's own words that a distilled device has."""
DEVICE = (
    "device_id",
    "unit",
    "locator",
    "is_randomised",
    *IDENTIFIERS,
    *OWN,
    "first_seen_at",
    "last_seen_at",
)
COUNTED = ("unit", "site", "country")
"""What roll-ups read of a device."""
_HEAD = "device\x1f"
_SUBJECTS = ("mac", "imei", "serial", "iccid", "asset", "hostname", "ip")
_MADE = "made"
_REST = "?"
_OUI = len("00:00:00")


@dataclass(frozen=True)
class Distilled:
    """What a partition comes to; frames hold until the engine lets go.

    devices: DEVICE of each record. likes: like, the locator of one of its records, and what that says. units: the like
    and criticality of each unit. counts: COUNTED and n_devices.
    """

    devices: Frame
    likes: pa.Table
    units: pa.Table
    counts: Frame
    n_records: int

    def span(self, engine: FleetEngine) -> tuple[int, int, str | None, str | None]:
        """Give how many records and devices there are, and when the first and the last was seen (ISO 8601)."""
        row = engine.collect(
            self.devices.select(
                nw.len().alias("n"), nw.col("first_seen_at").min(), nw.col("last_seen_at").max(),
                other_first=nw.col("last_seen_at").min(), other_last=nw.col("first_seen_at").max(),
            )
        ).to_pylist()[0]  # fmt: skip
        firsts = [one for one in (row["first_seen_at"], row["other_first"]) if one is not None]
        lasts = [one for one in (row["last_seen_at"], row["other_last"]) if one is not None]
        first, last = (min(firsts).isoformat(), max(lasts).isoformat()) if firsts else (None, None)
        return self.n_records, row["n"], first, last


@dataclass
class Distiller:
    """Distils partitions by the same knowledge."""

    engine: FleetEngine
    knowledge: Knowledge
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Read what holds for all partitions."""
        self._advised = Advised(self.knowledge)
        self._matched = read_whole(self.knowledge)
        self._parted = parted_ouis(self.knowledge)

    def distil(self, raw: Raw, evidence_id: str, problems: Problems) -> Distilled:
        """Give what a partition comes to."""
        problems.unit = raw.unit
        records = self._formed(raw, problems)
        records = self._named(self._worded(records, raw, problems), raw.properties, evidence_id)
        names = [name for name in raw.properties if name not in TIMES]
        records, keys = self._reduced(records, names)
        numbered = self.engine.with_number(records, keys, "like")
        numbered = self.engine.with_number(numbered, ["like", "criticality"], "unit")
        examples = ["subject_kind", "is_alone", *(name for name in names if name not in DEVICE)]
        numbered = self.engine.keep(numbered.select(*DEVICE, "like", *examples))
        units = numbered.group_by("unit").agg(nw.col("like").min(), nw.col("criticality").min())
        counts = numbered.group_by(*COUNTED).agg(n_devices=nw.len())
        likes = self._likes(numbered, ["subject_kind", "is_alone", *names])
        n_records = self.engine.collect(raw.frame.select(n=nw.len()))["n"][0].as_py()
        return Distilled(numbered.select(*DEVICE), likes, self.engine.collect(units), counts, n_records)

    def _formed(self, raw: Raw, problems: Problems) -> Frame:
        """Bring identifiers and instants into form: the engine what is plain, the readers of inventories the rest."""
        columns, rests = {name: nw.col(name) for name in raw.properties}, {}
        for name in raw.properties:
            if full(name) in QUICK:
                columns[name], rests[name + _REST] = split(full(name), nw.col(name))
        formed = self.engine.keep(raw.frame.select("locator", **columns, **rests))
        if rests:
            formed = self._rest_formed(formed, list(rests), problems)
        for name in TIMES:
            formed = self._with_instant(formed, name, raw, problems)
        return formed

    def _with_instant(self, formed: Frame, name: str, raw: Raw, problems: Problems) -> Frame:
        if name in raw.properties and name not in raw.instants:
            read = partial(self._read, name, problems)
            return told(self.engine, formed, nw.col(name), f"{name}_at", read)
        stated = nw.col(name) if name in raw.properties else nw.lit(None)
        return formed.with_columns(stated.cast(INSTANT).alias(f"{name}_at"))

    def _rest_formed(self, formed: Frame, rests: Sequence[str], problems: Problems) -> Frame:
        """Read what is left of identifiers cell by cell."""
        is_left = reduce(or_, (~nw.col(name).is_null() for name in rests))
        left = self.engine.collect(formed.filter(is_left).select("locator", *rests)).sort_by("locator")
        if not left.num_rows:
            return formed
        locators = left["locator"].combine_chunks()
        mended = {"locator": locators}
        for name in rests:
            values, *others = columns_of(
                full(name.removesuffix(_REST)), left[name].combine_chunks(), locators, problems
            )
            for other in others:
                wrong = f"cells with several values of {name.removesuffix(_REST)}: {len(other.rows):,}"
                problems.tell("several values", "", wrong, "the first is kept")
            mended[name + _REST] = values.values
        joined = formed.drop(*rests).join(self.engine.bind(pa.table(mended)), on="locator", how="left")
        read = {name.removesuffix(_REST): name + _REST for name in rests}
        return joined.with_columns(**{name: nw.coalesce(name, other) for name, other in read.items()})

    def _worded(self, records: Frame, raw: Raw, problems: Problems) -> Frame:
        """Bring words into the form that readers of inventories give them, by distinct word."""
        for name in raw.properties:
            if full(name) not in QUICK and name not in TIMES:
                records = mapped(self.engine, records, name, partial(self._read, name, problems))
        missing = [name for name in (*IDENTIFIERS, *OWN) if name not in raw.properties]
        return records.with_columns(**{name: nw.lit(None, dtype=nw.String) for name in missing})

    def _read(self, name: str, problems: Problems, words: pa.Array) -> pa.Array:
        """Give what the readers of inventories make of distinct words."""
        (column,) = columns_of(full(name), words, pa.array(range(1, len(words) + 1), pa.int64()), problems)
        return column.values

    def _named(self, records: Frame, properties: Sequence[str], evidence_id: str) -> Frame:
        """Name each device by its strongest identifier, as resolving does; a record that says nothing is left out."""
        made = nw.concat_str(nw.lit(f"{evidence_id[:12]}:"), nw.col("locator").cast(nw.String))
        has = {name: ~nw.col(name).is_null() for name in IDENTIFIERS}
        says_something = reduce(or_, (~nw.col(name).is_null() for name in properties if name not in TIMES))
        others = [
            ~nw.col(name).is_null() & (nw.col("subject_kind") != name)
            for name in properties
            if name not in TIMES
        ]
        kind = nw.lit(_MADE)
        for name in reversed(_SUBJECTS):
            kind = nw.when(has[name]).then(nw.lit(name)).otherwise(kind)
        is_random = has["mac"] & is_local(nw.col("mac"))
        nodes = [_node("mac", nw.when(~is_random).then(nw.col("mac")))]
        nodes += [_node(name, nw.col(name)) for name in ("imei", "serial", "asset")]
        nodes += [_node("local mac", nw.col("mac"))]
        nodes += [_node(name, nw.col(name)) for name in ("iccid", "hostname", "ip")]
        is_fixed = reduce(or_, (has[name] for name in ("imei", "serial", "asset", "iccid", "imsi")))
        named = records.filter(says_something).with_columns(
            node=nw.concat_str(nw.lit(_HEAD), nw.coalesce(*nodes, _node("asset", made))),
            subject_kind=kind,
            is_randomised=is_random & ~is_fixed,
        )
        named = named.with_columns(is_alone=~reduce(or_, others))
        is_made, is_bare = nw.col("subject_kind") == _MADE, nw.col("subject_kind").is_in(("mac", "ip"))
        own = {"asset": nw.when(is_made).then(made).otherwise(nw.col("asset"))}
        own["ip"] = nw.when(is_bare).then(nw.col("ip"))  # others state an address, but are not known by it
        return self.engine.with_digest(named.with_columns(**own), "node", "device_id")

    def _reduced(self, records: Frame, names: Sequence[str]) -> tuple[Frame, list[str]]:
        """Add what likes have alike besides words that findings read whole; gives the columns that make a like."""
        keys = [
            "subject_kind",
            *(one for one in names if full(one) in self._matched or full(one) not in UNREAD),
        ]
        has = {name: ~nw.col(name).is_null() for name in map(short, (*WORDS, *CARDS))}
        records = records.with_columns(**{f"has {name}": said for name, said in has.items()})
        added = [f"has {name}" for name in has]
        for name in map(short, PRODUCTS):
            if name in names:
                tell = partial(known, advised=self._advised)
                records = told(self.engine, records, nw.col(name), f"known {name}", tell)
                added.append(f"known {name}")
        is_known = reduce(
            or_, (~nw.col(name).is_null() for name in added if name.startswith("known")), nw.lit(False)
        )
        is_card = reduce(or_, (has[short(name)] for name in CARDS))
        records = records.with_columns(
            nw.when(is_known).then(nw.col(short(VERSION))).alias("known version"),
            nw.when(is_card).then(nw.col("last_seen_at").dt.truncate("1mo")).alias("card seen"),
        )
        for one in ASSIGNED:
            if short(one.property) in names:
                records = self._with_claim(records, one)
                added.append(f"assigned {one.kind}")
        return records, [*keys, *added, "known version", "card seen"]

    def _with_claim(self, records: Frame, one: Assigned) -> Frame:
        """Add what the beginning of an identifier claims; few link addresses are parted beyond their OUI."""
        value = nw.col(short(one.property))
        beginning = value.str.slice(0, one.length)
        if one.property == "mac":
            oui = value.str.slice(0, _OUI)
            parted = sorted(self._parted & set(distinct(self.engine, records, oui).to_pylist()))
            beginning = nw.when(oui.is_in(parted)).then(beginning).otherwise(oui) if parted else oui
        claim = partial(assigned, kind=one, knowledge=self.knowledge, weights=self.settings[one.weights])
        return told(self.engine, records, beginning, f"assigned {one.kind}", claim)

    def _likes(self, numbered: Frame, names: Sequence[str]) -> pa.Table:
        """Give one record of each like."""
        firsts = numbered.group_by("like").agg(nw.col("locator").min())
        said = numbered.select("locator", "last_seen_at", *names)
        return self.engine.collect(firsts.join(said, on="locator", how="inner"))


def read_whole(knowledge: Knowledge) -> set[str]:
    """Give the properties whose values fingerprints match."""
    return set(pc.unique(knowledge.table("fingerprints")["property"]).to_pylist())


def parted_ouis(knowledge: Knowledge) -> set[str]:
    """Give the OUIs that are assigned in parts (MA-M, MA-S), as link addresses begin."""
    prefixes = knowledge.table("prefixes")["prefix"]
    longer = prefixes.filter(pc.greater(pc.utf8_length(prefixes), 6))
    ouis = pc.unique(pc.utf8_lower(pc.utf8_slice_codeunits(longer, 0, 6))).to_pylist()
    return {":".join((oui[:2], oui[2:4], oui[4:])) for oui in ouis}


def _node(kind: str, value: nw.Expr) -> nw.Expr:
    """Give the node of an identifier, null where there is none."""
    lead = f"{RANKS.index(kind)}:{kind.removeprefix('local ')}:"
    return nw.when(~value.is_null()).then(nw.concat_str(nw.lit(lead), value))
