"""Condense a scan by hand, or spread it: an oracle for what the scan writes, in plain SQL over its files."""
# ruff: noqa: S608 - its own paths and names only

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from beholden.engine.members import KEYS
from beholden.engine.store import Store
from beholden.model.tables import TABLES

_OWN = """
CREATE TABLE own AS
SELECT device_id, min(identifier) FILTER (identifier_kind = 'mac') AS mac,
  CASE WHEN count(DISTINCT (evidence_id, locator_kind, locator)) = 1 THEN any_value(evidence_id) END AS evidence_id,
  CASE WHEN count(DISTINCT (evidence_id, locator_kind, locator)) = 1 THEN any_value(locator_kind) END AS locator_kind,
  CASE WHEN count(DISTINCT (evidence_id, locator_kind, locator)) = 1 THEN any_value(locator) END AS locator
FROM '{folder}/device_identifiers.parquet' GROUP BY device_id
"""
_OBSERVED = {"identifications": "observed", "finding_evidence": "value"}


def condense(source: Path, target: Path) -> int:
    """Write the tables of a scan's folder condensed into another; gives how many devices another stands for."""
    target.mkdir(parents=True)
    with duckdb.connect() as database:
        database.execute(_OWN.format(folder=source))
        for key in ("like_id", "pattern_id", "unit_id"):
            tables = [name for name, named in KEYS.items() if named == key]
            said = " UNION ALL ".join(_said(database, source, name) for name in tables)
            database.execute(f"CREATE TABLE said_{key} AS {said}")
            database.execute(
                f"CREATE TABLE {key} AS WITH sums AS (SELECT d.device_id, md5(coalesce("
                f"string_agg(s.said, chr(10) ORDER BY s.said), '')) AS said FROM '{source}/devices.parquet' d "
                f"LEFT JOIN said_{key} s USING (device_id) GROUP BY d.device_id) "
                f"SELECT device_id, min(device_id) OVER (PARTITION BY said) AS first FROM sums"
            )
        database.execute(
            f"COPY (SELECT device_id, l.first AS like_id, p.first AS pattern_id, "
            f"u.first AS unit_id, evidence_id, locator_kind, locator "
            f"FROM like_id l JOIN pattern_id p USING (device_id) JOIN unit_id u USING (device_id) "
            f"LEFT JOIN own USING (device_id) ORDER BY device_id) "
            f"TO '{target}/members.parquet'"
        )
        for path in source.glob("*.parquet"):
            key = KEYS.get(path.stem)
            owner = _owner(path.stem)
            kept = f" WHERE {owner} IN (SELECT first FROM {key})" if key else ""
            database.execute(
                f"COPY (SELECT * FROM '{path}'{kept}) TO '{target / path.name}' (COMPRESSION zstd)"
            )
        return int(database.sql("SELECT count(*) FROM like_id WHERE device_id <> first").fetchall()[0][0])


def spread(store: Store, scan_id: str, target: Path) -> None:
    """Write the tables of a scan into a folder as if nothing stood for anything else."""
    target.mkdir(parents=True)
    for table in TABLES:
        if table.name != "members":
            pq.write_table(store.read(scan_id, table.name), target / f"{table.name}.parquet")


def _owner(table: str) -> str:
    return "split_part(finding_id, ':', 1)" if table == "finding_evidence" else "device_id"


def _said(database: duckdb.DuckDBPyConnection, folder: Path, table: str) -> str:
    """Give what each row says, without the device, its own record and its own link address."""
    path = folder / f"{table}.parquet"
    names = [row[0] for row in database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
    parts = [f"'{table}'"]
    is_own = "(t.evidence_id = o.evidence_id AND t.locator = o.locator)"
    for name in names:
        shown = f"coalesce(CAST(t.{name} AS VARCHAR), '(null)')"
        if name == "finding_id":
            shown = f"substr(t.{name}, strpos(t.{name}, ':'))"
        elif name in ("evidence_id", "locator_kind", "locator"):
            shown = f"CASE WHEN {is_own} THEN '(own)' ELSE {shown} END"
        elif name == _OBSERVED.get(table):
            shown = f"CASE WHEN t.property = 'mac' AND t.{name} = o.mac THEN '(own)' ELSE {shown} END"
        if name != "device_id":
            parts.append(shown)
    owner = _owner(table).replace("device_id", "t.device_id")
    return (
        f"SELECT {owner} AS device_id, concat_ws('|', {', '.join(parts)}) AS said "
        f"FROM '{path}' t LEFT JOIN own o ON o.device_id = {owner}"
    )
