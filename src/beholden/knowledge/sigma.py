"""Sigma rules of others, as far as their log source fits our tables: conditions beside those of our own rules.

Read with pySigma (LGPL-2.1), which is an extra. What a rule compares is turned into a condition over one view; a rule
that needs what we do not see, or two views at once, does not run, and is told of with the reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from beholden.knowledge.base import Knowledge
from beholden.knowledge.conditions import FLOWS, ConditionError, Tree, check, columns_of
from beholden.model.errors import BeholdenError

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection

_DEVICE = "device"
"""In the stead of a column: the device itself, by which events may be counted."""
_MOST_BYTES = 1 << 20
_MOST_ALIASES, _DEEPEST = 20, 100
_LONGEST_CONDITION = 4000
_SUFFIXES = (".yml", ".yaml")
_ESCAPED = re.compile(r"[\\*?]")
_TITLE = re.compile(r"^title:[ \t]*(?P<quote>[\"']?)(?P<title>.*?)(?P=quote)[ \t]*$", re.MULTILINE)
_COUNTED, _TOGETHER = ("event_count", "value_count"), ("temporal", "temporal_ordered")
_FLAGS = {"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}


class _Unfit(Exception):  # noqa: N818 - no error: most rules of others are for other logs
    """Why a rule does not run."""


@dataclass
class Judged:
    """A rule of others: where it stands, whether it runs, and else why not."""

    file: str
    line: int
    rule: Any
    why: str | None = None
    over: str = ""
    tree: Tree = field(default_factory=dict)
    at_least: int = 1
    seconds: int | None = None
    distinct: str | None = None
    steps: Sequence[tuple[str, Tree]] = ()
    """Views and conditions that must come together within the seconds; then there is no other condition."""
    is_ordered: bool = False
    confidence: float = 0.0
    is_counted: bool = False
    """Another rule counts its events, so it does not stand alone."""

    @property
    def rule_id(self) -> str:
        """Name it as findings do."""
        return f"sigma.{self.rule.id or re.sub('[^a-z0-9]+', '-', self.rule.title.lower())}"


def judge(paths: Sequence[Path], knowledge: Knowledge) -> list[Judged]:
    """Read files and folders of Sigma rules, and say of each whether it runs.

    Raises BeholdenError where pySigma is not installed, or a path is not there.
    """
    rules = [one for path in _files(paths) for one in _read(path)]
    fields = _Fields(knowledge)
    named = {key: one for one in rules for key in (str(one.rule.id), one.rule.name) if key}
    believed = {row["word"]: row["confidence"] for row in knowledge.rows("sigma_levels")}
    for one in rules:
        if one.why is None:
            _believe(one, believed)
        if one.why is None and not _is_correlation(one):
            _try(one, partial(_fit, one, fields))
    for one in rules:
        if one.why is None and _is_correlation(one):
            _try(one, partial(_correlate, one, named, fields))
    return rules


def _try(one: Judged, do: Callable[[], None]) -> None:
    try:
        do()
    except (_Unfit, ConditionError, RecursionError) as reason:
        one.why = str(reason) or "its condition is nested so deep that it is not run"


def _believe(one: Judged, believed: Mapping[str, float | None]) -> None:
    """Say how far a rule is believed: by its level and its status; one that nobody stands by does not run."""
    level, status = one.rule.level, one.rule.status
    words = [level.name.lower() if level else "medium", status.name.lower() if status else "test"]
    shares = [believed.get(word) for word in words]
    known = [share for share in shares if share is not None]
    if len(known) < len(words):
        one.why = f"its status is {words[1]}"
    else:
        one.confidence = known[0] * known[1]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise BeholdenError(f"{path}: no such file or folder of Sigma rules")
        inside = (
            sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES) if path.is_dir() else [path]
        )
        yield from (one for one in inside if one.is_file())


def _read(path: Path) -> Iterator[Judged]:
    """Give the rules of a file, one a document; of a file that is none, one that does not run."""
    try:
        text = _text(path)
        rules = list(_collection(text))
    except (_Unfit, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        yield _broken(path, str(error).splitlines()[0] if str(error) else "nested so deep")
        return
    lines: dict[str, list[int]] = {}
    for found in _TITLE.finditer(text):
        lines.setdefault(found["title"], []).append(text.count("\n", 0, found.start()) + 1)
    for rule in rules:  # in an order of pySigma's
        wrong = "; ".join(str(error) for error in rule.errors)
        line = (lines.get(rule.title) or [1]).pop(0)
        yield Judged(str(path), line, rule, wrong.splitlines()[0][:200] if wrong else None)


def _text(path: Path) -> str:
    """Read a file that is neither large, nor deep, nor unfolds to more than it says."""
    if path.stat().st_size > _MOST_BYTES:
        raise _Unfit(f"more than {_MOST_BYTES:,} bytes")
    text = path.read_text("utf-8-sig")
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > _DEEPEST or aliases > _MOST_ALIASES:
            raise _Unfit("nested so deep" if depth > _DEEPEST else "too many aliases")
    return text


def _collection(text: str) -> "SigmaCollection":
    try:
        from sigma.collection import SigmaCollection  # noqa: PLC0415 - an extra
        from sigma.exceptions import SigmaError  # noqa: PLC0415
    except ImportError as error:
        raise BeholdenError("Sigma rules need pySigma; install beholden[sigma]") from error
    try:
        return SigmaCollection.from_yaml(text, collect_errors=True)
    except (SigmaError, AttributeError, TypeError, ValueError) as error:  # it meets documents of any shape
        raise _Unfit(f"no Sigma rule: {error}") from error


@dataclass(frozen=True)
class _Broken:
    """In the stead of the rule of a file that cannot be read."""

    title: str
    id: None = None
    name: None = None


def _broken(path: Path, why: str) -> Judged:
    return Judged(str(path), 1, _Broken(path.name), why[:200])


def _is_correlation(one: Judged) -> bool:
    return hasattr(one.rule, "group_by")


class _Fields:
    """Which column of which view a field of a log source is."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._columns: dict[str, dict[str, tuple[str, str]]] = {}
        for row in knowledge.rows("sigma_fields"):
            self._columns.setdefault(row["logsource"], {})[row["field"]] = row["over"], row["column"]

    def of(self, rule: Any) -> Mapping[str, tuple[str, str]]:  # noqa: ANN401 - a rule of pySigma
        """Give the fields of a rule's log source; raises _Unfit where we have none like it."""
        source = rule.logsource
        names = (f"{source.product}/{source.service}", source.category or "")
        found = next((self._columns[name] for name in names if name in self._columns), None)
        if found is None or (source.product not in (None, "zeek") and not source.category):
            said = "/".join(part for part in (source.product, source.category, source.service) if part)
            raise _Unfit(f"log source {said}: beholden has none like it")
        return found


def _fit(one: Judged, fields: _Fields) -> None:
    """Turn the condition of a rule into ours."""
    from sigma.exceptions import SigmaError  # noqa: PLC0415

    known = fields.of(one.rule)
    if any(len(text) > _LONGEST_CONDITION for text in one.rule.detection.condition):
        raise _Unfit(f"a condition of more than {_LONGEST_CONDITION:,} characters")
    try:
        trees = [_Turned(known).turn(condition.parsed) for condition in one.rule.detection.parsed_condition]
    except (SigmaError, AttributeError) as error:
        raise _Unfit(f"condition: {str(error)[:150]}") from error
    views = {tree[0] for tree in trees}
    if len(views) != 1:
        raise _Unfit("its conditions speak of several views")
    one.over, one.tree = views.pop(), {"any": [tree[1] for tree in trees]}
    check(one.tree, one.over)


class _Turned:
    """Turns one condition; every field of it must lie in one view."""

    def __init__(self, known: Mapping[str, tuple[str, str]]) -> None:
        self._known = known
        self._views: dict[str, str] = {}

    def turn(self, parsed: Any) -> tuple[str, Tree]:  # noqa: ANN401 - a condition of pySigma
        """Give view and tree."""
        tree = self._node(parsed)
        views = sorted(set(self._views.values()))
        if len(views) != 1:
            told = ", ".join(f"{name} in {view}" for name, view in self._views.items())
            raise _Unfit(f"its fields stand in several observations: {told}")
        return views[0], tree

    def _node(self, node: Any) -> Tree:  # noqa: ANN401
        sort = type(node).__name__
        if sort in ("ConditionAND", "ConditionOR"):
            return {"all" if sort == "ConditionAND" else "any": [self._node(one) for one in node.args]}
        if sort == "ConditionNOT":
            return {"not": self._node(node.args[0])}
        if sort == "ConditionFieldEqualsValueExpression":
            return self._leaf(node.field, node.value)
        raise _Unfit("looks for words in whole lines of a log")

    def _leaf(self, name: str, value: object) -> Tree:
        if name not in self._known:
            raise _Unfit(f"field {name}: no column of ours bears it")
        over, column = self._known[name]
        if column == _DEVICE:
            raise _Unfit(f"field {name}: addresses of a device cannot be compared there")
        self._views[name] = over
        how, said = _compared(value, columns_of(over)[column])
        return {"column": column, "how": how, "values": [said]}


def _compared(value: Any, kind: str) -> tuple[str, str]:  # noqa: ANN401 - a value of pySigma
    """Give how a value is compared, and the value as text."""
    sort = type(value).__name__
    if sort in ("SigmaString", "SigmaCasedString"):
        return _text_of(value, kind, is_cased=sort == "SigmaCasedString")
    simple: Mapping[str, Callable[[], tuple[str, str]]] = {
        "SigmaNumber": lambda: ("equals", str(value.number)),
        "SigmaBool": lambda: ("equals", str(value.boolean).lower()),
        "SigmaNull": lambda: ("known", "false"),
        "SigmaExists": lambda: ("known", str(value.exists).lower()),
        "SigmaCIDRExpression": lambda: ("cidr", value.cidr),
        "SigmaCompareExpression": lambda: (value.op.name.lower(), str(value.number.number)),
        "SigmaRegularExpression": lambda: ("re", _expression(value)),
    }
    if sort not in simple:
        raise _Unfit(f"{sort.removeprefix('Sigma')}: no such comparison")
    return simple[sort]()


def _text_of(value: Any, kind: str, *, is_cased: bool) -> tuple[str, str]:  # noqa: ANN401
    if kind != "text" or not value.contains_special():
        return ("cased" if is_cased and kind == "text" else "equals"), "".join(map(str, value.s))
    if is_cased:
        return "re", f"(?s)^{value.to_regex().to_plain()}$"
    wild = {"WILDCARD_MULTI": "*", "WILDCARD_SINGLE": "?"}
    parts = [_ESCAPED.sub(r"\\\g<0>", part) if isinstance(part, str) else wild[part.name] for part in value.s]
    return "like", "".join(parts)


def _expression(value: Any) -> str:  # noqa: ANN401
    flags = "".join(sorted(_FLAGS[flag.name] for flag in value.flags))
    plain = value.regexp.to_plain() if hasattr(value.regexp, "to_plain") else str(value.regexp)
    return f"(?{flags}){plain}" if flags else plain


def _correlate(one: Judged, named: Mapping[str, Judged], fields: _Fields) -> None:
    """Count the events of rules by device, or see them come together, within the span that a correlation names."""
    rule, sort = one.rule, one.rule.type.name.lower()
    if sort not in _COUNTED + _TOGETHER:
        raise _Unfit(f"{sort}: no such correlation is made, only {', '.join(_COUNTED + _TOGETHER)}")
    if not hasattr(rule.condition, "op"):
        raise _Unfit("its condition is an expression over rules")
    bases = [named.get(str(ref.reference)) for ref in rule.rules or ()]
    held = [base for base in bases if base is not None and base.tree and not _is_correlation(base)]
    if not held or len(held) < len(bases):
        raise _Unfit("a rule that it counts is not there, does not run, or is a correlation itself")
    for base in held:
        _check_by_device(rule, fields.of(base.rule))
    one.seconds = int(rule.timespan.seconds)
    if sort in _TOGETHER:
        _bring_together(one, held, is_ordered=sort == "temporal_ordered")
    else:
        _count(one, held, fields.of(held[0].rule))
    for base in held:
        if not rule.generate:
            base.is_counted, base.why = True, f"is counted by {one.rule.title!r}, and does not stand alone"


def _check_by_device(rule: Any, known: Mapping[str, tuple[str, str]]) -> None:  # noqa: ANN401
    others = [
        name for name in rule.group_by or () if known.get(name, ("", ""))[1] not in (_DEVICE, "client_ip")
    ]
    if others or not rule.group_by:
        raise _Unfit(f"counts by {', '.join(others) or 'nothing'}: events are counted by device alone")


def _bring_together(one: Judged, held: Sequence[Judged], *, is_ordered: bool) -> None:
    """Want events of all rules, or of so many, and where it is said in their order."""
    one.at_least, one.is_ordered = _least(one), is_ordered
    if one.at_least > len(held) or (is_ordered and one.at_least < len(held)):
        raise _Unfit(f"wants {one.at_least} of {len(held)} rules")
    one.over, one.steps = held[0].over, [(base.over, base.tree) for base in held]


def _least(one: Judged) -> int:
    condition, more = one.rule.condition, {"GTE": 0, "GT": 1}
    if condition.op.name not in more or condition.count != int(condition.count):
        raise _Unfit("only counts of at least, or more than, a whole number are made")
    return int(condition.count) + more[condition.op.name]


def _count(one: Judged, held: Sequence[Judged], known: Mapping[str, tuple[str, str]]) -> None:
    one.over, one.tree = held[0].over, {"any": [base.tree for base in held]}
    if any(base.over != one.over for base in held):
        raise _Unfit("the rules that it counts stand in several views")
    one.at_least = _least(one)
    if one.rule.type.name.lower() == "value_count":
        condition = one.rule.condition
        over, column = known.get(str(condition.fieldref), ("", ""))
        if over != one.over or column not in columns_of(one.over or FLOWS):
            raise _Unfit(f"field {condition.fieldref}: no column of ours bears it")
        one.distinct = column
