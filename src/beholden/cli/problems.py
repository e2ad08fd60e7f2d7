"""Problems of the evidence: one line each on standard error, counted for --strict."""

import sys

from beholden.cli.options import say
from beholden.model.errors import Problem

_STRICT_EXIT = 2


class Problems:
    """Takes problems, says them, and remembers how many there were."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, problem: Problem) -> None:
        """Say one problem in one line."""
        self.count += 1
        say(str(problem).replace("\n", " "))

    def end(self, *, strict: bool) -> None:
        """End the process with exit code 2 where there were problems and --strict is given."""
        if strict and self.count:
            sys.exit(_STRICT_EXIT)
