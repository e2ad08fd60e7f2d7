"""Match organisations' names to companies: normalised spelling, exact after that.

Case, accents and punctuation are taken off; nothing is matched as a substring. Without its legal form
(data: knowledge/vocabulary/legal_forms.csv) a name is matched only where one company bears it so.
What is only nearly a known name is for `beholden.knowledge.matching`.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

_PUNCTUATION = re.compile(r"[\W_]+", re.UNICODE)
_INITIALS = re.compile(r"\b(?:[^\W\d_]\.)+[^\W\d_]\b", re.UNICODE)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
"""Scripts that write a legal form at either end, often without a space: Kana, Han, Hangul."""

_LEADING = " …"
"""How a legal form is listed that stands before the name."""

_LONGEST_FORM = 5


def normalise(name: str, legal_forms: Collection[str] = ()) -> str:
    """Give the comparable form of an organisation's name, without its legal form; empty where nothing is left."""
    text = _INITIALS.sub(lambda initials: initials[0].replace(".", ""), _fold(name))
    words = [word for word in _PUNCTUATION.split(text) if word]
    return " ".join(_strip(words, legal_forms) if legal_forms else words)


def _fold(name: str) -> str:
    """Take off case, width and accents (Unicode NFKC, casefold), until nothing changes."""
    text = name.casefold()
    if text.isascii():
        return text
    while True:
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
        folded = unicodedata.normalize("NFKC", plain).casefold()
        if folded == text:
            return text
        text = folded


def _strip(words: list[str], forms: Collection[str]) -> list[str]:
    """Take legal forms off both ends, as long as a name is left."""
    glued = _glued(frozenset(forms))
    while True:
        length = len(words)
        words = _without_form(words, forms)
        if words and glued is not None:
            words[0], words[-1] = (glued.sub("", word) or word for word in (words[0], words[-1]))
        if len(words) == length:
            return words


def _without_form(words: list[str], forms: Collection[str]) -> list[str]:
    for count in range(min(_LONGEST_FORM, len(words) - 1), 0, -1):
        if " ".join(words[-count:]) in forms:
            return words[:-count]
        first = " ".join(words[:count])
        if first + _LEADING in forms or (first in forms and _UNSPACED.fullmatch(first)):
            return words[count:]
    return words


@lru_cache(maxsize=4)
def _glued(forms: frozenset[str]) -> re.Pattern[str] | None:
    """Give a pattern of the forms that are written without a space, at either end of a word."""
    unspaced = [form for form in forms if len(form) > 1 and _UNSPACED.fullmatch(form)]
    either = "|".join(sorted(unspaced, key=len, reverse=True))
    return re.compile(f"^(?:{either})|(?:{either})$") if unspaced else None


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
