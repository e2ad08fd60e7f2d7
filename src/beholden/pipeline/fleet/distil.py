"""Distil one partition: each record becomes a device, and records that say the same become one like.

What a scan does in memory with inventories (`identify.condense`), as expressions that an engine computes: devices never
come into Python, only distinct words, beginnings of identifiers, and cells that are not plainly canonical.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
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
from beholden.pipeline.fleet.forms import QUICK
from beholden.pipeline.fleet.words import distinct, put, told

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
_IS_LEFT = "is_left"
_NOT_SAID = {"device_id", "unit", "like", "is_randomised", "first_seen_at", _IS_LEFT}
"""Columns of which an example says nothing."""
_OUI = len("00:00:00")


@dataclass(frozen=True)
class Read:
    """A column's distinct words, and what readers of inventories make of them."""

    name: str
    words: pa.Array
    read: pa.Array


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
        words = [self._read(raw, name, problems) for name in raw.properties if self._is_word(raw, name)]
        plain = self._plain(raw)
        base = raw.frame.with_columns(
            **{n: QUICK[n].prepare(nw.col(n)) for n in ("mac",) if n in raw.properties}
        )
        numbered = self.engine.keep(self._numbered(plain, base, raw, words, evidence_id))
        left = self.engine.collect(numbered.filter(nw.col(_IS_LEFT)).select("locator"))
        if left.num_rows:
            mended = self.engine.bind(self._mended(raw, left, problems))
            others = self.engine.keep(self._numbered(mended, mended, raw, words, evidence_id))
            numbered = self.engine.union([numbered.filter(~nw.col(_IS_LEFT)), others])
        units = numbered.group_by("unit").agg(nw.col("like").min(), nw.col("criticality").min())
        counts = numbered.group_by(*COUNTED).agg(n_devices=nw.len())
        n_records = self.engine.collect(raw.frame.select(n=nw.len()))["n"][0].as_py()
        devices = numbered.select(*DEVICE)
        return Distilled(devices, self._likes(numbered), self.engine.collect(units), counts, n_records)

    @staticmethod
    def _is_word(raw: Raw, name: str) -> bool:
        return full(name) not in QUICK and name not in raw.instants

    def _read(self, raw: Raw, name: str, problems: Problems) -> Read:
        """Give what the readers of inventories make of the distinct words of a column."""
        words = distinct(self.engine, raw.frame, nw.col(name))
        (column,) = columns_of(full(name), words, pa.array(range(1, len(words) + 1), pa.int64()), problems)
        return Read(name, words, column.values)

    @staticmethod
    def _plain(raw: Raw) -> Frame:
        """Bring plain identifiers into form, and mark the records with others."""
        names = [name for name in raw.properties if full(name) in QUICK]
        passes = {f"{name}?": QUICK[full(name)].passes(nw.col(name)) for name in names}
        ready = {name: QUICK[full(name)].prepare(nw.col(name)) for name in names}
        ready = {name: nw.when(nw.col(f"{name}?")).then(value) for name, value in ready.items()}
        is_left = (~nw.col(f"{name}?") & (nw.col(name) != "") for name in names)
        marked = raw.frame.with_columns(**passes)
        marked = marked.with_columns(
            reduce(or_, is_left, nw.lit(False)).fill_null(value=False).alias(_IS_LEFT)
        )
        return marked.with_columns(**ready).drop(*passes)

    def _mended(self, raw: Raw, left: pa.Table, problems: Problems) -> pa.Table:
        """Read identifiers that are not plain cell by cell, as readers of inventories do."""
        rows = self.engine.collect(raw.frame.join(self.engine.bind(left), on="locator", how="inner"))
        rows = rows.sort_by("locator").combine_chunks()
        for name in raw.properties:
            if full(name) in QUICK:
                cells, locators = (rows[one].combine_chunks() for one in (name, "locator"))
                column, *others = columns_of(full(name), cells, locators, problems)
                for other in others:
                    wrong = f"cells with several values of {name}: {len(other.rows):,}"
                    problems.tell("several values", "", wrong, "the first is kept")
                rows = rows.set_column(rows.column_names.index(name), name, column.values)
        return rows.append_column(_IS_LEFT, pa.repeat(pa.scalar(value=False), rows.num_rows))

    def _numbered(
        self, records: Frame, base: Frame, raw: Raw, words: Sequence[Read], evidence_id: str
    ) -> Frame:
        """Give DEVICE, like, what examples are made of, and whether identifiers are left to be read.

        base: the same records with link addresses in form, from which distinct beginnings are taken.
        """
        names = [name for name in raw.properties if name not in TIMES]
        records = self._worded(records, raw, words)
        records, keys = self._reduced(records, base, names, words)
        records = self._named(records, names, evidence_id)
        records = self.engine.with_number(records, ["subject_kind", "is_alone", *keys], "like")
        records = self.engine.with_number(records, ["like", "criticality"], "unit")
        examples = ["subject_kind", "is_alone", *(name for name in names if name not in DEVICE)]
        return records.select(*DEVICE, "like", _IS_LEFT, *examples)

    def _worded(self, records: Frame, raw: Raw, words: Sequence[Read]) -> Frame:
        """Put words and instants as they are read, and nulls where a partition has no such column."""
        for one in words:
            if one.name in TIMES:
                records = told(self.engine, records, nw.col(one.name), f"{one.name}_at", one.words, one.read)
            else:
                records = put(self.engine, records, one.name, one.words, one.read)
        missing = [name for name in (*IDENTIFIERS, *OWN) if name not in raw.properties]
        instants = {
            f"{name}_at": (nw.col(name) if name in raw.instants else nw.lit(None)).cast(INSTANT)
            for name in TIMES
            if name in raw.instants or name not in raw.properties
        }
        return records.with_columns(**{name: nw.lit(None, dtype=nw.String) for name in missing}, **instants)

    def _named(self, records: Frame, properties: Sequence[str], evidence_id: str) -> Frame:
        """Name each device by its strongest identifier, as resolving does; a record that says nothing is left out."""
        made = nw.concat_str(nw.lit(f"{evidence_id[:12]}:"), nw.col("locator").cast(nw.String))
        has = {name: ~nw.col(name).is_null() for name in IDENTIFIERS}
        says_something = reduce(or_, (~nw.col(name).is_null() for name in properties), nw.col(_IS_LEFT))
        others = (~nw.col(name).is_null() & (nw.col("subject_kind") != name) for name in properties)
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

    def _reduced(
        self, records: Frame, base: Frame, names: Sequence[str], words: Sequence[Read]
    ) -> tuple[Frame, list[str]]:
        """Add what likes have alike besides words that are read whole; gives the columns that make a like."""
        whole = [one for one in names if full(one) in self._matched or full(one) not in UNREAD]
        has = {name: ~nw.col(name).is_null() for name in map(short, (*WORDS, *CARDS))}
        records = records.with_columns(**{f"has {name}": said for name, said in has.items()})
        keys = [*whole, *(f"has {name}" for name in has)]
        for one in words:
            if full(one.name) in PRODUCTS:
                said = known(one.read, self._advised)
                records = told(self.engine, records, nw.col(one.name), f"known {one.name}", one.read, said)
                keys.append(f"known {one.name}")
        is_known = [~nw.col(name).is_null() for name in keys if name.startswith("known ")]
        is_card = reduce(or_, (has[short(name)] for name in CARDS))
        records = records.with_columns(
            nw.when(reduce(or_, is_known, nw.lit(False))).then(nw.col(short(VERSION))).alias("known version"),
            nw.when(is_card).then(nw.col("last_seen_at").dt.truncate("1mo")).alias("card seen"),
        )
        for kind in ASSIGNED:
            if short(kind.property) in names:
                records = self._with_claim(records, base, kind)
                keys.append(f"assigned {kind.kind}")
        return records, [*keys, "known version", "card seen"]

    def _with_claim(self, records: Frame, base: Frame, kind: Assigned) -> Frame:
        """Add what the beginning of an identifier claims; few link addresses are parted beyond their OUI."""
        value = nw.col(short(kind.property))
        beginning = value.str.slice(0, kind.length)
        if kind.property == "mac":
            oui = value.str.slice(0, _OUI)
            parted = sorted(self._parted & set(distinct(self.engine, base, oui).to_pylist()))
            beginning = nw.when(oui.is_in(parted)).then(beginning).otherwise(oui) if parted else oui
        beginnings = distinct(self.engine, base, beginning)
        said = assigned(beginnings, kind, self.knowledge, self.settings[kind.weights])
        return told(self.engine, records, beginning, f"assigned {kind.kind}", beginnings, said)

    def _likes(self, numbered: Frame) -> pa.Table:
        """Give one record of each like."""
        firsts = numbered.group_by("like").agg(nw.col("locator").min())
        names = numbered.collect_schema().names()
        said = numbered.select(*(name for name in names if name not in _NOT_SAID))
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
