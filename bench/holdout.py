"""Hold the rating of flaws against what happened later: which flaws on record in 2024-10 were exploited by 2025-08.

    python bench/holdout.py            the areas
    python bench/holdout.py --rated    how the flaws are rated: SSVC joined with KEV, CVSS, EPSS and BOD 26-04

Flaws that were on the list of exploited ones by the day of the records are left out. AUC with the 95 % interval
of Hanley and McNeil (1982); ties count half. Reads compiled knowledge only.
"""

import math
import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from beholden.knowledge.base import Knowledge

ON_RECORD = "2024-10-24"
Row = dict[str, Any]


def auc(rows: Iterable[tuple[float, bool]]) -> tuple[float, float, float, int, int]:
    """Give the area under the ROC curve, its interval, and how many rows are positive and negative."""
    pairs = list(rows)
    yes = [score for score, is_positive in pairs if is_positive]
    no = sorted(score for score, is_positive in pairs if not is_positive)
    wins = sum(_below(no, score) for score in yes)
    area = wins / (len(yes) * len(no))
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (len(yes) - 1) * (q1 - area**2) + (len(no) - 1) * (q2 - area**2)
    error = 1.96 * math.sqrt(max(spread, 0) / (len(yes) * len(no)))
    return area, max(area - error, 0.0), min(area + error, 1.0), len(yes), len(no)


def _below(ranked: list[float], score: float) -> float:
    return (bisect_left(ranked, score) + bisect_right(ranked, score)) / 2


def points(row: Row) -> float:
    """Combine SSVC's answers as `advisory.ssvc` does (knowledge/rules/signals.csv)."""
    exploited = {"active": 1.0, "poc": 0.5}.get(row["exploitation"] or "", 0.0)
    return 1 - (1 - 0.6 * exploited) * (1 - 0.3 * bool(row["is_automatable"])) * (
        1 - 0.2 * bool(row["is_total"])
    )


SCORES: dict[str, Callable[[Row], float | None]] = {
    "V of beholden (SSVC points)": points,
    "CVSS base score": lambda row: row["cvss"],
    "automatable alone": lambda row: float(bool(row["is_automatable"])),
    "technical impact alone": lambda row: float(bool(row["is_total"])),
    "proof of concept alone": lambda row: float(row["exploitation"] in ("poc", "active")),
}


ANSWERS = {True: "yes", False: "no", None: "?"}
IMPACT = {True: "total", False: "partial", None: "?"}


def rated(knowledge: Knowledge) -> None:
    """Print a line for each answer of SSVC: how many flaws, how many of them exploited, scores, and times to fix."""
    exploited = {row["cve"] for row in knowledge.rows("kev")}
    chance = {row["cve"]: row["epss"] for row in knowledge.rows("epss")}
    due = {
        tuple(row[name] for name in ("is_exploited", "is_exposed", "is_automatable", "is_total")): row["due"]
        for row in knowledge.rows("remediation")
    }
    groups: dict[tuple[str, bool | None, bool | None], list[Row]] = defaultdict(list)
    for row in knowledge.rows("flaws"):
        groups[row["exploitation"] or "?", row["is_automatable"], row["is_total"]].append(row)
    print(
        "| exploitation | automatable | impact | flaws | in KEV | CVSS median | EPSS median | fix if exposed | if not |"
    )
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |")
    order = {"active": 0, "poc": 1, "none": 2}
    for key, rows in sorted(groups.items(), key=lambda one: (order.get(one[0][0], 3), str(one[0]))):
        scores = [row["cvss"] for row in rows if row["cvss"] is not None]
        known = [chance[row["cve"]] for row in rows if row["cve"] in chance]
        cells = [
            key[0], ANSWERS[key[1]], IMPACT[key[2]], str(len(rows)),
            str(sum(row["cve"] in exploited for row in rows)),
            f"{median(scores):.1f}" if scores else "?", f"{median(known):.4f}" if known else "not fetched",
            *(due.get((False, is_exposed, *key[1:]), "?") for is_exposed in (True, False)),
        ]  # fmt: skip
        print(f"| {' | '.join(cells)} |")
    named = {row["cve"] for rows in groups.values() for row in rows}
    print(f"\n{len(named)} flaws, {len(named & exploited)} in KEV,")
    print(
        f"{len(chance)} scores of EPSS. Times are those of a flaw that is not in KEV; one that is has 3 days or 14."
    )


def main() -> None:
    """Print a line a score."""
    knowledge = Knowledge.open()
    if "--rated" in sys.argv[1:]:
        rated(knowledge)
        return
    later = {row["cve"]: row["date_added"] for row in knowledge.rows("kev")}
    rows = [row for row in knowledge.rows("flaws") if later.get(row["cve"], "9") > ON_RECORD]
    print(f"{len(rows)} flaws of connected devices on record {ON_RECORD}, not exploited by then")
    print("| score | AUC | 95 % | exploited later | not |\n| --- | ---: | --- | ---: | ---: |")
    for name, score in SCORES.items():
        told = [(value, row["cve"] in later) for row in rows if (value := score(row)) is not None]
        area, low, high, n_yes, n_no = auc(told)
        print(f"| {name} | {area:.2f} | {low:.2f}-{high:.2f} | {n_yes} | {n_no} |")


if __name__ == "__main__":
    main()
