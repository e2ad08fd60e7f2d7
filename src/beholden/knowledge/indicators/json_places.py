"""Where in a JSON text an object stands, by the id that it bears."""

import re
from bisect import bisect_left


class Places:
    """Lines of ids in a text; of a text of one line the character."""

    def __init__(self, text: str, form: re.Pattern[str]) -> None:
        """Find the ids of a form; its last group is the id. Of several places of one the first counts."""
        self._ends = [found.start() for found in re.finditer("\n", text.rstrip())]
        self._at: dict[str, int] = {}
        for found in form.finditer(text):
            self._at.setdefault(found[form.groups], found.start())

    def of(self, identity: str) -> dict[str, int | None]:
        """Give line and character, counted from 1."""
        at = self._at.get(identity, 0)
        return {"line": bisect_left(self._ends, at) + 1, "character": None if self._ends else at + 1}
