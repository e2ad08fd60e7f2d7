"""Write docs/leaks.md: what the devices of real captures send to whom, under whose law, from one scan of them."""  # noqa: INP001

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from generate import DOCS, ROOT, table

PAGE = DOCS / "leaks.md"
CAPTURES = Path(os.environ.get("BEHOLDEN_CAPTURES") or ROOT.parent / "shared" / "captures")
RULES = (
    "prepositioning.port-map-asked", "prepositioning.relay-session", "prepositioning.software-outdated",
    "prepositioning.maintenance-service-open", "exfiltration.credential-in-clear", "exfiltration.payload-in-clear",
    "exfiltration.update-in-clear", "exfiltration.own-resolver", "exfiltration.certificate-shared",
    "exfiltration.certificate-not-verifiable", "exfiltration.old-encryption", "exfiltration.upload-unlike",
    "exfiltration.undeclared-destination", "privacy.identifier-in-clear", "privacy.interface-open",
    "privacy.advertising-contact",
)  # fmt: skip
"""What is told of devices that leave something open, or send it in clear or to others."""
NOTE = "<!-- Written by docs/leaks.py; `python docs/leaks.py` writes it anew. -->\n\n"
Row = dict[str, Any]


def page(captures: Path) -> str:
    """Scan the captures and make the page."""
    with TemporaryDirectory() as store:
        _beholden("scan", captures, "--store", store, "--no-report")
        by = ("--by=operator", "--by=regime")
        operators = _beholden("show", "flows", *by, "--store", store)
        devices = _beholden("show", "flows", "--by=device", *by, "--store", store)
        kinds = _beholden("show", "flows", "--by=kind", "--store", store)
        told = _beholden("show", "findings", "--store", store)
    return NOTE + (
        "# What devices of real captures send, to whom, under whose law\n\n"
        "Fifteen devices being set up (IoT Sentinel, Miettinen et al., ICDCS 2017) and captures of single protocols "
        "(tests of nDPI), scanned together: set-up and samples, no days of use, so volumes are what was recorded, not "
        "what a device sends in a day. The law is that of the operator's ultimate parent today. Where the operator of a "
        "name is not known it is not guessed, and an address alone names none.\n\n"
        "    beholden show flows --by device --by operator --by regime\n"
        f"\n## By operator\n\n{_operators(operators)}"
        f"\n## By content\n\n{_kinds(kinds)}"
        f"\n## By device, operator and law\n\n{_devices(devices)}"
        f"\n## What lies open, or leaves in clear\n\n{_told(told)}"
        f"\n## Instruments that compel access\n\n{_laws(operators)}"
    )


def _beholden(*words: object) -> Any:  # noqa: ANN401 - any JSON document
    program = Path(sys.executable).with_name("beholden")
    done = subprocess.run([program, *map(str, words), "--json"], check=True, capture_output=True, text=True)  # noqa: S603
    return json.loads(done.stdout)


def _kib(n: int) -> str:
    return f"{n / 1024:,.1f}"


def _joined(words: Iterable[str], most: int = 4) -> str:
    some = list(words)
    return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")


def _operators(rows: list[Row]) -> str:
    return table(
        ("operator", "law", "devices", "KiB up", "KiB down", "share", "content", "addresses in"),
        (
            (row["operator"] or "not known", row["jurisdiction"] or "not known", row["n_devices"], _kib(row["bytes_up"]),
             _kib(row["bytes_down"]), f"{row['share_up']:.1%}", _joined(row["kinds"]), _joined(row["address_countries"]))
            for row in rows
        ),
    )  # fmt: skip


def _kinds(rows: list[Row]) -> str:
    return table(
        ("content", "devices", "KiB up", "KiB down", "share", "operators"),
        (
            (row["kind"], row["n_devices"], _kib(row["bytes_up"]), _kib(row["bytes_down"]), f"{row['share_up']:.1%}",
             _joined(row["operators"]))
            for row in rows
        ),
    )  # fmt: skip


def _devices(rows: list[Row]) -> str:
    return table(
        ("device", "id", "operator", "law", "content", "KiB up", "KiB down", "conversations", "addresses of", "in"),
        (
            (row["label"], row["device"][:8], row["operator"] or "not known", row["jurisdiction"] or "not known",
             _joined(row["kinds"]), _kib(row["bytes_up"]), _kib(row["bytes_down"]), row["n_flows"],
             _joined(row["address_owners"], 2), _joined(row["address_countries"]))
            for row in rows if row["operator"]
        ),
    )  # fmt: skip


def _told(rows: list[Row]) -> str:
    order = {rule: place for place, rule in enumerate(RULES)}
    held = sorted(
        (row for row in rows if row["rule_id"] in order),
        key=lambda row: (order[row["rule_id"]], row["label"], row["device"]),
    )
    return table(
        ("rule", "device", "id", "says"),
        ((row["rule_id"], row["label"], row["device"][:8], row["detail"]) for row in held),
    )


def _laws(rows: list[Row]) -> str:
    laws = {row["jurisdiction"]: row["instruments"] for row in rows if row["instruments"]}
    return table(("law", "instruments"), ((seat, "; ".join(laws[seat])) for seat in sorted(laws)))


if __name__ == "__main__":
    if not CAPTURES.is_dir():
        sys.exit(f"no captures at {CAPTURES}; BEHOLDEN_CAPTURES names their folder")
    PAGE.write_text(page(CAPTURES), "utf-8")
