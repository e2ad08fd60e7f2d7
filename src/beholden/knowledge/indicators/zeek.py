"""Files of Zeek's intelligence framework: tab-separated, columns named by `#fields`."""

from pathlib import Path
from typing import Any

from beholden.knowledge.indicators.entries import Entries, instant

_FORM = "zeek"
_FIELDS = "#fields"
_UNSET = ("-", "(empty)")
_LONGEST = 1 << 16


def recognise(head: bytes) -> bool:
    """Tell whether a file begins like one of the intelligence framework."""
    return any(line.startswith(b"#fields\t") and b"indicator_type" in line for line in head.splitlines())


def read(path: Path, entries: Entries) -> None:
    """Take every line."""
    names: list[str] = []
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(_LONGEST):
            number += 1
            if not raw.endswith(b"\n") and len(raw) == _LONGEST:
                entries.faults.tell(f"line {number}", f"more than {_LONGEST:,} bytes")
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(_LONGEST)
                continue
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.startswith(_FIELDS):
                names = line.split("\t")[1:]
            elif line and not line.startswith("#"):
                _take(dict(zip(names, line.split("\t"), strict=False)), number, entries)


def _take(cells: dict[str, str], number: int, entries: Entries) -> None:
    told = {name: cell for name, cell in cells.items() if cell not in _UNSET}
    place, sort = f"line {number}", told.get("indicator_type", "")
    kinds = entries.words.types.get((_FORM, sort))
    if kinds is None:
        return entries.faults.tell(place, f"{sort or 'no type'}: nothing that beholden sees bears it")
    return entries.add(kinds, told.get("indicator", ""), place, _said(told, number, entries))


def _said(told: dict[str, str], number: int, entries: Entries) -> dict[str, Any]:
    words = [told.get(name, "") for name in ("meta.category", "meta.desc", "meta.source")]
    return entries.words.read(words) | {
        "seen_at": instant(told.get("meta.last_seen") or told.get("meta.date")),
        "valid_from": instant(told.get("meta.first_seen")),
        "says": told.get("meta.desc"),
        "publisher": told.get("meta.source"),
        "url": told.get("meta.url"),
        "line": number,
    }
