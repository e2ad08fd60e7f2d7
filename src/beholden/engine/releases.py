"""What was published of each scan with noise, and how much of its privacy budget that took: SQLite beside the scans."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from beholden.model.errors import BeholdenError

_PATIENCE_SECONDS = 60
_TABLE = (
    "CREATE TABLE IF NOT EXISTS releases (scan_id TEXT, question TEXT, epsilon REAL, answer TEXT, "
    "PRIMARY KEY (scan_id, question, epsilon))"
)
_TINY = 1e-9


class Releases:
    """The account of a store: an answer that was given is given again, and takes nothing."""

    def __init__(self, store_folder: Path) -> None:
        self._path = store_folder / "releases.sqlite"

    def release(
        self, scan_id: str, question: str, epsilon: float, budget: float, answer: Callable[[], str]
    ) -> tuple[str, float]:
        """Give the answer to a question about a scan, and the epsilon that all answers about it took.

        Raises BeholdenError where a new answer would take more than the budget. Two processes cannot spend at once.
        """
        with closing(
            sqlite3.connect(self._path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        ) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                given, spent = self._released(database, (scan_id, question, epsilon), budget, answer)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
            return given, spent

    def _released(
        self,
        database: sqlite3.Connection,
        key: tuple[str, str, float],
        budget: float,
        answer: Callable[[], str],
    ) -> tuple[str, float]:
        database.execute(_TABLE)
        known = database.execute(
            "SELECT answer FROM releases WHERE scan_id = ? AND question = ? AND epsilon = ?", key
        ).fetchone()
        spent = database.execute("SELECT total(epsilon) FROM releases WHERE scan_id = ?", key[:1]).fetchone()[
            0
        ]
        if known is not None:
            return str(known[0]), float(spent)
        if spent + key[2] > budget + _TINY:
            left = f"of {budget:g} for scan {key[0][:8]}, {spent:g} is spent"
            raise BeholdenError(f"--epsilon {key[2]:g} would go beyond the privacy budget: {left}")
        made = answer()
        database.execute("INSERT INTO releases VALUES (?, ?, ?, ?)", (*key, made))
        return made, float(spent + key[2])
