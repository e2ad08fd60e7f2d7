"""Problems of the evidence: one line each on standard error, counted for --strict."""

from beholden.cli.options import say
from beholden.model.errors import Problem


class Problems:
    """Takes problems, says them, and remembers how many there were."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, problem: Problem) -> None:
        """Say one problem in one line."""
        self.count += 1
        say(str(problem).replace("\n", " "))
