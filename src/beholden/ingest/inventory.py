"""One inventory: columns of text put into observations, one subject a row."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import coded_schema
from beholden.ingest.tabular.forms import FORMS, canonicalise, tell_overlong, trim
from beholden.ingest.tabular.headers import TIMES
from beholden.ingest.tabular.instants import MICROSECONDS, instants
from beholden.ingest.tabular.problems import Later, Problems
from beholden.ingest.tabular.stated import STATED, state
from beholden.model.identifiers import PLACEHOLDERS
from beholden.model.tables import OBSERVATIONS

_SUBJECTS = (
    ("mac", "mac"),
    ("imei", "inventory.imei"),
    ("serial", "inventory.serial"),
    ("iccid", "inventory.iccid"),
    ("asset", "inventory.asset"),
    ("hostname", "inventory.hostname"),
    ("ip", "ip"),
)
"""Kinds of subject, strongest first, and the property that states them."""
SCHEMA = coded_schema(OBSERVATIONS)
_RECORD = ("evidence_id", "locator", "subject_kind", "subject", "first_seen_at", "last_seen_at")
_NO_RECORDS = pa.schema(
    [*(SCHEMA.field(name) for name in _RECORD), pa.field("is_simple", pa.bool_())]
).empty_table()


@dataclass(frozen=True)
class Inventory:
    """What one inventory says; `n_rejected` are rows that say nothing that could be read."""

    kind: str
    n_records: int
    n_rejected: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    observations: pa.Table
    records: pa.Table
    """The same by record: evidence_id, locator, subject_kind, subject, first and last seen, is_simple (one value a
    property) and a column for each property."""


@dataclass
class Sheet:
    """Known columns of one table as text, in the order of the file, and the place of each row.

    Columns are let go of once they are trimmed, so that they and the observations need not fit in memory together.
    """

    columns: list[tuple[str, Any]]
    locators: Any
    n_rejected: int = 0
    unit: str = "row"
    """What locators count, for messages."""


class Column(NamedTuple):
    """Values of one property; `rows` says where they stand, None for one value a row."""

    property: str
    values: Any
    rows: Any = None


@dataclass
class _Rows:
    """What every observation of a row shares."""

    kinds: Any
    subjects: Any
    locators: Any
    first: Any
    last: Any
    sources: Any
    """Number of the column that the subject comes from, -1 for none."""
    columns: list[Column] = field(default_factory=list)


def assemble(kind: str, sheets: Sequence[Sheet], evidence_id: str, problems: Problems) -> Inventory:
    """Put sheets into one inventory and tell how many problems were not told one by one."""
    tables: list[pa.Table] = []
    records: list[pa.Table] = []
    n_records = n_rejected = 0
    for sheet in sheets:
        rows = _observe(sheet, evidence_id, problems)
        table, n_empty = _tall(rows, evidence_id)
        tables.append(table)
        records.append(_wide(rows, evidence_id))
        n_records += len(sheet.locators) + sheet.n_rejected
        n_rejected += sheet.n_rejected + n_empty
    problems.finish()
    told = pa.concat_tables([SCHEMA.empty_table(), *tables])
    first = pc.min(pc.coalesce(told["first_seen_at"], told["last_seen_at"])).as_py()
    last = pc.max(pc.coalesce(told["last_seen_at"], told["first_seen_at"])).as_py()
    wide = pa.concat_tables([_NO_RECORDS, *records], promote_options="default")
    return Inventory(kind, n_records, n_rejected, first, last, told, wide)


def _observe(sheet: Sheet, evidence_id: str, problems: Problems) -> _Rows:
    columns: list[Column] = []
    times: dict[str, Any] = dict.fromkeys(TIMES, pa.nulls(len(sheet.locators), MICROSECONDS))
    with ThreadPoolExecutor(2) as pool:
        parts = [(name, pool.submit(_read, name, raw, sheet)) for name, raw in sheet.columns]
        sheet.columns.clear()
    for name, part in parts:
        said, later = part.result()
        later.pass_on(problems)
        if name in TIMES:
            times[name] = pc.coalesce(times[name], said[0].values)
        else:
            columns.extend(said)
    return _subjects(columns, sheet, times, evidence_id)


def _read(name: str, raw: Any, sheet: Sheet) -> tuple[list[Column], Later]:  # noqa: ANN401
    """Read one column of text; columns are read side by side."""
    later = Later(sheet.unit)
    return columns_of(name, raw, sheet.locators, later), later


def columns_of(name: str, raw: Any, locators: Any, problems: Problems) -> list[Column]:  # noqa: ANN401
    """Bring one column of text into form: its values, and apart those of cells that hold several."""
    trimmed = trim(raw)
    tell_overlong(trimmed, problems, locators)
    if name in TIMES:
        return [Column(name, instants(name, trimmed.text, problems, locators))]
    return _columns(name, trimmed.text, problems, locators)


def _columns(name: str, text: Any, problems: Problems, locators: Any) -> list[Column]:  # noqa: ANN401
    if name in FORMS:
        formed = canonicalise(name, text, problems, locators)
        extra = Column(name, formed.extra_values, formed.extra_rows)
        return [Column(name, formed.values), *([extra] if len(formed.extra_rows) else [])]
    if name in STATED:
        return [Column(name, state(name, text, problems))]
    return [Column(name, _without_placeholders(text))]


def _without_placeholders(text: Any) -> Any:  # noqa: ANN401
    coded = text.dictionary_encode()
    words = coded.dictionary
    says_nothing = pc.is_in(pc.utf8_lower(words), pa.array(sorted(PLACEHOLDERS - {"0", "test", "default"})))
    return pc.if_else(says_nothing, None, words).take(coded.indices)


def _subjects(columns: list[Column], sheet: Sheet, times: Mapping[str, Any], evidence_id: str) -> _Rows:
    """Choose the strongest identifier of each row."""
    n = len(sheet.locators)
    sources, subjects, codes = np.full(n, -1), pa.nulls(n, pa.string()), np.full(n, 4, np.int32)
    for code, (_, name) in enumerate(_SUBJECTS):
        for at, column in enumerate(columns):
            if column.property != name or column.rows is not None or not subjects.null_count:
                continue
            is_new = pc.and_(pc.is_null(subjects), pc.is_valid(column.values)).to_numpy(zero_copy_only=False)
            subjects = column.values if subjects.null_count == n else pc.coalesce(subjects, column.values)
            sources[is_new], codes[is_new] = at, code
    if subjects.null_count:
        made = pc.binary_join_element_wise(evidence_id[:12], sheet.locators.cast(pa.string()), ":")
        subjects = pc.coalesce(subjects, made)
    kinds = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([kind for kind, _ in _SUBJECTS]))
    return _Rows(kinds, subjects, sheet.locators, times["first_seen"], times["last_seen"], sources, columns)


def _tall(rows: _Rows, evidence_id: str) -> tuple[pa.Table, int]:
    """Stack the columns; a subject of which nothing else is told is told of itself."""
    n = len(rows.locators)
    is_told = np.zeros(n, bool)
    names = sorted({column.property for column in rows.columns})
    pieces = []
    for at, column in enumerate(rows.columns):
        places = column.rows
        if places is None:
            is_other = rows.sources != at
            places = _where(column.values, is_other)
            values = column.values if places is None else column.values.take(places)
        else:
            values = column.values
        is_told[slice(None) if places is None else places.to_numpy()] = True
        pieces.append(_piece(rows, places, column.property, values, names, evidence_id))
    for at, column in enumerate(rows.columns):
        alone = pa.array(np.flatnonzero((rows.sources == at) & ~is_told))
        if len(alone):
            pieces.append(_piece(rows, alone, column.property, column.values.take(alone), names, evidence_id))
    n_empty = int(((rows.sources < 0) & ~is_told).sum())
    return pa.concat_tables([SCHEMA.empty_table(), *pieces]), n_empty


def _wide(rows: _Rows, evidence_id: str) -> pa.Table:
    """Set the columns side by side; a record that says nothing, or a thing twice, is not simple."""
    n = len(rows.locators)
    is_simple, is_told = np.ones(n, bool), np.zeros(n, bool)
    said: dict[str, Any] = {}
    for column in rows.columns:
        if column.rows is not None:
            is_simple[column.rows.to_numpy()] = False
            continue
        has_value = column.values.is_valid().to_numpy(zero_copy_only=False)
        is_told |= has_value
        if column.property in said:
            is_simple &= ~has_value
        else:
            said[column.property] = column.values
    shared = (_word([evidence_id], 0, n), rows.locators, rows.kinds, rows.subjects, rows.first, rows.last)
    return pa.table(
        {**dict(zip(_RECORD, shared, strict=True)), "is_simple": is_simple & is_told, **said}
    ).cast(pa.schema([*_NO_RECORDS.schema, *(pa.field(name, pa.string()) for name in said)]))


def _where(values: Any, is_other: Any) -> Any:  # noqa: ANN401
    """Give the rows that have a value besides their subject; None for all rows, which then are shared, not copied."""
    if not values.null_count and is_other.all():
        return None
    return pa.array(np.flatnonzero(is_other & values.is_valid().to_numpy(zero_copy_only=False)))


def _piece(
    rows: _Rows,
    places: Any,  # noqa: ANN401
    name: str,
    values: Any,  # noqa: ANN401
    names: list[str],
    evidence_id: str,
) -> pa.Table:
    def at(column: Any) -> Any:  # noqa: ANN401
        return column if places is None else column.take(places)

    n = len(values)
    return pa.Table.from_arrays(
        [
            _word([evidence_id], 0, n),
            _word(["row"], 0, n),
            at(rows.locators),
            at(rows.kinds),
            at(rows.subjects),
            pa.nulls(n, pa.string()),
            _word(names, names.index(name), n),
            values,
            pa.array(np.ones(n, np.int64)),
            at(rows.first),
            at(rows.last),
        ],
        schema=SCHEMA,
    )


def _word(words: list[str], at: int, n: int) -> Any:  # noqa: ANN401
    return pa.DictionaryArray.from_arrays(pa.array(np.full(n, at, np.int32)), pa.array(words))
