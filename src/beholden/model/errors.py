"""Errors a user can act on, and the one-line report of bad input."""

from collections.abc import Callable
from dataclasses import dataclass


class BeholdenError(Exception):
    """Something the user can mend; its text is the whole message. Exit code 1."""


@dataclass(frozen=True)
class Problem:
    """Bad input in one line: where, what is wrong, what was done about it."""

    file: str
    place: str
    wrong: str
    done: str

    def __str__(self) -> str:
        """One line for stderr."""
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"{where}: {self.wrong}; {self.done}"


Report = Callable[[Problem], None]
"""How a reader tells of a problem; the caller decides what becomes of it."""
