"""Rules that say themselves what they look for, beside those that read a signal: their conditions and examples.

over: flows            # or a property of observations, such as dns.query
when: {server_port: [23, 2323], is_established: true}
unless: {name|domain: control.example}
at_least: 5            # rows of a device; with `within` seconds of each other; `distinct` counts a column's values
examples: [{server_port: 23, is_established: true}]
counterexamples: [{server_port: 22, is_established: true}]
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.knowledge.conditions import FLOWS, ConditionError, Tree, columns_of, holds, read_when, schema_of
from beholden.knowledge.files import KnowledgeError, place_of, read_yaml
from beholden.model.properties import PROPERTIES

Document = Mapping[str, Any]
WHEN = "when"
_MOST_ROWS = 1_000_000


def signal_of(rule_id: str) -> str:
    """Name the signal of a rule that has a condition of its own."""
    return f"{WHEN}:{rule_id}"


def load_conditions(root: Path) -> list[dict[str, object]]:
    """Read the conditions of all rules that have one, and try them on their examples.

    Raises KnowledgeError, with the line, for a condition that cannot be run or that its examples contradict.
    """
    rows = []
    for path in sorted((root / "rules").glob("*/*.yaml")):
        pack = f"rules/{path.parent.name}/{path.name}"
        document = read_yaml(path)
        if isinstance(document, dict) and WHEN in document:
            rows.append(_condition(document, path, pack))
    return rows


def _condition(document: Document, path: Path, pack: str) -> dict[str, object]:
    over = str(document.get("over", FLOWS))
    if over != FLOWS and over not in PROPERTIES:
        raise KnowledgeError(
            f"{place_of(document, path, pack, 'over')}: no property {over!r}, and not {FLOWS}"
        )
    try:
        tree = read_when(document[WHEN], document.get("unless"), over)
    except ConditionError as error:
        raise KnowledgeError(f"{place_of(document, path, pack, WHEN)}: {error}") from error
    for key, should in (("examples", True), ("counterexamples", False)):
        for wrong in _wrong(document.get(key), tree, over, should=should):
            raise KnowledgeError(f"{place_of(document, path, pack, key)}: {wrong}")
    distinct = document.get("distinct")
    if distinct is not None and distinct not in columns_of(over):
        raise KnowledgeError(f"{place_of(document, path, pack, 'distinct')}: no column {distinct!r}")
    return {
        "rule_id": str(document.get("id", "")),
        "signal": signal_of(str(document.get("id", ""))),
        "over": over,
        "condition": json.dumps(tree, sort_keys=True),
        "at_least": _whole(document, "at_least", path, pack) or 1,
        "seconds": _whole(document, "within", path, pack),
        "distinct": distinct,
        "step": None,
        "is_ordered": False,
        "confidence": 1.0,
    }


def _whole(document: Document, key: str, path: Path, pack: str) -> int | None:
    text = document.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or not text.isdecimal() or not 0 < int(text) <= _MOST_ROWS:
        raise KnowledgeError(
            f"{place_of(document, path, pack, key)}: {key} {text!r} is no whole number above 0"
        )
    return int(text)


def _wrong(examples: object, tree: Tree, over: str, *, should: bool) -> Iterator[str]:
    """Give a line for each example that the condition does not take as it should."""
    if not isinstance(examples, list) or not examples:
        yield "a rule with a condition has examples that match, and counterexamples that do not"
        return
    for one in examples:
        stated = one if isinstance(one, dict) else {"value": one}
        if unknown := [name for name in stated if name not in columns_of(over)]:
            yield f"no column {unknown[0]!r}"
            continue
        try:
            is_met = holds(tree, _table(stated, over)).to_pylist() == [True]
        except ValueError:
            yield f"{dict(stated)}: no number"
            continue
        if is_met is not should:
            yield f"{dict(stated)} {'is not matched' if should else 'is matched'}"


def _table(stated: Document, over: str) -> pa.Table:
    """Make a table of one example."""
    made = {}
    for field in schema_of(over):
        text = stated.get(field.name)
        value: object = text
        if text is not None and pa.types.is_floating(field.type):
            value = float(text)
        elif text is not None and pa.types.is_boolean(field.type):
            value = str(text).lower() in ("true", "yes")
        made[field.name] = value
    return pa.Table.from_pylist([made], schema=schema_of(over))
