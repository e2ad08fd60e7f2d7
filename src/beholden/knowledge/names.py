"""Match organisations' names to companies: normalised spelling, exact after that.

Case, punctuation, and legal forms are taken off; nothing is matched as a substring.
The legal forms are data: knowledge/vocabulary/legal_forms.csv.
"""

import re
import unicodedata
from collections.abc import Collection

_PUNCTUATION = re.compile(r"[^\w]+", re.UNICODE)


def normalise(name: str, legal_forms: Collection[str] = ()) -> str:
    """Give the comparable form of an organisation's name; empty where nothing is left."""
    text = unicodedata.normalize("NFKC", name).casefold()
    words = [word for word in _PUNCTUATION.split(text) if word]
    while len(words) > 1 and words[-1] in legal_forms:
        words.pop()
    return " ".join(words)
