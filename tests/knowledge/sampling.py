"""Draw rows of every pack to hold against their pages again: `python -m tests.knowledge.sampling SEED [PACK …]`."""

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from beholden.knowledge.files import read_csv, read_toml, read_yaml

ROOT = Path(__file__).resolve().parents[2] / "knowledge"
SHARE, LEAST = Fraction(1, 20), 20
LEFT_OUT = ("vocabulary", "rules", "profiles", "registries")
"""Packs of our own making: words, weights and switches, which state no fact of somebody else."""

Row = Mapping[str, object]


def packs(root: Path = ROOT) -> dict[str, list[Row]]:
    """Read the rows of every pack of sourced facts, by the pack's path."""
    found: dict[str, list[Row]] = {"sources": list(sources(root)), "fingerprints": list(fingerprints(root))}
    for path in sorted(root.glob("*/*.csv")):
        if path.parent.name not in LEFT_OUT:
            pack = str(path.relative_to(root))
            found[pack] = [row.cells for row in read_csv(root, pack)]
    return found


def sources(root: Path) -> Iterator[Row]:
    """Read every source with its id."""
    for path in sorted(root.glob("sources/*.toml")):
        for name, source in read_toml(path)["sources"].items():
            yield {"id": name, **source}


def fingerprints(root: Path) -> Iterator[Row]:
    """Read every fingerprint with the property it matches."""
    for path in sorted(root.glob("fingerprints/*.yaml")):
        held = read_yaml(path)
        yield from ({"property": held["property"], **one} for one in held["fingerprints"])


def drawn(rows: Sequence[Row], seed: str) -> list[Row]:
    """Draw a twentieth of the rows, at least twenty (all, where there are fewer), the same ones for a seed."""
    size = min(len(rows), max(LEAST, -int(-len(rows) * SHARE // 1)))
    return random.Random(seed).sample(list(rows), size)


def main(seed: str, wanted: Sequence[str]) -> None:
    """Print the draw of each pack, one row a line."""
    for pack, rows in packs().items():
        if not wanted or pack in wanted:
            sample = drawn(rows, f"{seed} {pack}")
            print(f"\n{pack}: {len(sample)} of {len(rows)}")  # noqa: T201
            for row in sample:
                print(json.dumps({k: v for k, v in row.items() if v}, ensure_ascii=False, default=str))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
