"""STIX 2.1 patterns as far as they say that something equals a value (OASIS STIX 2.1, clause 9).

Taken are comparisons by `=`, `IN` and `ISSUBSET`, joined by OR, within observations joined by OR. Ports and protocols
may narrow a value by AND. Everything else says more than one thing has to be seen, or a pattern of text; it is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product

_TOKEN = re.compile(
    r"\s*(?:(?P<text>t?'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>!=|<>|<=|>=|[=<>()\[\],])"
    r"|(?P<word>[A-Za-z_][\w-]*(?::[\w-]+)?(?:\.(?:'[^']*'|[\w-]+)|\[(?:\*|\d+)\])*))",
    re.DOTALL,
)
_MOST_CHARACTERS = 1 << 16
_MOST_TERMS = 4096
_DEEPEST = 20
_NESTS = {"(": 1, ")": -1}
_TAKEN = ("=", "IN", "ISSUBSET")
_NARROWS = ("dst_port", "src_port", "protocols[*]", "dst_ref.type", "src_ref.type")
"""Ends of paths that narrow another comparison, and need not be looked up themselves."""


class PatternError(ValueError):
    """A pattern that is not taken; says why."""


@dataclass(frozen=True)
class Term:
    """One value that is enough to be seen, and the port that it is seen on."""

    path: str
    value: str
    port: int | None = None


@dataclass
class Pattern:
    """What a pattern takes as enough, and the times it names itself."""

    terms: list[Term] = field(default_factory=list)
    start: str | None = None
    stop: str | None = None


_Alternative = tuple[tuple[str, str], ...]
"""Comparisons that must hold together: path and value."""


def read_pattern(text: str) -> Pattern:
    """Read a pattern; raises PatternError for one that is more than values to be seen."""
    if len(text) > _MOST_CHARACTERS:
        raise PatternError("a pattern so long is not read")
    tokens = list(_tokens(text))
    if max(accumulate(_NESTS.get(token, 0) for token in tokens), default=0) > _DEEPEST:
        raise PatternError("a pattern so deep is not read")
    parser = _Parser(tokens)
    pattern = Pattern()
    for alternative in parser.observations(pattern):
        pattern.terms.append(_term(alternative))
    return pattern


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise PatternError(f"{text[at : at + 20]!r} is not understood")
        yield found[0].strip()
        at = found.end()


def _term(alternative: _Alternative) -> Term:
    """Give the one value of comparisons that hold together; raises PatternError where there are several."""
    values = [one for one in alternative if not one[0].endswith(_NARROWS)]
    if len(values) != 1:
        raise PatternError("needs several things to be seen together" if values else "names no value alone")
    ports = [value for path, value in alternative if path.endswith(_NARROWS[:2])]
    return Term(*values[0], port=int(ports[0]) if ports and ports[0].isdecimal() else None)


class _Parser:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens, self._at = tokens, 0

    def observations(self, pattern: Pattern) -> list[_Alternative]:
        """Read observations joined by OR, with qualifiers of time."""
        found = self._observation(pattern)
        while self._at < len(self._tokens):
            word = self._next()
            if word == "START":
                pattern.start, _, pattern.stop = self._next(), self._expect("STOP"), self._next()
                pattern.start, pattern.stop = (one.strip("t'") for one in (pattern.start, pattern.stop))
            elif word == "OR":
                found += self._observation(pattern)
            elif word in ("AND", "FOLLOWEDBY", "REPEATS", "WITHIN"):
                raise PatternError(f"{word} of observations needs several to be seen")
            else:
                raise PatternError(f"{word!r} is not understood")
        return found

    def _observation(self, pattern: Pattern) -> list[_Alternative]:
        if self._peek() == "(":
            self._next()
            depth, begun = 1, self._at
            while depth:
                depth += _NESTS.get(self._next(), 0)
            return _Parser(self._tokens[begun : self._at - 1]).observations(pattern)
        self._expect("[")
        found = self._either()
        self._expect("]")
        return found

    def _either(self) -> list[_Alternative]:
        found = self._together()
        while self._peek() == "OR":
            self._next()
            found = _bounded([*found, *self._together()])
        return found

    def _together(self) -> list[_Alternative]:
        found = self._comparison()
        while self._peek() == "AND":
            self._next()
            right = self._comparison()
            if len(found) * len(right) > _MOST_TERMS:
                raise PatternError("so many alternatives are not read")
            found = [(*one, *other) for one, other in product(found, right)]
        return found

    def _comparison(self) -> list[_Alternative]:
        if self._peek() == "(":
            self._next()
            found = self._either()
            self._expect(")")
            return found
        path, sign = self._next(), self._next()
        if sign not in _TAKEN:
            raise PatternError(f"{sign} is no equality")
        if sign != "IN":
            return [((path, _literal(self._next())),)]
        self._expect("(")
        values = [_literal(self._next())]
        while (separator := self._next()) == ",":
            values.append(_literal(self._next()))
        if separator != ")":
            raise PatternError(f"{separator!r} is not understood")
        return _bounded([((path, value),) for value in values])

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise PatternError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, wanted: str) -> str:
        found = self._next()
        if found != wanted:
            raise PatternError(f"{found!r} stands where {wanted} should")
        return found


def _bounded(found: list[_Alternative]) -> list[_Alternative]:
    if len(found) > _MOST_TERMS:
        raise PatternError("so many alternatives are not read")
    return found


def _literal(token: str) -> str:
    """Give what a literal says, without quotes and escapes."""
    if token.startswith("'") and token.endswith("'") and len(token) > 1:
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token[:1].isdigit() or token[:1] == "-":
        return token
    raise PatternError(f"{token[:30]!r} is no value")
