"""Sigma rules that run, as rules, conditions and facts beside those of knowledge."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.knowledge.base import Knowledge
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.own_rules import signal_of
from beholden.knowledge.sigma import Judged, judge
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id

_FOLDER = "sigma"
"""Where Sigma rules of packs stand."""
_ATTACK = "attack."
_HALF_LIFE_DAYS = 30.0
Rows = list[dict[str, object]]


def load_sigma(root: Path, ledger: Ledger) -> dict[str, Rows]:
    """Read what fields, levels, statuses and tactics of Sigma mean."""
    contained = {row["containment"]: row["says"] for row in read_csv(root, "vocabulary/containments.csv")}
    return {
        "sigma_fields": _rows(root, "sigma_fields", ("logsource", "field", "over", "column")),
        "sigma_levels": [
            {"word": row["word"], "confidence": float(row["confidence"]) if row["confidence"] else None,
             "fact_id": ledger.add(row, f"a Sigma rule of {row['word']} is believed {row['confidence'] or 'not at all'}")}
            for row in read_csv(root, "vocabulary/sigma_levels.csv")
        ],
        "sigma_tactics": [
            _tactic(row, contained, root) for row in read_csv(root, "vocabulary/sigma_tactics.csv")
        ],
    }  # fmt: skip


def _rows(root: Path, name: str, columns: Sequence[str]) -> Rows:
    return [{one: row[one] for one in columns} for row in read_csv(root, f"vocabulary/{name}.csv")]


def _tactic(row: Row, contained: Mapping[str, str], root: Path) -> dict[str, object]:
    if row["contain"] not in contained:
        raise KnowledgeError(f"{row.place}: no containment {row['contain']!r}")
    if not (root / "rules" / row["category"]).is_dir():
        raise KnowledgeError(f"{row.place}: no rules of {row['category']!r}")
    names = ("tactic", "category", "proposition")
    return {**{name: row[name] for name in names}, "contain": contained[row["contain"]]}


def with_sigma(knowledge: Knowledge, paths: Sequence[Path], report: Report) -> Knowledge:
    """Give knowledge with the Sigma rules of its packs and of these files and folders that run.

    Those that do not are told of. Raises BeholdenError where there are some and pySigma is not installed.
    """
    shipped = knowledge.folder / _FOLDER
    every = [*([shipped] if shipped.is_dir() else []), *paths]
    made = []
    for one in judge(every, knowledge) if every else []:
        if one.why is None:
            made.append(_made(one, knowledge))
        elif not one.is_counted:
            place, wrong = f"line {one.line}", f"Sigma rule {one.rule.title!r}: {one.why}"
            report(Problem(one.file, place, wrong, "does not run"))
    if not made:
        return knowledge
    tables = {
        name: pa.Table.from_pylist(
            [row for one in made for row in one[name]], schema=knowledge.table(name).schema
        )
        for name in ("rules", "conditions", "facts")
    }
    return knowledge.beside(tables, [content_id("sigma", json.dumps(row, sort_keys=True)) for row in made])


def _made(one: Judged, knowledge: Knowledge) -> dict[str, Rows]:
    """Give the rows of a rule that runs."""
    tags = [str(tag) for tag in one.rule.tags]
    techniques = [tag.removeprefix(_ATTACK).upper() for tag in tags if tag.lower().startswith(f"{_ATTACK}t")
                  and tag.removeprefix(_ATTACK)[1:2].isdigit()]  # fmt: skip
    fact_id = content_id("fact", one.rule_id, one.file, json.dumps([one.tree, *one.steps], sort_keys=True))
    proposition = _proposition([tag.removeprefix(_ATTACK).replace("_", "-") for tag in tags], knowledge)
    rule = {
        **proposition,
        "rule_id": one.rule_id,
        "title": one.rule.title,
        "half_life_days": _HALF_LIFE_DAYS,
        "signal": signal_of(one.rule_id),
        "strength": None,
        "applies_to": "all",
        "veto_floor": None,
        "attack": techniques[0] if techniques else None,
        "says": f"The Sigma rule “{one.rule.title.replace('{', '(').replace('}', ')')}” holds: {{detail}}.",
        "fact_id": fact_id,
    }
    return {"rules": [rule], "conditions": list(_conditions(one)), "facts": [_fact(one, fact_id)]}


def _conditions(one: Judged) -> Iterator[dict[str, Any]]:
    """Give the condition of a rule, or those that must come together."""
    steps = enumerate(one.steps) if one.steps else [(None, (one.over, one.tree))]
    for step, (over, tree) in steps:
        yield {
            "rule_id": one.rule_id,
            "signal": signal_of(one.rule_id),
            "over": over,
            "condition": json.dumps(tree, sort_keys=True),
            "at_least": one.at_least,
            "seconds": one.seconds,
            "distinct": one.distinct,
            "step": step,
            "is_ordered": one.is_ordered,
            "confidence": one.confidence,
        }


def _proposition(tactics: Sequence[str], knowledge: Knowledge) -> Mapping[str, Any]:
    """Give the proposition that the first known tactic is evidence for, as the rules of ours have it."""
    known = {row["tactic"]: row for row in knowledge.rows("sigma_tactics")}
    row = known[next((one for one in tactics if one in known), "")]
    alike = next(
        rule
        for rule in knowledge.rows("rules")
        if (rule["category"], rule["factor"], rule["proposition"])
        == (row["category"], "O", row["proposition"])
    )
    names = ("category", "factor", "proposition", "weight", "base_rate")
    return {**{name: alike[name] for name in names}, "contain": row["contain"]}


def _fact(one: Judged, fact_id: str) -> dict[str, Any]:
    rule = one.rule
    when = rule.modified or rule.date
    said = " ".join(str(rule.description or "").split())[:300]
    return {
        "fact_id": fact_id,
        "pack": one.file,
        "text": f"{rule.title}: {said or 'no description'} ({one.file} line {one.line})",
        "source_id": one.rule_id,
        "publisher": str(rule.author or "not stated"),
        "title": "Sigma rule",
        "url": str(rule.references[0]) if rule.references else None,
        "date": when.isoformat() if when else "not dated",
        "licence": str(rule.license or "not stated"),
    }
