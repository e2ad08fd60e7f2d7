"""The catalogue: finished runs and judgements by key, in SQLite or in another database by URL.

The statements are plain SQL that SQLite and PostgreSQL both take. SQLite goes through the standard
library: SQLAlchemy takes longer to load than a small scan takes to store.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Protocol

from beholden.model.columns import Table, Type
from beholden.model.errors import BeholdenError
from beholden.model.tables import JUDGEMENTS, RUNS

Row = dict[str, Any]
Answer = tuple[int, list[tuple[Any, ...]]]
"""How many rows a statement added, and the rows it read."""

_SQLITE = "sqlite:///"
_PATIENCE_SECONDS = 60
_KEYS = {RUNS.name: "scan_id", JUDGEMENTS.name: "judgement_id"}
_TYPES: Mapping[Type, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE PRECISION",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}


class Catalogue:
    """Rows of the tables `runs` and `judgements`; one that is there is never changed.

    Instants are in UTC without a zone: not every database keeps zones.
    """

    def __init__(self, url: str) -> None:
        """Open a database; raises BeholdenError for what is none or cannot be reached."""
        is_sqlite = url.startswith(_SQLITE)
        self._database: _Database = _Sqlite(url.removeprefix(_SQLITE)) if is_sqlite else _ByUrl(url)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def add(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Add a row; False where one with its key is there already."""
        values = {name: _plain(row.get(name)) for name in table.column_names}
        places = ", ".join(f":{name}" for name in values)
        insert = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({places})"  # noqa: S608 - names of ours
        n_added, _ = self._database.execute(f"{insert} ON CONFLICT ({_KEYS[table.name]}) DO NOTHING", values)
        return n_added > 0

    def rows(self, table: Table) -> list[Row]:
        """Give all rows of a table, in order of their keys."""
        statement = f"SELECT {_names(table)} FROM {table.name} ORDER BY {_KEYS[table.name]}"  # noqa: S608 - names of ours
        _, rows = self._database.execute(statement, {})
        return [
            {column.name: _read(cell, column.type) for column, cell in zip(table.columns, row, strict=True)}
            for row in rows
        ]


class _Database(Protocol):
    def execute(self, statement: str, values: Row) -> Answer:
        """Execute one statement with named values in a transaction of its own."""

    def close(self) -> None:
        """Let go of the database."""


class _Sqlite:
    """A connection for each statement: threads cannot share one."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            for statement in _schema():
                self.execute(statement, {})
        except sqlite3.Error as error:
            raise _refused(path, error) from error

    def execute(self, statement: str, values: Row) -> Answer:
        cells = {
            name: value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value
            for name, value in values.items()
        }
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE_SECONDS)) as connection, connection:
            cursor = connection.execute(statement, cells)
            return cursor.rowcount, cursor.fetchall()

    def close(self) -> None:
        """Nothing is held open."""


class _ByUrl:
    """Whatever SQLAlchemy has a driver for that knows ON CONFLICT, such as PostgreSQL."""

    def __init__(self, url: str) -> None:
        import sqlalchemy as sa  # noqa: PLC0415 - only where another database is named

        self._text = sa.text
        try:
            self._engine = sa.create_engine(url, hide_parameters=True)
            for statement in _schema():
                try:
                    self.execute(statement, {})
                except sa.exc.DBAPIError:  # another process makes the same table at this moment
                    self.execute(statement, {})
        except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            without_password = url.rpartition("@")[2]
            raise _refused(without_password, getattr(error, "orig", None) or error) from error

    def execute(self, statement: str, values: Row) -> Answer:
        with self._engine.begin() as connection:
            result = connection.execute(self._text(statement), values)
            return result.rowcount, [tuple(row) for row in result] if result.returns_rows else []

    def close(self) -> None:
        self._engine.dispose()


def _refused(name: str, error: BaseException) -> BeholdenError:
    return BeholdenError(f"catalogue {name}: {str(error).splitlines()[0]}")


def _schema() -> list[str]:
    """Give the statements that make the tables where they are not there."""
    statements = []
    for table in (RUNS, JUDGEMENTS):
        columns = ", ".join(
            f'"{column.name}" {_TYPES[column.type]}{"" if column.nullable else " NOT NULL"}'
            for column in table.columns
        )
        statements.append(
            f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({_KEYS[table.name]}))"
        )
    return statements


def _names(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.column_names)


def _plain(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _read(cell: object, kind: Type) -> object:
    """Read an instant that came as text, as SQLite keeps it."""
    return datetime.fromisoformat(cell) if kind == "timestamp" and isinstance(cell, str) else cell
