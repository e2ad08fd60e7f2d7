"""Legal regimes as neutral fields, and the published function from fields to a strength.

There are no country constants: knowledge/law/regime_function.csv gives points per
field value; the strength of an instrument is the sum of its points, at most 1, and
the strength of a jurisdiction is that of its strongest instrument in force.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beholden.knowledge.checks import check_dates, check_once, check_words
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv

SCORED = ("compelled_access", "secrecy_duty", "extraterritorial", "capability_duty", "review")
"""Fields that the regime function reads."""

_UNKNOWN = ("", "unknown")
_STATED = ("publication_ban", "localisation", "blocking_rule")
"""Fields with yes, no or unknown that no function reads."""

Points = Mapping[tuple[str, str], float]


def load_points(root: Path) -> Points:
    """Read the regime function: (field, value) → points."""
    return {
        (row["field"], row["value"]): float(row["points"])
        for row in read_csv(root, "law/regime_function.csv")
    }


def load_vulnerability_points(root: Path) -> Mapping[str, float]:
    """Read how strongly a duty to tell the state of flaws counts: value → points."""
    return {row["value"]: float(row["points"]) for row in read_csv(root, "law/vulnerability_function.csv")}


def load_blocs(root: Path) -> dict[str, list[str]]:
    """Read blocs whose instruments bind their members: bloc → members."""
    blocs: dict[str, list[str]] = {}
    for row in read_csv(root, "law/blocs.csv"):
        blocs.setdefault(row["bloc"], []).append(row["member"])
    return blocs


def strength(fields: Mapping[str, str], points: Points) -> float:
    """Give the strength in 0–1 of one instrument's compelled access; 0 where it compels nothing."""
    if points.get(("compelled_access", fields.get("compelled_access", "")), 0.0) == 0.0:
        return 0.0
    total = sum(points.get((name, value), 0.0) for name, value in fields.items())
    return min(1.0, max(0.0, total))


def is_in_force(regime: Mapping[str, Any], day: str) -> bool:
    """Tell whether an instrument is in force on a day (ISO 8601); an end that names a year or month lasts to its end."""
    end = regime["in_force_to"] or "9999"
    return (regime["in_force_from"] or "") <= day and day[: len(end)] <= end


def load_regimes(root: Path, ledger: Ledger) -> list[dict[str, object]]:
    """Read the instruments with their strength, in force or not."""
    points, flaws, blocs = load_points(root), load_vulnerability_points(root), load_blocs(root)
    rows: list[dict[str, object]] = []
    seen: set[str] = set()
    for row in read_csv(root, "law/regimes.csv"):
        if not row["jurisdiction"] or not row["instrument"]:
            raise KnowledgeError(f"{row.place}: jurisdiction and instrument are needed")
        check_once(row, "regime", seen)
        _check_fields(row, points, flaws)
        regime = _regime(row, points, flaws, ledger)
        bound = [row["jurisdiction"], *blocs.get(row["jurisdiction"], [])]
        rows.extend({**regime, "binds": jurisdiction} for jurisdiction in bound)
    return rows


def _check_fields(row: Row, points: Points, flaws: Mapping[str, float]) -> None:
    """Raise KnowledgeError where a field has a value that its function does not know, or a date is none."""
    check_dates(row, "in_force_from", "in_force_to")
    for name in SCORED:
        check_words(row, name, {*_UNKNOWN, *(value for field, value in points if field == name)})
    check_words(row, "vulnerability_to_state", {*_UNKNOWN, *flaws})
    for name in _STATED:
        check_words(row, name, ("yes", "no", "unknown"))


def _regime(row: Row, points: Points, flaws: Mapping[str, float], ledger: Ledger) -> dict[str, object]:
    article = f" {row['article']}" if row["article"] else ""
    fact_id = ledger.add(row, f"{row['instrument']}{article} ({row['jurisdiction']}): {row['summary']}")
    hours = row["vulnerability_hours"]
    return {
        "regime": row["regime"],
        "jurisdiction": row["jurisdiction"],
        "instrument": row["instrument"],
        "article": row["article"],
        "in_force_from": row["in_force_from"] or None,
        "in_force_to": row["in_force_to"] or None,
        "compelled_access": row["compelled_access"] or "unknown",
        "review": row["review"] or "unknown",
        "secrecy_duty": row["secrecy_duty"] or "unknown",
        "extraterritorial": row["extraterritorial"] or "unknown",
        "vulnerability_to_state": row["vulnerability_to_state"] or "unknown",
        "vulnerability_hours": float(hours) if hours.replace(".", "", 1).isdigit() else None,
        "summary": row["summary"],
        "strength": strength(row.cells, points) if row["compelled_access"] not in _UNKNOWN else None,
        "known_share": sum(row[name] not in _UNKNOWN for name in SCORED) / len(SCORED),
        "flaw_strength": flaws.get(row["vulnerability_to_state"]),
        "fact_id": fact_id,
    }
