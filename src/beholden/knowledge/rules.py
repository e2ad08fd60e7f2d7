"""Rules: which signal is evidence for which proposition, with weight, base rate and reason."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv, read_yaml
from beholden.model.risks import CATEGORIES, FACTORS

Rows = list[dict[str, object]]
_REQUIRED = (
    "id", "title", "category", "factor", "proposition", "weight", "base_rate", "signal", "strength", "says", "rationale",
)  # fmt: skip
UNKNOWN_KIND = ""
MAX_PROPOSITIONS = 6


def load_rules(root: Path, ledger: Ledger) -> Rows:
    """Read knowledge/rules/<category>/<rule>.yaml.

    Raises KnowledgeError for a rule that does not hold together.
    """
    contained = {row["containment"]: row["says"] for row in read_csv(root, "vocabulary/containments.csv")}
    rows: Rows = []
    for path in sorted((root / "rules").glob("*/*.yaml")):
        pack = f"rules/{path.parent.name}/{path.name}"
        document = read_yaml(path)
        rule = {key: value for key, value in document.items() if isinstance(value, str)}
        missing = [name for name in _REQUIRED if name not in rule]
        if missing:
            raise KnowledgeError(f"{pack}: lacks {', '.join(missing)}")
        if rule["category"] not in CATEGORIES or rule["factor"] not in FACTORS:
            raise KnowledgeError(f"{pack}: category or factor is not known")
        if rule.get("contain") and rule["contain"] not in contained:
            raise KnowledgeError(f"{pack}: no containment {rule['contain']!r}")
        fact_id = ledger.enter(pack, pack, rule, f"{rule['title']}: {rule['rationale']}")
        rows.append(
            {
                "rule_id": rule["id"],
                "title": rule["title"],
                "category": rule["category"],
                "factor": rule["factor"],
                "proposition": rule["proposition"],
                "weight": _share(rule["weight"], pack),
                "base_rate": _share(rule["base_rate"], pack),
                "half_life_days": float(rule["half_life_days"]) if rule.get("half_life_days") else None,
                "signal": rule["signal"],
                "strength": None if rule["strength"] == "signal" else _share(rule["strength"], pack),
                "applies_to": " ".join(document.get("applies_to") or ["all"]),
                "veto_floor": _share(rule["veto_floor"], pack) if rule.get("veto_floor") else None,
                "attack": rule.get("attack") or None,
                "says": rule["says"],
                "contain": contained.get(rule.get("contain", "")),
                "fact_id": fact_id,
            }
        )
    return rows


def _share(text: str, pack: str) -> float:
    number = float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+", text) else None
    if number is None or number > 1:
        raise KnowledgeError(f"{pack}: {text!r} is no number from 0 to 1")
    return number


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
