"""Match organisations' names to companies: normalised spelling, exact after that.

Case and punctuation are taken off; nothing is matched as a substring. Without its legal form
(data: knowledge/vocabulary/legal_forms.csv) a name is matched only where one company bears it so.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

_PUNCTUATION = re.compile(r"[^\w]+", re.UNICODE)


def normalise(name: str, legal_forms: Collection[str] = ()) -> str:
    """Give the comparable form of an organisation's name; empty where nothing is left."""
    text = unicodedata.normalize("NFKC", name).casefold()
    words = [word for word in _PUNCTUATION.split(text) if word]
    while len(words) > 1 and words[-1] in legal_forms:
        words.pop()
    return " ".join(words)


@dataclass
class Spellings:
    """Spellings of companies: whole names first, then names without their legal form."""

    legal_forms: Collection[str] = ()
    whole: dict[str, str] = field(default_factory=dict)
    bare: dict[str, set[str]] = field(default_factory=dict)

    def add(self, name: str, company: str, *, is_whole: bool = True) -> str | None:
        """Enter a spelling; gives the company that already has it whole, None where it is free."""
        key = normalise(name)
        if not key:
            return None
        self.bare.setdefault(normalise(name, self.legal_forms), set()).add(company)
        holder = self.whole.setdefault(key, company) if is_whole else company
        return holder if holder != company else None

    def find(self, name: str) -> str | None:
        """Give the company of this name; None where it is not known, or where several bear it."""
        found = self.whole.get(normalise(name))
        if found is not None:
            return found
        bearers = self.bare.get(normalise(name, self.legal_forms), set())
        return next(iter(bearers)) if len(bearers) == 1 else None
