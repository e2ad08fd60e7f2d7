"""Write docs/protocols.md: what dissectors tell of their examples, and of real captures, and why a device is claimed."""  # noqa: INP001

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from generate import DOCS, ROOT, code, examples, table

PAGE = DOCS / "protocols.md"
CHECKED = DOCS / "protocols-checked.csv"
CAPTURES = Path(os.environ.get("BEHOLDEN_CAPTURES") or ROOT.parent / "shared" / "captures") / "ndpi"
NOTE = "<!-- Written by docs/protocols.py; `python docs/protocols.py` writes it anew. -->\n\n"
_UNNAMED = {"ip", "mac", "gateway", "frame", "port"}
"""Beginnings of properties that name no protocol."""
Row = dict[str, Any]


def page(captures: Path) -> str:
    """Scan each capture by itself and make the page."""
    scanned = [(path.name, scan(path)) for path in sorted(captures.glob("*.pcap*"))]
    named = [(code(name), " ".join(protocols(found)), len(found["devices"])) for name, found in scanned]
    claimed = [(code(name), *claim) for name, found in scanned for claim in claims(found)]
    with CHECKED.open(encoding="utf-8", newline="") as stream:
        checked = [tuple(row.values()) for row in csv.DictReader(stream)]
    return NOTE + (
        "# What protocols tell\n\n## Of examples\n\nOne row: an example that the tests read, where it is from, and the "
        "properties it gives.\n\n"
        + table(("protocol", "example", "from", "tells"), examples())
        + "\n## Of real captures\n\nCaptures that nDPI is tested with, each scanned by itself: the protocols that told "
        "something of somebody, and how many devices there are.\n\n"
        + table(("capture", "told by", "devices"), named)
        + "\n## Why a device is claimed there\n\nEvery claim that was chosen: what was seen first, in which frame, and "
        "the fingerprint or registry that claims by it.\n\n"
        + table(("capture", "device", "field", "is", "confidence", "by", "frame", "seen"), claimed)
        + "\n## Held against the captures\n\nClaims that were looked up in the capture, with what stands there.\n\n"
        + table(("capture", "claim", "verdict", "what the capture shows"), checked)
    )


def scan(path: Path) -> dict[str, list[Row]]:
    """Scan one capture and give the tables of the scan that are needed."""
    program = Path(sys.executable).with_name("beholden")
    with TemporaryDirectory() as store:
        command = [program, "scan", path, "--store", store, "--no-report"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        (folder,) = (Path(store) / "scans").iterdir()
        return {
            name: pq.read_table(folder / f"{name}.parquet").to_pylist()
            for name in ("devices", "device_identifiers", "identifications", "observations")
        }


def protocols(found: dict[str, list[Row]]) -> list[str]:
    """Name the protocols that told something, by the beginnings of properties."""
    return sorted({row["property"].partition(".")[0] for row in found["observations"]} - _UNNAMED)


def claims(found: dict[str, list[Row]]) -> Iterator[tuple[object, ...]]:
    """Give device, field, value, confidence, fingerprint, frame and what was seen, of what was chosen."""
    names: dict[str, str] = {}
    for row in sorted(
        found["device_identifiers"], key=lambda row: (row["identifier_kind"] != "mac", row["identifier"])
    ):
        names.setdefault(row["device_id"], row["identifier"])
    chosen = [row | {"of": names[row["device_id"]]} for row in found["identifications"] if row["is_chosen"]]
    for row in sorted(
        chosen, key=itemgetter("of", "field", "value", "locator", "fingerprint_id", "observed")
    ):
        seen = f"{row['property']} {row['observed']}"
        yield (
            row["of"], row["field"], row["value"], f"{row['confidence']:.2f}",
            code(row["fingerprint_id"]), row["locator"], seen[:120],
        )  # fmt: skip


if __name__ == "__main__":
    if not CAPTURES.is_dir():
        sys.exit(f"no captures in {CAPTURES}; BEHOLDEN_CAPTURES says where they are")
    PAGE.write_text(page(CAPTURES), "utf-8")
