"""Tell of bad input without flooding: the first few of each kind, then how many more."""

from collections import Counter

from beholden.model.errors import Problem, Report

FIRST = 5
_LONGEST = 60


class Problems:
    """The problems of one file; `finish` says how many of each kind were not told one by one."""

    def __init__(self, report: Report, file: str) -> None:
        self._report = report
        self._file = file
        self._counts: Counter[str] = Counter()
        self.unit = "row"

    def tell(self, kind: str, place: str, wrong: str, done: str) -> None:
        """Report one problem unless five of its kind were told of."""
        self._counts[kind] += 1
        if self._counts[kind] <= FIRST:
            self._report(Problem(self._file, place, wrong, done))

    def tell_at(self, kind: str, locator: object, wrong: str, done: str) -> None:
        """Report one problem at a row, in the unit that rows of this file are counted in."""
        self.tell(kind, f"{self.unit} {locator}", wrong, done)

    def skip(self, kind: str, n: int) -> None:
        """Count problems of a kind that are like those told of."""
        self._counts[kind] += n

    def finish(self) -> None:
        """Report what was only counted."""
        for kind, n in self._counts.items():
            if n > FIRST:
                self._report(Problem(self._file, "", f"{n - FIRST:,} more: {kind}", "treated the same way"))
        self._counts.clear()


class Later(Problems):
    """Problems of a part of a file, kept so that they are told in the file's order, whichever part is read first."""

    def __init__(self, unit: str) -> None:
        super().__init__(lambda _: None, "")
        self.unit = unit
        self._told: list[tuple[str, str, str, str]] = []

    def tell(self, kind: str, place: str, wrong: str, done: str) -> None:
        """Keep one problem."""
        self._told.append((kind, place, wrong, done))

    def pass_on(self, to: Problems) -> None:
        """Tell what was kept, then of how many more."""
        for told in self._told:
            to.tell(*told)
        for kind, n in self._counts.items():
            to.skip(kind, n)


def quoted(text: str) -> str:
    """Give a value for a message: one line, shortened."""
    shown = "".join(one if one.isprintable() else "·" for one in text[: _LONGEST + 1])
    return f"'{shown[:_LONGEST]}…'" if len(text) > _LONGEST else f"'{shown}'"
