"""One partition as a frame: columns by property, as text or instants, and the number of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from beholden.engine import FleetEngine, Frame
from beholden.ingest.formats import reader_of
from beholden.ingest.inventory import Sheet
from beholden.ingest.tabular.headers import TIMES, Header, find_header, tell_columns
from beholden.ingest.tabular.problems import Problems

INSTANT = nw.Datetime("us", "UTC")
_INVENTORY = "inventory."
Hive = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Raw:
    """What a partition says: `locator`, and a column for each property, under its short name."""

    frame: Frame
    properties: Sequence[str]
    unit: str

    @property
    def instants(self) -> set[str]:
        """Give the columns that are instants already."""
        schema = self.frame.collect_schema()
        return {name for name in TIMES if name in schema.names() and schema[name] != nw.String}


def short(name: str) -> str:
    """Give the name of a property's column."""
    return name.removeprefix(_INVENTORY)


def full(name: str) -> str:
    """Give the property that a column is of."""
    return name if name in ("mac", "ip", *TIMES) else f"{_INVENTORY}{name}"


def read(
    engine: FleetEngine,
    path: Path,
    kind: str,
    hive: Hive,
    mapping: Mapping[str, str] | None,
    problems: Problems,
) -> Raw | None:
    """Read a partition; None where nothing of it is known. hive: names and values of the folders it lies in."""
    found = _of_parquet(engine, path, mapping, problems) if kind == "parquet" else None
    found = found or _of_sheets(engine, path, kind, mapping, problems)
    if found is None:
        return None
    words = said_by_folders(hive, mapping)
    extra = {name: nw.lit(value) for name, value in words.items() if name not in found.properties}
    return Raw(found.frame.with_columns(**extra), [*found.properties, *extra], found.unit) if extra else found


def said_by_folders(hive: Hive, mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Give what the folders that a partition lies in say of all its rows."""
    told = find_header([[name for name, _ in hive]], mapping) if hive else None
    return {short(told.properties[at]): hive[at][1] for at in told.properties} if told else {}


def _of_parquet(
    engine: FleetEngine, path: Path, mapping: Mapping[str, str] | None, problems: Problems
) -> Raw | None:
    """Let the engine read a file of plain columns; None for one with lists, bytes or anything nested."""
    schema = pq.read_schema(path)
    header = find_header([schema.names], mapping)
    if header is None or not all(_is_plain(schema.field(at).type) for at in header.properties):
        return None
    tell_columns(header, problems, "")
    columns = {
        name: nw.coalesce(*(_text(schema.field(at), full(name)) for at in some))
        for name, some in places(header).items()
    }
    return Raw(engine.rows(path).select("locator", **columns), list(columns), "row")


def places(header: Header) -> Mapping[str, list[int]]:
    """Give the places of the columns of each property, under its short name."""
    found: dict[str, list[int]] = {}
    for at, name in header.properties.items():
        found.setdefault(short(name), []).append(at)
    return found


def _is_plain(kind: pa.DataType) -> bool:
    simple = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating)
    others = (pa.types.is_boolean, pa.types.is_date, pa.types.is_timestamp, pa.types.is_null)
    return any(is_one(kind) for is_one in (*simple, *others)) or (
        pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)
    )


def _text(field: pa.Field, name: str) -> nw.Expr:
    column = nw.col(field.name)
    if name in TIMES and (pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)):
        return column.cast(INSTANT)
    if pa.types.is_floating(field.type):  # numbers that a program took for measures
        whole = column.cast(nw.Int64).cast(nw.String)
        return nw.when(column == column.floor()).then(whole).otherwise(column.cast(nw.String))
    return column.cast(nw.String)


def _of_sheets(
    engine: FleetEngine, path: Path, kind: str, mapping: Mapping[str, str] | None, problems: Problems
) -> Raw | None:
    """Read a file as inventories are read, and bind what it says."""
    sheets: list[Sheet] = reader_of(kind).sheets(path, problems, mapping)
    sheets = [sheet for sheet in sheets if len(sheet.locators)]
    if not sheets:
        return None
    names = list(dict.fromkeys(short(name) for sheet in sheets for name, _ in sheet.columns))
    tables = [_table(sheet, names) for sheet in sheets]
    return Raw(engine.bind(pa.concat_tables(tables)), names, sheets[0].unit)


def _table(sheet: Sheet, names: Sequence[str]) -> pa.Table:
    import pyarrow.compute as pc  # noqa: PLC0415

    said: dict[str, list[Any]] = {}
    for name, column in sheet.columns:
        said.setdefault(short(name), []).append(column)
    n = len(sheet.locators)
    columns = {name: pc.coalesce(*said[name]) if name in said else pa.nulls(n, pa.string()) for name in names}
    return pa.table(dict(chain([("locator", sheet.locators.cast(pa.int64()))], columns.items())))
