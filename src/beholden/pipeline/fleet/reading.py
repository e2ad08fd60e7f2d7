"""One partition as Arrow columns on this machine: words whole, by distinct value; identifiers piece by piece."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.base import ROWS
from beholden.ingest.formats import reader_of
from beholden.ingest.readers.inventory_parquet import text_of
from beholden.ingest.tabular.forms import trim
from beholden.ingest.tabular.headers import find_header, tell_columns
from beholden.ingest.tabular.problems import Problems
from beholden.pipeline.fleet.columns import Hive, places, said_by_folders, short
from beholden.pipeline.fleet.states import BITS

Piece = tuple[int, int, Mapping[str, pa.Array]]


@dataclass
class Local:
    """What a partition says: columns of text under short names.

    words: by distinct value. held: identifiers that had to be read whole. streamed: reads the others, piece by piece.
    locators: places of rows, None where they are counted from 1.
    """

    n_rows: int
    unit: str
    words: dict[str, pa.DictionaryArray] = field(default_factory=dict)
    held: dict[str, pa.Array] = field(default_factory=dict)
    streamed: Sequence[str] = ()
    stream: Callable[[], Iterator[Mapping[str, pa.Array]]] = lambda: iter(())
    locators: pa.Array | None = None

    @property
    def properties(self) -> list[str]:
        """Give the columns there are."""
        return [*self.words, *self.held, *self.streamed]

    def pieces(self) -> Iterator[Piece]:
        """Give identifiers of some rows after the other, with the first row and how many they are."""
        if not self.streamed:
            starts = range(0, self.n_rows, ROWS)
            yield from (self._piece(start, min(ROWS, self.n_rows - start), {}) for start in starts)
            return
        start = 0
        for cells in self.stream():
            n = len(next(iter(cells.values())))
            yield self._piece(start, n, cells)
            start += n

    def _piece(self, start: int, n: int, cells: Mapping[str, pa.Array]) -> Piece:
        return start, n, {**cells, **{name: column.slice(start, n) for name, column in self.held.items()}}

    def add(self, name: str, column: pa.Array) -> None:
        """Put a whole column of text."""
        is_coded = pa.types.is_dictionary(column.type)
        if name in BITS:
            self.held[name] = column.dictionary_decode() if is_coded else column
        else:
            self.words[name] = column if is_coded else column.dictionary_encode()


def read_here(
    path: Path, kind: str, hive: Hive, mapping: Mapping[str, str] | None, problems: Problems
) -> Local | None:
    """Read a partition; None where nothing of it is known. hive: names and values of the folders it lies in."""
    found = _of_parquet(path, mapping, problems) if kind == "parquet" else None
    found = found or _of_sheets(path, kind, mapping, problems)
    if found is not None:
        for name, value in said_by_folders(hive, mapping).items():
            if name not in found.properties:
                codes = pa.array(np.zeros(found.n_rows, np.int32))
                found.add(name, pa.DictionaryArray.from_arrays(codes, pa.array([value])))
    return found


def _of_parquet(path: Path, mapping: Mapping[str, str] | None, problems: Problems) -> Local | None:
    """Read a file of plain columns; None for one with lists, bytes or anything nested, or a name twice."""
    schema = pq.read_schema(path)
    header = find_header([schema.names], mapping)
    if header is None or len(set(schema.names)) < len(schema.names):
        return None
    if not all(_is_plain(schema.field(at).type) for at in header.properties):
        return None
    tell_columns(header, problems, "")
    columns = {name: [schema.field(at) for at in some] for name, some in places(header).items()}
    is_streamed = {
        name: name in BITS and all(_is_text(one.type) for one in some) for name, some in columns.items()
    }
    streamed = {name: [one.name for one in columns[name]] for name in columns if is_streamed[name]}
    whole = {name: columns[name] for name in columns if not is_streamed[name]}
    texts = [one.name for some in whole.values() for one in some if _is_text(one.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        table = file.read(columns=[one.name for some in whole.values() for one in some])
        found = Local(file.metadata.num_rows, "row", streamed=list(streamed))
    for name, some in whole.items():
        read = [_words(table[one.name], one.name, problems) for one in some]
        told = [one for one in read if one is not None]
        if told:
            found.add(name, told[0] if len(told) == 1 else _coalesced(told))
    found.stream = lambda: _streamed(path, streamed)
    return found


def _words(column: pa.ChunkedArray, name: str, problems: Problems) -> pa.DictionaryArray | None:
    """Give a column by its distinct values as text; None for bytes that are no text."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    coded = coded.unify_dictionaries().combine_chunks()
    try:
        coded.dictionary.validate(full=True)
    except pa.ArrowInvalid:
        problems.tell("damaged", "", f"column '{name}' holds bytes that are no text", "left out")
        return None
    indices = coded.indices.cast(pa.int32())
    return pa.DictionaryArray.from_arrays(indices, text_of(coded.dictionary))


def _streamed(path: Path, columns: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, pa.Array]]:
    with pq.ParquetFile(path) as file:
        names = [one for some in columns.values() for one in some]
        for batch in file.iter_batches(batch_size=ROWS, columns=names):
            cells = {
                name: [batch.column(one).cast(pa.string()) for one in some] for name, some in columns.items()
            }
            yield {name: _coalesced(some) for name, some in cells.items()}


def _coalesced(columns: Sequence[pa.Array]) -> pa.Array:
    """Give the first cell of each row that says something."""
    plain = [
        one.dictionary_decode() if pa.types.is_dictionary(one.type) else one.cast(pa.string())
        for one in columns
    ]
    return pc.coalesce(*(trim(one).text for one in plain)) if len(plain) > 1 else plain[0]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: pa.DataType) -> bool:
    others = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date)
    more = (pa.types.is_timestamp, pa.types.is_null)
    is_coded = pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)
    return _is_text(kind) or is_coded or any(is_one(kind) for is_one in (*others, *more))


def _of_sheets(path: Path, kind: str, mapping: Mapping[str, str] | None, problems: Problems) -> Local | None:
    """Read a file as inventories are read."""
    sheets = [sheet for sheet in reader_of(kind).sheets(path, problems, mapping) if len(sheet.locators)]
    if not sheets:
        return None
    names = list(dict.fromkeys(short(name) for sheet in sheets for name, _ in sheet.columns))
    locators = pa.concat_arrays([sheet.locators.cast(pa.int64()) for sheet in sheets])
    found = Local(len(locators), sheets[0].unit, locators=locators)
    for name in names:
        parts = []
        for sheet in sheets:
            told = [column for one, column in sheet.columns if short(one) == name]
            parts.append(_coalesced(told) if told else pa.nulls(len(sheet.locators), pa.string()))
        found.add(name, pa.concat_arrays(parts))
    return found
