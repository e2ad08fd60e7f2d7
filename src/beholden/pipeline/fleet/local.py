"""Distil one partition on this machine: the same as `distil`, over Arrow's buffers in the stead of expressions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.parted import IS_LEFT
from beholden.identify.advised import Advised
from beholden.ingest.tabular.headers import TIMES
from beholden.ingest.tabular.instants import MICROSECONDS
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.pipeline.fleet import kernels
from beholden.pipeline.fleet.claimed import Claims
from beholden.pipeline.fleet.columns import Hive, full
from beholden.pipeline.fleet.distil import (
    COUNTS,
    DEVICE,
    DEVICES,
    IDENTIFIERS,
    OWN,
    Distilled,
    parted_ouis,
    read_whole,
)
from beholden.pipeline.fleet.formed import device_ids, formed, only
from beholden.pipeline.fleet.gathered import Gathered, Rows
from beholden.pipeline.fleet.kernels import layout as at
from beholden.pipeline.fleet.kernels.layout import Numbers, Words
from beholden.pipeline.fleet.reading import Local, read_here
from beholden.pipeline.fleet.states import IS_ALONE, IS_RANDOM, KEEPS_IP, KINDS, MADE, SAID, SAYS, SUBJECT_OF
from beholden.pipeline.fleet.worded import UNMARKED, Key, card_keys, keys, numbers, words

NOWHERE: npt.NDArray[np.int64] = np.empty(0, np.int64)
_FEW = 1 << 15
"""Values of a column up to which it is written by number."""
_POSITIVE = (1 << 63) - 1
_MADE = KINDS.index(MADE).as_py()
_KINDS = {"unit": pa.int64(), "locator": pa.int64(), "is_randomised": pa.bool_(), IS_LEFT: pa.bool_()}


class LocalDistiller:
    """Distils partitions by the same knowledge; several may be distilled side by side."""

    def __init__(self, knowledge: Knowledge, settings: Mapping[str, Any]) -> None:
        """Read what holds for all partitions."""
        self.advised = Advised(knowledge)
        self.matched = read_whole(knowledge)
        self.claims = Claims(knowledge, settings, parted_ouis(knowledge))

    @staticmethod
    def read(
        path: Path, kind: str, hive: Hive, mapping: Mapping[str, str] | None, problems: Problems
    ) -> Local | None:
        """Read a partition; None where nothing of it is known."""
        return read_here(path, kind, hive, mapping, problems)

    def distil(self, raw: Local, evidence_id: str, folder: Path, problems: Problems) -> Distilled:
        """Write the devices of a partition into a folder, and give what it comes to besides."""
        problems.unit = raw.unit
        return _Partition(self, raw, evidence_id, problems).run(folder)


@dataclass(frozen=True)
class _Piece:
    """Some rows in form, without those that say nothing. at: their places in the partition."""

    at: Rows
    locators: pa.Array
    states: Words
    likes: Numbers
    identifiers: Mapping[str, pa.Array]
    device_ids: pa.Array


class _Partition:
    """One partition on its way."""

    def __init__(self, distiller: LocalDistiller, raw: Local, evidence_id: str, problems: Problems) -> None:
        self._distiller, self._raw = distiller, raw
        self._evidence_id, self._problems = evidence_id, problems
        self._words = words(raw, problems)
        self._keys = list(keys(self._words, distiller.matched, distiller.advised))
        self._cards = card_keys(self._words)
        self._scratch = at.scratch()

    def run(self, folder: Path) -> Distilled:
        """Write devices and counts, and give the rest."""
        gathered = Gathered(self._words, self._raw.n_rows, TIMES)
        likes: list[pa.Table] = []
        schema = self._schema()
        with _writer(folder / f"{DEVICES}.parquet", schema) as writer:
            for start, n, cells in self._raw.pieces():
                piece = self._formed(start, n, cells)
                units, firsts = gathered.add(piece.at, piece.likes)
                likes.append(self._example(piece, firsts))
                writer.write_table(self._devices(piece, units, schema))
        pq.write_table(gathered.counts(), folder / f"{COUNTS}.parquet", store_schema=False)
        if not likes:
            likes.append(self._example(self._formed(0, 0, {}), NOWHERE))
        return Distilled(
            pa.concat_tables(likes),
            gathered.units(),
            self._raw.n_rows,
            gathered.n_rows,
            *gathered.span(),
        )

    def _schema(self) -> pa.Schema:
        coded = pa.dictionary(pa.int32(), pa.string())
        few = [name for name in OWN if name in self._words and len(self._words[name].values) <= _FEW]
        kinds = _KINDS | {f"{name}_at": MICROSECONDS for name in TIMES} | dict.fromkeys(few, coded)
        return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in (*DEVICE, IS_LEFT)])

    def _formed(self, start: int, n: int, cells: Mapping[str, pa.Array]) -> _Piece:
        """Bring identifiers into form, and sum up what rows say."""
        states, likes = np.zeros(n, np.int32), np.zeros(n, np.int64)
        for key in self._keys:
            key.add(start, n, states, likes)
        locators = self._locators(start, n)
        columns = {
            name: formed(name, column, states, locators, self._problems) for name, column in cells.items()
        }
        self._distiller.claims.add(columns, states, likes)
        values = {name: column.values for name, column in columns.items()}
        for key in (*self._cards, *self._matched(values)):
            key.add(start, n, states, likes)
        states &= at.WIDTH - 1
        kernels.add(states, SAID, UNMARKED, 0, states, likes)
        is_said = (states & SAYS) != 0
        rows: Rows = slice(start, start + n)
        if not is_said.all():
            kept = np.flatnonzero(is_said)
            rows, states, likes = kept + start, states[kept], likes[kept]
            locators, *others = (one.take(pa.array(kept)) for one in (locators, *values.values()))
            values = dict(zip(values, others, strict=True))
        made = self._made(states, locators)
        return _Piece(
            rows,
            locators,
            states,
            likes,
            _own(values, states, made),
            device_ids(states, values, made, self._scratch),
        )

    def _locators(self, start: int, n: int) -> pa.Array:
        known = self._raw.locators
        return known.slice(start, n) if known is not None else pa.array(np.arange(start + 1, start + n + 1))

    def _matched(self, values: Mapping[str, pa.Array]) -> Iterator[Key]:
        """Give what identifiers add to likes that fingerprints read whole."""
        for name, column in values.items():
            if full(name) in self._distiller.matched:
                coded = column.dictionary_encode()
                codes = coded.indices.fill_null(-1).to_numpy()
                yield Key(codes, numbers(name, coded.dictionary), UNMARKED)

    def _made(self, states: Words, locators: pa.Array) -> pa.Array | None:
        """Give names by place, where a row has no identifier."""
        if not (SUBJECT_OF[states] == _MADE).any():
            return None
        return pc.binary_join_element_wise(self._evidence_id[:12], locators.cast(pa.string()), ":")

    def _devices(self, piece: _Piece, units: Numbers, schema: pa.Schema) -> pa.Table:
        n = len(piece.states)
        columns: dict[str, Any] = {
            "device_id": piece.device_ids,
            "unit": units,
            "locator": piece.locators,
            "is_randomised": IS_RANDOM[piece.states],
            **piece.identifiers,
            IS_LEFT: np.zeros(n, bool),
        }
        for name in (*OWN, *TIMES):
            if name in self._words:
                column = self._words[name].rows(piece.at)
                named = name if name in OWN else f"{name}_at"
                is_coded = pa.types.is_dictionary(schema.field(named).type)
                columns[named] = column if is_coded else column.dictionary_decode()
        missing = (pa.nulls(n, kind) for kind in schema.types)
        filled = {name: columns.get(name, none) for name, none in zip(schema.names, missing, strict=True)}
        return pa.table(filled, schema=schema)

    def _example(self, piece: _Piece, rows: npt.NDArray[np.int64]) -> pa.Table:
        """Give what some rows of a piece say."""
        at_rows = (
            np.arange(piece.at.start, piece.at.stop)[rows] if isinstance(piece.at, slice) else piece.at[rows]
        )
        states, places = piece.states[rows], pa.array(rows)
        said = {
            f"{name}_at" if name in TIMES else name: one.rows(at_rows).dictionary_decode()
            for name, one in self._words.items()
            if name != TIMES[0]
        }
        nothing = pa.nulls(len(rows), pa.string())
        known = {
            name: piece.identifiers[name].take(places) for name in IDENTIFIERS if name in piece.identifiers
        }
        return pa.table(
            {
                **dict.fromkeys((*IDENTIFIERS, *OWN), nothing),
                "last_seen_at": pa.nulls(len(rows), MICROSECONDS),
                **known,
                **said,
                "locator": piece.locators.take(places),
                "like": piece.likes[rows] & _POSITIVE,
                "subject_kind": KINDS.take(pa.array(SUBJECT_OF[states])),
                "is_alone": IS_ALONE[states],
            }
        )


def _own(values: Mapping[str, pa.Array], states: Words, made: pa.Array | None) -> dict[str, pa.Array]:
    """Give identifiers as devices have them: one that is made for who has none, and no address that is only stated."""
    own = dict(values)
    if "ip" in own:
        own["ip"] = only(own["ip"], KEEPS_IP[states])
    if made is not None:
        is_made = pa.array(SUBJECT_OF[states] == _MADE)
        own["asset"] = pc.if_else(is_made, made, own.get("asset", pa.scalar(None, pa.string())))
    return own


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression={name: "none" if name == "device_id" else "lz4" for name in schema.names},
        use_dictionary=["unit", *coded, *(f"{name}_at" for name in TIMES)],
        column_encoding={"locator": "DELTA_BINARY_PACKED"},
        write_statistics=False,
        store_schema=False,
    )
