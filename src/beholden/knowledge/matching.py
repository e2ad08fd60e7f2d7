"""Match free-text vendor names to companies: exact spellings first, then what is nearly one of them.

How much a word says is read off the organisations of a registry that are none of the known companies:
towns and trades ("Shenzhen", "Technology") stand in many of their names, a company's own word in none.
Below the threshold, or where two companies fit, the answer is unknown, with candidates.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from beholden.knowledge.base import Knowledge
from beholden.knowledge.names import Spellings, normalise

THRESHOLD = 0.9
"""The likeness from which a name is taken for a company's; measured on tests/knowledge/names.csv."""

_NEARLY = 90.0  # per cent of letters in common: one letter more or fewer in nine, one wrong in ten
_LONG = 7  # letters of a word that may be misspelt, and of a name that may be written in one
_SHORT = 3  # letters that may stand for a word which begins with them
_COMMON = 0.002  # of all strangers bear a word that says next to nothing
_SHOWN = 5

Words = tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A company that a name may mean, and how alike its nearest spelling is (0 to 1)."""

    company: str
    likeness: float


@dataclass(frozen=True)
class Match:
    """What a name was matched to: a company or None, and the companies that come nearest, best first."""

    company: str | None
    candidates: tuple[Candidate, ...] = ()


def stranger_words(organisations: Iterable[str], spellings: Spellings) -> dict[str, int]:
    """Count how many organisations that are none of the known companies bear each word; under "" how many they are."""
    strangers = [name for name in organisations if spellings.find(name) is None]
    forms = spellings.legal_forms
    words = Counter(word for name in strangers for word in set(normalise(name, forms).split()))
    return {**words, "": len(strangers)}


class Strangers:
    """How many organisations that are none of the known companies bear a word."""

    def __init__(self, words: Mapping[str, int]) -> None:
        self._counts = Counter(words)
        self._total = self._counts.pop("", 0) + 2

    def weight(self, word: str) -> float:
        """Give what a word says of its bearer: 1 for a word of nobody else, near 0 for a trade or a town."""
        return (math.log(self._total / (1 + self._counts[word])) / math.log(self._total)) ** 2

    def is_common(self, word: str) -> bool:
        """Tell whether a word says next to nothing."""
        return self._counts[word] > max(_COMMON * self._total, 1)

    def bear(self, word: str) -> int:
        """Give how many strangers bear a word."""
        return self._counts[word]


class Matcher:
    """Matches names to companies by their spellings; `stranger_words` show which words are common."""

    def __init__(self, spellings: Spellings, of_strangers: Mapping[str, int]) -> None:
        self._spellings = spellings
        self._strangers = Strangers(of_strangers)
        self._joined: dict[str, set[str]] = {}
        self._bearers: dict[str, list[tuple[Words, str]]] = {}
        for spelling, companies in spellings.bare.items():
            words = tuple(spelling.split())
            self._joined.setdefault("".join(words), set()).update(companies)
            for word in words:
                self._bearers.setdefault(word, []).extend((words, company) for company in companies)
        self._by_initial: dict[str, list[str]] = {}
        for word in self._bearers:
            self._by_initial.setdefault(word[0], []).append(word)
        self._near: dict[str, dict[str, float]] = {}

    @classmethod
    def of(cls, knowledge: Knowledge) -> "Matcher":
        """Give the matcher of compiled knowledge, whose strangers are in the IEEE registry."""
        words = knowledge.table("stranger_words")
        return cls(knowledge.spellings, dict(zip(*words.to_pydict().values(), strict=True)))

    def match(self, name: str) -> Match:
        """Match one name."""
        company = self._spellings.find(name)
        if company is not None:
            return Match(company, (Candidate(company, 1.0),))
        words = tuple(normalise(name, self._spellings.legal_forms).split())
        joined = self._joined.get("".join(words), set()) if sum(map(len, words)) > _LONG else set()
        if len(joined) == 1:
            company = next(iter(joined))
            return Match(company, (Candidate(company, 1.0),))
        best: dict[str, float] = dict.fromkeys(joined, 1.0)
        taken = set(joined)
        for spelling, bearer in self._neighbours(words):
            likeness, is_clear = self._compare(words, spelling)
            best[bearer] = max(best.get(bearer, 0.0), likeness)
            if is_clear and likeness >= THRESHOLD:
                taken.add(bearer)
        order = sorted(best, key=lambda one: (-best[one], one))
        candidates = tuple(Candidate(one, round(best[one], 3)) for one in order[:_SHOWN])
        return Match(next(iter(taken)) if len(taken) == 1 else None, candidates)

    def _neighbours(self, words: Words) -> set[tuple[Words, str]]:
        """Give the spellings that share a word with these, or nearly so, and that says something."""
        telling = [word for word in words if not self._strangers.is_common(word)]
        return {
            bearer for word in telling for near in self._known(word) for bearer in self._bearers.get(near, ())
        }

    def _known(self, word: str) -> dict[str, float]:
        """Give the words of spellings that are this one, nearly so, or begin with it, with their nearness (0 to 1)."""
        if word not in self._near:
            near = {word: 1.0} if word in self._bearers else {}
            words = self._by_initial.get(word[0], [])
            if len(word) >= _LONG:
                found = process.extract(word, words, scorer=fuzz.ratio, score_cutoff=_NEARLY, limit=_SHOWN)
                near |= {one: score / 100 for one, score, _ in found if len(one) >= _LONG}
            elif len(word) >= _SHORT:
                near |= {one: len(word) / len(one) for one in words if one.startswith(word)}
            self._near[word] = near
        return self._near[word]

    def _compare(self, words: Words, spelling: Words) -> tuple[float, bool]:
        """Give how alike two names are (0 to 1), and whether the difference between them is a clear one."""
        left = list(spelling)
        shared: list[tuple[str, float]] = []
        extra: list[str] = []
        for word in words:
            partner = self._partner(word, left)
            if partner is None:
                extra.append(word)
            else:
                left.remove(partner[0])
                shared.append(partner)
        weight = self._strangers.weight
        common = sum(weight(word) * nearness for word, nearness in shared)
        whole = sum(weight(word) for word, _ in shared) + sum(map(weight, extra + left)) / 2
        return common / whole if whole else 0.0, self._is_clear(shared, extra, left)

    def _is_clear(self, shared: list[tuple[str, float]], extra: list[str], left: list[str]) -> bool:
        """Tell whether two names differ in what does not matter.

        A word of the company's own must be shared: one that at most the organisation asked about bears besides.
        A misspelt word counts where all others are there, two at least; common words may be missing on one side,
        where two words are shared or the one that is shared is nobody else's.
        """
        strangers = self._strangers
        fewest = min((strangers.bear(word) for word, _ in shared), default=2)
        exact = sum(nearness == 1 for _, nearness in shared)
        if exact < len(shared):
            is_misspelt = all(nearness >= _NEARLY / 100 for _, nearness in shared)
            return is_misspelt and fewest <= 1 and exact >= 2 and not extra and not left
        if extra or left:
            is_one_sided = not (extra and left) and all(map(strangers.is_common, extra + left))
            return is_one_sided and (fewest <= 1 if exact >= 2 else fewest == 0)
        return fewest <= 1

    def _partner(self, word: str, left: list[str]) -> tuple[str, float] | None:
        """Give the word among those left that this one stands for: itself, one misspelt, or one cut short."""
        if word in left:
            return word, 1.0
        near = self._known(word)
        for one in left:
            if self._strangers.is_common(one) and len(word) > _SHORT and one.startswith(word):
                return one, 1.0
            if one in near:
                return one, near[one]
        return None
