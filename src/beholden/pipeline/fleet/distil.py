"""Distil one partition: each record becomes a device, and records that say the same become one like.

What a scan does in memory with inventories (`identify.condense`), as expressions that an engine computes: devices never
come into Python, only distinct words, beginnings of identifiers, and cells that are not plainly canonical.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import FleetEngine, Frame
from beholden.engine.parted import IS_LEFT, MENDED
from beholden.identify.advised import Advised
from beholden.identify.condense import CARDS, PRODUCTS, UNREAD, VERSION, WORDS, assigned, known
from beholden.identify.modules import ASSIGNED
from beholden.identify.resolve import RANKS
from beholden.ingest.inventory import columns_of
from beholden.ingest.tabular.headers import TIMES
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.knowledge.support import NAMES_A_DAY
from beholden.model.addresses import LOCAL_MAC_DIGITS
from beholden.pipeline.fleet.columns import INSTANT, Hive, Raw, full, read, short
from beholden.pipeline.fleet.forms import QUICK, split
from beholden.pipeline.fleet.words import Telling, distinct

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
DEVICES, COUNTS = "devices", "counts"
"""Names of the files of a partition: a row for each device, and COUNTED with n_devices."""
_NOT_SAID = {"device_id", "unit", "like", "is_randomised", "first_seen_at", IS_LEFT}
"""Columns of which an example says nothing."""
_KNOWN = "known "
_KEYS = ("known version", "card seen", *(f"has {short(name)}" for name in (*WORDS, *CARDS)))
"""What likes have alike besides words that are read whole and what is claimed."""
_LOCAL = f"^.[{''.join(LOCAL_MAC_DIGITS)}]"
_OUI = len("00:00:00")


@dataclass(frozen=True)
class Read:
    """A column's distinct words, and what readers of inventories make of them."""

    name: str
    words: pa.Array
    read: pa.Array


@dataclass(frozen=True)
class Distilled:
    """What a partition comes to besides its devices, which are written.

    likes: like, the locator of one of its records, and what that says. units: the like and criticality of each unit.
    """

    likes: pa.Table
    units: pa.Table
    n_records: int
    n_devices: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


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

    def read(
        self, path: Path, kind: str, hive: Hive, mapping: Mapping[str, str] | None, problems: Problems
    ) -> Raw | None:
        """Read a partition; None where nothing of it is known."""
        return read(self.engine, path, kind, hive, mapping, problems)

    def distil(self, raw: Raw, evidence_id: str, folder: Path, problems: Problems) -> Distilled:
        """Write the devices of a partition into a folder, and give what it comes to besides."""
        problems.unit = raw.unit
        words = [self._read(raw, name, problems) for name in raw.properties if self._is_word(raw, name)]
        numbered = self._numbered(self._plain(raw), self._begun(raw), raw, words, evidence_id)
        paths = [folder / f"{DEVICES}.parquet", folder / f"{DEVICES}{MENDED}.parquet"]
        self.engine.write(numbered, paths[0])
        left = self.engine.collect(self.engine.scan(paths[:1]).filter(nw.col(IS_LEFT)).select("locator"))
        if left.num_rows:
            mended = self.engine.bind(self._mended(raw, left, problems))
            self.engine.write(self._numbered(mended, mended, raw, words, evidence_id), paths[1])
        written = self.engine.scan(paths if left.num_rows else paths[:1]).filter(~nw.col(IS_LEFT))
        self.engine.write(written.group_by(*COUNTED).agg(n_devices=nw.len()), folder / f"{COUNTS}.parquet")
        units = written.group_by("unit").agg(nw.col("like").min(), nw.col("criticality").min())
        return Distilled(self._likes(written), self.engine.collect(units), *self._span(raw, written))

    def _span(self, raw: Raw, written: Frame) -> tuple[int, int, datetime | None, datetime | None]:
        """Give how many records and devices there are, and when the first and the last was seen."""
        n_records = self.engine.collect(raw.frame.select(n=nw.len()))["n"][0].as_py()
        names = {"first_seen_at": nw.min_horizontal, "last_seen_at": nw.max_horizontal}
        seen = {name: of("first_seen_at", "last_seen_at") for name, of in names.items()}
        span = written.select(**seen).select(
            nw.len().alias("n"), nw.col("first_seen_at").min(), nw.col("last_seen_at").max()
        )
        row = self.engine.collect(span).to_pylist()[0]
        return n_records, row["n"], row["first_seen_at"], row["last_seen_at"]

    @staticmethod
    def _is_word(raw: Raw, name: str) -> bool:
        return full(name) not in QUICK and name not in raw.instants

    def _read(self, raw: Raw, name: str, problems: Problems) -> Read:
        """Give what the readers of inventories make of the distinct words of a column."""
        words = distinct(self.engine, raw.frame, nw.col(name))
        (column,) = columns_of(full(name), words, pa.array(range(1, len(words) + 1), pa.int64()), problems)
        return Read(name, words, column.values)

    @staticmethod
    def _begun(raw: Raw) -> Frame:
        """Give the records with identifiers as they begin, whether they are canonical or not."""
        kinds = [short(kind.property) for kind in ASSIGNED if short(kind.property) in raw.properties]
        begun = {name: QUICK[full(name)].prepare(nw.col(name)) for name in kinds}
        return raw.frame.select("locator", **begun)

    @staticmethod
    def _plain(raw: Raw) -> Frame:
        """Bring plain identifiers into form, and mark the records with others."""
        names = [name for name in raw.properties if full(name) in QUICK]
        passes = {f"{name}?": QUICK[full(name)].passes(nw.col(name)) for name in names}
        parted = {name: split(full(name), nw.col(name), nw.col(f"{name}?")) for name in names}
        ready = {name: plain for name, (plain, _) in parted.items()}
        left = reduce(or_, (~rest.is_null() for _, rest in parted.values()), nw.lit(False))
        others = [name for name in raw.properties if name not in names]
        told = raw.frame.with_columns(**passes) if passes else raw.frame
        return told.select("locator", *others, left.alias(IS_LEFT), **ready)

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
        return rows.append_column(IS_LEFT, pa.repeat(pa.scalar(value=False), rows.num_rows))

    def _numbered(
        self, records: Frame, begun: Frame, raw: Raw, words: Sequence[Read], evidence_id: str
    ) -> Frame:
        """Give DEVICE and what examples are made of. begun: identifiers of these records, at least as they begin."""
        names = [name for name in raw.properties if name not in TIMES]
        telling = Telling(self.engine)
        keys = [*self._worded(telling, words), *self._claimed(telling, begun, names)]
        records = telling.over(records.with_columns(**self._missing(raw)))
        records = self._named(records, names, evidence_id)
        keys += [one for one in names if full(one) in self._matched or full(one) not in UNREAD]
        numbered = ["subject_kind", "is_alone", *_KEYS, *keys]
        records = self.engine.with_number(
            self.engine.with_digest(records, "node", "device_id"), numbered, "like"
        )
        records = self.engine.with_number(records, ["like", "criticality"], "unit")
        examples = [name for name in names if name not in DEVICE]
        return records.select(*DEVICE, "like", IS_LEFT, "subject_kind", "is_alone", *examples)

    def _worded(self, telling: Telling, words: Sequence[Read]) -> Iterator[str]:
        """Tell how words and instants are read, and the products that advisories know; gives names of the latter."""
        for one in words:
            if one.name in TIMES:
                telling.tell(f"{one.name}_at", nw.col(one.name), one.words, one.read)
            else:
                telling.put(one.name, one.words, one.read)
            if full(one.name) in PRODUCTS:
                telling.tell(
                    f"{_KNOWN}{one.name}", nw.col(one.name), one.words, known(one.read, self._advised)
                )
                yield f"{_KNOWN}{one.name}"

    def _claimed(self, telling: Telling, begun: Frame, names: Sequence[str]) -> Iterator[str]:
        """Tell what the beginnings of identifiers claim; few link addresses are parted beyond their OUI."""
        for kind in ASSIGNED:
            if short(kind.property) not in names:
                continue
            value = nw.col(short(kind.property))
            beginning = value.str.slice(0, kind.length)
            if kind.property == "mac":
                oui = value.str.slice(0, _OUI)
                parted = sorted(self._parted & set(distinct(self.engine, begun, oui).to_pylist()))
                beginning = nw.when(oui.is_in(parted)).then(beginning).otherwise(oui) if parted else oui
            beginnings = distinct(self.engine, begun, beginning)
            said = assigned(beginnings, kind, self.knowledge, self.settings[kind.weights])
            telling.tell(f"assigned {kind.kind}", beginning, beginnings, said)
            yield f"assigned {kind.kind}"

    @staticmethod
    def _missing(raw: Raw) -> dict[str, nw.Expr]:
        """Give columns that a partition has not, and instants that it states as such."""
        absent = [name for name in (*IDENTIFIERS, *OWN) if name not in raw.properties]
        absent += [f"{_KNOWN}{short(name)}" for name in PRODUCTS]
        instants = {
            f"{name}_at": (nw.col(name) if name in raw.instants else nw.lit(None)).cast(INSTANT)
            for name in TIMES
            if name in raw.instants or name not in raw.properties
        }
        return {**{name: nw.lit(None, dtype=nw.String) for name in absent}, **instants}

    @staticmethod
    def _named(records: Frame, names: Sequence[str], evidence_id: str) -> Frame:
        """Name each device by its strongest identifier, as resolving does; a record that says nothing is left out."""
        has = {name: ~nw.col(name).is_null() for name in dict.fromkeys((*IDENTIFIERS, *OWN, *names))}
        kind = nw.lit(_MADE)
        for name in reversed(_SUBJECTS):
            kind = nw.when(has[name]).then(nw.lit(name)).otherwise(kind)
        is_known = reduce(or_, (~nw.col(f"{_KNOWN}{short(name)}").is_null() for name in PRODUCTS))
        is_card = reduce(or_, (has[short(name)] for name in CARDS))
        version = nw.col(short(VERSION))
        records = records.filter(reduce(or_, (has[name] for name in names), nw.col(IS_LEFT))).with_columns(
            nw.when(is_known | version.str.contains(NAMES_A_DAY)).then(version).alias(_KEYS[0]),
            nw.when(is_card).then(nw.col("last_seen_at").dt.truncate("1mo")).alias(_KEYS[1]),
            *(has[short(name)].alias(f"has {short(name)}") for name in (*WORDS, *CARDS)),
            subject_kind=kind,
            is_random=nw.when(has["mac"]).then(nw.col("mac").str.contains(_LOCAL)).fill_null(value=False),
            made=nw.concat_str(nw.lit(f"{evidence_id[:12]}:"), nw.col("locator").cast(nw.String)),
        )
        is_fixed = reduce(or_, (has[name] for name in ("imei", "serial", "asset", "iccid", "imsi")))
        is_made, is_bare = nw.col("subject_kind") == _MADE, nw.col("subject_kind").is_in(("mac", "ip"))
        own = {"asset": nw.when(is_made).then(nw.col("made")).otherwise(nw.col("asset"))}
        own["ip"] = nw.when(is_bare).then(nw.col("ip"))  # others state an address, but are not known by it
        others = (has[name] & (nw.col("subject_kind") != name) for name in names)
        return records.with_columns(
            node=_node(),
            is_randomised=nw.col("is_random") & ~is_fixed,
            is_alone=~reduce(or_, others),
            **own,
        )

    def _likes(self, written: Frame) -> pa.Table:
        """Give one record of each like."""
        firsts = written.group_by("like").agg(nw.col("locator").min())
        names = [name for name in written.collect_schema().names() if name not in _NOT_SAID]
        return self.engine.collect(firsts.join(written.select(*names), on="locator", how="inner"))


def read_whole(knowledge: Knowledge) -> set[str]:
    """Give the properties whose values fingerprints match."""
    return set(pc.unique(knowledge.table("fingerprints")["property"]).to_pylist())


def parted_ouis(knowledge: Knowledge) -> set[str]:
    """Give the OUIs that are assigned in parts (MA-M, MA-S), as link addresses begin."""
    prefixes = knowledge.table("prefixes")["prefix"]
    longer = prefixes.filter(pc.greater(pc.utf8_length(prefixes), 6))
    ouis = pc.unique(pc.utf8_lower(pc.utf8_slice_codeunits(longer, 0, 6))).to_pylist()
    return {":".join((oui[:2], oui[2:4], oui[4:])) for oui in ouis}


def _node() -> nw.Expr:
    """Give the node of a record: its strongest identifier, behind rank and kind."""
    is_fixed = ~nw.col("mac").is_null() & ~nw.col("is_random")
    strong = [("mac", is_fixed), *((name, ~nw.col(name).is_null()) for name in ("imei", "serial", "asset"))]
    weak = [(name, ~nw.col(name).is_null()) for name in ("iccid", "hostname", "ip")]
    node = _led("asset", "made")
    for kind, is_named in reversed([*strong, ("local mac", nw.col("is_random")), *weak]):
        node = nw.when(is_named).then(_led(kind, kind.removeprefix("local "))).otherwise(node)
    return node


def _led(kind: str, name: str) -> nw.Expr:
    lead = f"{_HEAD}{RANKS.index(kind)}:{kind.removeprefix('local ')}:"
    return nw.concat_str(nw.lit(lead), nw.col(name))
