"""Compare versions of firmware as their makers write them; what cannot be compared is said to be so.

Numbers count as numbers, letters behind them as later steps (`1.04b12`, `15.2(7)E3`), words such as `beta` as earlier
ones, and a dated build (`V5.5.82 build 190909`, `Build Date: 2021-03-01`) decides between equal releases.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

_LEAD = re.compile(
    r"^[\s\"']*(?:(?:firmware|software|version|release|ver|fw|v)(?![a-z])[\s.:_-]*)*", re.IGNORECASE
)
_BUILD = re.compile(
    r"[\s,;_(.-]*\bbuild(?:\s*date)?[\s:._-]*([0-9][0-9./:-]*)(?:\s+rel[.\s]*([0-9]+\w*))?", re.IGNORECASE
)
_RELEASE = re.compile(r"[\s,;-]+rel[.\s]+([0-9]+\w*)", re.IGNORECASE)
_BRANCH = re.compile(r"\(([a-z]{3,5})\.(\w+)\)", re.IGNORECASE)
_PART = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s._()/+~\[\]-]*")
_OTHER = re.compile(r"[^\w\s.()+~:/\[\],;-]")
_EARLIER = {"dev": -5, "alpha": -4, "a_lpha": -4, "beta": -3, "pre": -2, "preview": -2, "rc": -2}
_LONGEST = 120
_SERIES = 3
"""Letters that may lead a version and stand for its series: `X14.2`, `h5.1`."""
_OTHER_SCHEME = 4
"""Digits that one number has more than the other where one of them is a date or a serial number."""
Step = tuple[int, int, str]
"""Order of the sort (an earlier word, the end, letters, a number), a number, letters."""
_END: Step = (0, 0, "")


@dataclass(frozen=True)
class Version:
    """One version taken apart; `branch` are letters of a series or a model, whose releases compare with no other's."""

    steps: tuple[Step, ...]
    widths: tuple[int, ...]
    """Digits of each step, 0 for letters: `1.04` and `1.4` are told apart by them."""
    build: tuple[int, ...]
    branch: str


def compare(left: str, right: str) -> int | None:
    """Give -1, 0 or 1 as `left` is earlier than, equal to or later than `right`; None where nothing tells."""
    one, other = parse(left), parse(right)
    if one is None or other is None or one.branch != other.branch:
        return None
    for number, (a, b) in enumerate(zip_longest(one.steps, other.steps, fillvalue=_END)):
        if a != b:
            return None if _is_unclear(one, other, number) else _sign(a, b)
    if bool(one.build) != bool(other.build):
        return None
    return _sign(one.build, other.build)


def is_within(version: str, low: str | None, high: str | None, *, is_high_in: bool) -> bool | None:
    """Tell whether a version lies from `low` on up to `high`; None for a bound is no bound, None as answer is unknown."""
    after = 1 if low is None else compare(version, low)
    if after is not None and after < 0:
        return False
    before = -1 if high is None else compare(version, high)
    if before is not None and (before > 0 or (before == 0 and not is_high_in)):
        return False
    return None if after is None or before is None else True


@lru_cache(maxsize=1 << 14)
def parse(text: str) -> Version | None:
    """Take a version apart; None for what is none."""
    if len(text) > _LONGEST or _OTHER.search(text):
        return None
    rest, build = _build(_LEAD.sub("", text.strip()))
    branch = _BRANCH.search(rest)
    if branch:
        rest = f"{rest[: branch.start()]}({branch[2]}){rest[branch.end() :]}"
    found = [match[0].lower() for match in _PART.finditer(rest)]
    series = found.pop(0) if found and found[0].isalpha() and len(found[0]) <= _SERIES else ""
    if not found or not found[0].isdigit() or _BETWEEN.sub("", _PART.sub("", rest)):
        return None
    steps = tuple((2, int(part), "") if part.isdigit() else _letters(part) for part in found)
    widths = tuple(len(part) if part.isdigit() else 0 for part in found)
    return Version(_without_zeros(steps), widths, build, series + (branch[1].lower() if branch else ""))


def _build(text: str) -> tuple[str, tuple[int, ...]]:
    """Part a version from its build: date and release of it as numbers."""
    found = _BUILD.search(text) or _RELEASE.search(text)
    if not found:
        return text, ()
    parts = [int(number) for group in found.groups() if group for number in re.findall("[0-9]+", group)]
    return text[: found.start()] + text[found.end() :], tuple(parts)


def _letters(part: str) -> Step:
    """Order letters: words of what comes before a release lie before its end."""
    early = _EARLIER.get(part)
    return (-1, early, "") if early is not None else (1, 0, part)


def _without_zeros(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Drop zeros at the end: 1.2 is 1.2.0."""
    while len(steps) > 1 and steps[-1] == (2, 0, ""):
        steps = steps[:-1]
    return steps


def _is_unclear(one: Version, other: Version, number: int) -> bool:
    """Tell where the first difference says nothing: a number against letters, a date, or `1.04` against `1.1`."""
    if number >= min(len(one.steps), len(other.steps)):
        return False
    if {one.steps[number][0], other.steps[number][0]} == {1, 2}:
        return True
    wide, narrow = one.widths[number], other.widths[number]
    if abs(wide - narrow) >= _OTHER_SCHEME and wide and narrow:
        return True
    if wide == narrow or not wide or not narrow:
        return False
    text = str(one.steps[number][1]), str(other.steps[number][1])
    return len(text[0]) != wide or len(text[1]) != narrow


def _sign(a: tuple[object, ...], b: tuple[object, ...]) -> int:
    return (a > b) - (a < b)
