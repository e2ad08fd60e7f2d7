"""Tell two states of knowledge apart: rows added, removed and changed, and companies that changed hands or seat."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import MANIFEST
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.keys import TABLE_KEYS

Document = dict[str, Any]
SHOWN = 100
"""Keys that are named of each sort of difference; all are counted."""

_NULL = " is null"
_ORIGIN = re.compile(r"source|url|date|.*fact_id|.*_path")
"""Columns that say where a row comes from."""

_OF_COMPANIES = ("name", "jurisdiction", "maker", "owner", "owner_jurisdiction")


def state_at(path: Path) -> Knowledge:
    """Open a compiled folder, a folder of knowledge or a checkout; raises KnowledgeError for any other."""
    if (path / MANIFEST).is_file():
        return Knowledge(path)
    for root in (path, path / "knowledge"):
        if (root / "sources").is_dir():
            return Knowledge.open(root)
    raise KnowledgeError(f"{path}: neither compiled knowledge, nor a folder of it, nor a checkout")


def differences(old: Knowledge, new: Knowledge) -> Document:
    """Give both ids, the differences of each table that differs, and of companies with what was and is.

    Whether a fact's source or date changed is told by the table `facts` alone.
    """
    names = sorted({path.stem for state in (old, new) for path in state.folder.glob("*.parquet")})
    tables = {name: found for name in names if (found := _of_table(name, old.table(name), new.table(name)))}
    return {
        "old": old.knowledge_id,
        "new": new.knowledge_id,
        "tables": tables,
        "companies": _of_companies(old, new),
    }


def _of_table(name: str, old: pa.Table, new: pa.Table) -> Document | None:
    columns = _columns(name, old, new)
    old, new = _filled(old, columns), _filled(new, columns)
    if old.equals(new):
        return None
    keys = [key for key in TABLE_KEYS.get(name, ()) if key in columns] or list(columns)
    unlike = _absent(new, old, list(columns))
    added, removed = _absent(unlike, old, keys), _absent(old, new, keys)
    changed = _absent(unlike, added, keys)
    found: Document = {}
    for sort, rows in (("added", added), ("removed", removed), ("changed", changed)):
        found[sort] = rows.num_rows
        if name in TABLE_KEYS:
            found[f"{sort}_keys"] = sorted(_key_texts(rows.select(keys)))[:SHOWN]
    return found if any(found[sort] for sort in ("added", "removed", "changed")) else None


def _columns(name: str, old: pa.Table, new: pa.Table) -> dict[str, pa.DataType]:
    """Give the columns to compare and their types: those of both, or of the one that has any.

    Where a row comes from is told by the table `facts` alone.
    """
    types: dict[str, pa.DataType] = {}
    for schema in (old.schema, new.schema):
        types |= {field.name: field.type for field in schema if not pa.types.is_null(field.type)}
    shared = [
        one for one in types if all(one in side.column_names or not side.num_columns for side in (old, new))
    ]
    return {one: types[one] for one in shared if name == "facts" or not _ORIGIN.fullmatch(one)}


def _filled(table: pa.Table, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """Give columns of these types without nulls, and beside each whether it had one: a join never matches null."""
    filled = {}
    for name, kind in columns.items():
        column = table[name].cast(kind) if table.num_columns else pa.array([], kind)
        filled[name] = pc.fill_null(column, pa.scalar(_zero(kind), kind))
        filled[name + _NULL] = pc.is_null(column)
    return pa.table(filled)


def _zero(kind: pa.DataType) -> object:
    if pa.types.is_fixed_size_binary(kind):
        return bytes(kind.byte_width)
    if pa.types.is_boolean(kind):
        return False
    return "" if pa.types.is_string(kind) else 0


def _absent(rows: pa.Table, others: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Give the rows whose cells in these columns no row of the other table has; null is a cell like others."""
    if not rows.num_rows or not others.num_rows:
        return rows
    on = [one for name in columns for one in (name, name + _NULL)]
    numbered = rows.select(on).append_column("", pa.array(range(rows.num_rows), pa.int64()))
    left = numbered.join(others.select(on), on, join_type="left anti")
    return rows.take(left[""].combine_chunks().sort())


def _key_texts(rows: pa.Table) -> list[str]:
    return [" ".join(str(cell) for cell in row.values() if cell != "") for row in rows.to_pylist()]


def _of_companies(old: Knowledge, new: Knowledge) -> list[Document]:
    before, after = ({row["company"]: row for row in state.rows("companies")} for state in (old, new))
    return [
        {"company": company, "what": column, "old": before[company][column], "new": after[company][column]}
        for company in sorted(before.keys() & after.keys())
        for column in _OF_COMPANIES
        if before[company][column] != after[company][column]
    ]
