"""How one fingerprint's pattern is tried on a value: compiled once, only where a literal part of it occurs.

Regular expressions never see more than `MAX_VALUE` characters, so that no
pattern runs long on a value that somebody made for the purpose.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

MAX_VALUE = 1024
_GROUP = re.compile(r"\{(\d)\}")


@dataclass(frozen=True)
class Claim:
    """One field that a fingerprint sets: what it says, how sure, and the fact behind it."""

    fingerprint_id: str
    field: str
    template: str
    confidence: float
    fact_id: str | None


@dataclass
class Pattern:
    """One regular expression with the claims it makes."""

    text: str
    is_search: bool
    literal: str
    claims: list[Claim] = field(default_factory=list)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression: full match and case-insensitive, or a search that decides for itself."""
        return re.compile(self.text, re.NOFLAG if self.is_search else re.IGNORECASE)

    def groups(self, value: str, lowered: str) -> tuple[str, ...] | None:
        """Give the groups (whole match first) of a value that matches, None otherwise."""
        if self.literal not in lowered:
            return None
        found = self.compiled.search(value) if self.is_search else self.compiled.fullmatch(value)
        return None if found is None else (found.group(0), *(group or "" for group in found.groups()))


def fill(template: str, groups: tuple[str, ...]) -> str:
    """Put regex groups in the places `{1}` of a template; a group that is not there leaves nothing."""
    if "{" not in template:
        return template
    text = _GROUP.sub(lambda place: _group(groups, int(place.group(1))), template)
    return " ".join(text.split())


def _group(groups: tuple[str, ...], number: int) -> str:
    return groups[number] if number < len(groups) else ""


def domain_parts(value: str) -> Iterator[str]:
    """Give a name and everything it stands below, longest first: a.b.c, b.c, c."""
    name = value.lower().rstrip(".")
    while name:
        yield name
        _, _, name = name.partition(".")
