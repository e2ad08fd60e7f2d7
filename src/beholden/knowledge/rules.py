"""Rules: which signal is evidence for which proposition, with weight, base rate and reason."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, place_of, read_csv, read_yaml
from beholden.knowledge.own_rules import WHEN, signal_of
from beholden.model.risks import CATEGORIES, FACTORS

Rows = list[dict[str, object]]
_REQUIRED = (
    "id", "title", "category", "factor", "proposition", "weight", "base_rate", "signal", "strength", "says", "rationale",
)  # fmt: skip
UNKNOWN_KIND = ""
MAX_PROPOSITIONS = 6


@dataclass(frozen=True)
class _Stated:
    """A rule as it is written, and where."""

    document: Mapping[str, Any]
    path: Path
    pack: str

    @cached_property
    def texts(self) -> dict[str, str]:
        """Give what is text of it; a rule with a condition of its own has its own signal."""
        texts = {key: value for key, value in self.document.items() if isinstance(value, str)}
        return {"signal": signal_of(texts.get("id", "")), **texts} if WHEN in self.document else texts

    def fault(self, key: str, wrong: str) -> KnowledgeError:
        """Make the error that tells of a key."""
        return KnowledgeError(f"{place_of(self.document, self.path, self.pack, key)}: {wrong}")

    def share(self, key: str) -> float:
        """Read a number from 0 to 1."""
        text = self.texts[key]
        number = float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+", text) else None
        if number is None or number > 1:
            raise self.fault(key, f"{text!r} is no number from 0 to 1")
        return number

    def check(self, contained: Mapping[str, str]) -> None:
        """Raise KnowledgeError where it lacks something, or names what there is not."""
        if missing := [name for name in _REQUIRED if name not in self.texts]:
            raise self.fault("id", f"lacks {', '.join(missing)}")
        words = {"category": CATEGORIES, "factor": FACTORS, "contain": ("", *contained)}
        for name, known in words.items():
            if self.texts.get(name, "") not in known:
                said = "containment" if name == "contain" else name
                raise self.fault(name, f"no {said} {self.texts[name]!r}")


def load_rules(root: Path, ledger: Ledger) -> Rows:
    """Read knowledge/rules/<category>/<rule>.yaml.

    Raises KnowledgeError for a rule that does not hold together.
    """
    contained = {row["containment"]: row["says"] for row in read_csv(root, "vocabulary/containments.csv")}
    rows: Rows = []
    for path in sorted((root / "rules").glob("*/*.yaml")):
        document, pack = read_yaml(path), f"rules/{path.parent.name}/{path.name}"
        if not isinstance(document, dict):
            raise KnowledgeError(f"{pack}: no mapping")
        stated = _Stated(document, path, pack)
        stated.check(contained)
        rows.append(_row(stated, contained, ledger))
    return rows


def _row(stated: _Stated, contained: Mapping[str, str], ledger: Ledger) -> dict[str, object]:
    rule = stated.texts
    return {
        **{name: rule[name] for name in ("title", "category", "factor", "proposition", "signal", "says")},
        "rule_id": rule["id"],
        "weight": stated.share("weight"),
        "base_rate": stated.share("base_rate"),
        "half_life_days": float(rule["half_life_days"]) if rule.get("half_life_days") else None,
        "strength": None if rule["strength"] == "signal" else stated.share("strength"),
        "applies_to": " ".join(stated.document.get("applies_to") or ["all"]),
        "veto_floor": stated.share("veto_floor") if rule.get("veto_floor") else None,
        "attack": rule.get("attack") or None,
        "contain": contained.get(rule.get("contain", "")),
        "fact_id": ledger.enter(stated.pack, stated.pack, rule, f"{rule['title']}: {rule['rationale']}"),
    }


def load_signals(root: Path) -> Rows:
    """Read what each signal measures, and its parameters."""
    names = ("signal", "meaning", "strength", "parameters")
    return [{name: row[name] for name in names} for row in read_csv(root, "rules/signals.csv")]


def load_kinds(root: Path) -> Rows:
    """Read the taxonomy of kinds: kind, parent, title and sensors."""
    return [
        {
            "kind": row["kind"],
            "parent": row["parent"] or None,
            "title": row["title"],
            "sensors": row["sensors"],
        }
        for row in read_csv(root, "vocabulary/kinds.csv")
    ]


def lineage(kinds: Rows) -> dict[str, tuple[str, ...]]:
    """Give each kind with itself and its ancestors."""
    parents = {str(row["kind"]): row["parent"] for row in kinds}
    result: dict[str, tuple[str, ...]] = {}
    for kind in parents:
        line: list[str] = []
        here: object = kind
        while here and here not in line:
            line.append(str(here))
            here = parents.get(str(here))
        result[kind] = tuple(line)
    return result


def expand_applies(rules: Rows, kinds: Rows) -> Rows:
    """Say for every kind, and for the unknown kind, which propositions apply.

    A rule applies to the kinds it names and their descendants; to the unknown kind all rules apply.
    Raises KnowledgeError where rules of one proposition disagree or a factor has too many propositions.
    """
    lines = lineage(kinds) | {UNKNOWN_KIND: (UNKNOWN_KIND,)}
    rows: Rows = []
    for kind, line in lines.items():
        found: dict[tuple[object, ...], dict[str, object]] = {}
        for rule in rules:
            if kind == UNKNOWN_KIND or _covers(str(rule["applies_to"]).split(), line):
                _claim(found, kind, rule)
        _check(found, kind)
        rows.extend(found.values())
    return rows


def _covers(names: Iterable[str], line: tuple[str, ...]) -> bool:
    return any(name == "all" or name in line for name in names)


def _claim(found: dict[tuple[object, ...], dict[str, object]], kind: str, rule: Mapping[str, object]) -> None:
    key = (rule["category"], rule["factor"], rule["proposition"])
    row = {
        "kind": kind,
        "category": rule["category"],
        "factor": rule["factor"],
        "proposition": rule["proposition"],
        "weight": rule["weight"],
        "base_rate": rule["base_rate"],
    }
    if found.setdefault(key, row) != row:
        raise KnowledgeError(f"rules: the rules of {key} disagree on weight or base rate")


def _check(found: Iterable[tuple[object, ...]], kind: str) -> None:
    counts: dict[tuple[object, object], int] = {}
    for category, factor, _ in found:
        counts[category, factor] = counts.get((category, factor), 0) + 1
        limit = MAX_PROPOSITIONS if category != "lock_in" else 8
        if counts[category, factor] > limit:
            raise KnowledgeError(
                f"rules: {category} {factor} has too many propositions for {kind or 'unknown'}"
            )


def load_impacts(root: Path, ledger: Ledger, kinds: Rows) -> Rows:
    """Read impacts per kind and category.

    A kind without a row takes its parent's, at last the unknown kind's.
    """
    stated: dict[tuple[str, str], tuple[float, str]] = {}
    for row in read_csv(root, "vocabulary/impacts.csv"):
        text = f"Impact of {row['category']} on {row['kind'] or 'an unknown kind'}: {row['rationale']}"
        stated[row["kind"], row["category"]] = float(row["impact"]), ledger.add(row, text)
    rows: Rows = []
    for kind, line in (lineage(kinds) | {UNKNOWN_KIND: (UNKNOWN_KIND,)}).items():
        for category in CATEGORIES:
            hits = [stated[name, category] for name in (*line, UNKNOWN_KIND) if (name, category) in stated]
            impact, fact_id = hits[0] if hits else (0.5, "")
            rows.append({"kind": kind, "category": category, "impact": impact, "fact_id": fact_id or None})
    return rows
