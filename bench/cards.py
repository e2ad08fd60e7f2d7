"""Measure `fleet cards` on a month of cards: time, memory, and precision and recall of each rule.

    python bench/cards.py bench/work/cards-1M --cards 1000000

Makes the month first where it is not there (bench/card_month.py).
"""

import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

import card_month
import pyarrow.parquet as pq

PROGRAM = Path(sys.executable).with_name("beholden")
_Z = 1.96
"""Of a two-sided interval of 95 %."""


def interval(hits: int, of: int) -> str:
    """Give a share with its interval (Wilson 1927)."""
    if not of:
        return "–"
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return f"{share:.3f} ({middle - half:.3f}–{middle + half:.3f})"


def run(folder: Path, out: Path) -> str:
    """Run the program; gives rows, seconds and memory in words."""
    paths = [folder / "usage", folder / "cards.parquet"]
    begun = time.perf_counter()
    done = subprocess.run(
        [PROGRAM, "fleet", "cards", *paths, "--out", out, "--actions", out / "actions", "--limit", "0"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    took, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    head = done.stdout.partition("\n")[0]
    return f"{head}; {took:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss >> 10:,} MiB"


def score(folder: Path, out: Path) -> dict[str, dict[str, int]]:
    """Count hits, false ones and misses of each rule, and among those that show; an open label counts in none."""
    labels = pq.read_table(folder / "labels.parquet").to_pydict()
    cards = labels.pop("card")
    found: dict[str, set[str]] = {}
    rows = pq.read_table(out / "card_findings.parquet", columns=["card", "rule_id"]).to_pydict()
    for card, rule in zip(rows["card"], rows["rule_id"], strict=True):
        found.setdefault(rule.partition(".")[2], set()).add(card)
    counts = {}
    for rule, column in labels.items():
        hit = found.get(rule, set())
        shown, hidden = (
            {card for card, label in zip(cards, column, strict=True) if label == n} for n in (1, 2)
        )
        clean = {card for card, label in zip(cards, column, strict=True) if label == 0}
        counts[rule] = {
            "planted": len(shown) + len(hidden),
            "shown": len(shown),
            "hits": len(hit & (shown | hidden)),
            "shown hits": len(hit & shown),
            "false": len(hit & clean),
            "clean": len(clean),
        }
    return counts


def print_scores(counts: dict[str, dict[str, int]]) -> None:
    """Print a Markdown table of precision and recall, of all events and of those that show, with intervals."""
    print(
        "| rule | planted | shown | found | false | precision (95 %) | recall of shown (95 %) | of all (95 %) |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for rule, of in counts.items():
        shares = (
            interval(of["hits"], of["hits"] + of["false"]),
            interval(of["shown hits"], of["shown"]),
            interval(of["hits"], of["planted"]),
        )
        numbers = (f"{of[name]:,}" for name in ("planted", "shown", "hits", "false"))
        print(f"| `{rule}` | {' | '.join([*numbers, *shares])} |")


if __name__ == "__main__":
    given = card_month.arguments(__doc__)
    if not (given.folder / "labels.parquet").exists():
        card_month.generate(given.folder, given.cards, given.seed, given.share)
    result = given.folder / "found"
    print(run(given.folder, result))
    scores = score(given.folder, result)
    (result / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", "utf-8")
    print_scores(scores)
