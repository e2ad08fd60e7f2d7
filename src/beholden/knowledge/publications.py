"""Read registries in the formats their publishers offer: IEEE's CSV, delegated statistics, usb.ids, EPSS scores."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pyarrow as pa

from beholden.knowledge.registries import IEEE, Range, table_of_ranges
from beholden.knowledge.schemas import SCHEMAS

_BITS = {"MA-L": (24, 6), "MA-M": (28, 7), "MA-S": (36, 9)}
_PREFIX = re.compile(r"[0-9A-F]{6,9}")
_DELEGATED = ("allocated", "assigned")
_USB = re.compile(r"([0-9a-f]{4})  (.+)")


def ieee_csv_table(paths: Sequence[Path], countries: frozenset[str]) -> pa.Table:
    """Read the registries MA-L, MA-M and MA-S as IEEE publishes them.

    Columns Registry, Assignment, Organization Name, Organization Address; the first row of a prefix counts.
    """
    rows: dict[str, tuple[str, int, str, str, str | None]] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, strict=True):
                bits, digits = _BITS[row["Registry"]]
                prefix = row["Assignment"].strip().upper()
                if len(prefix) != digits or not _PREFIX.fullmatch(prefix):
                    raise ValueError(f"{prefix!r} is no prefix of {digits} digits")
                address = " ".join(row["Organization Address"].split())
                country = _country(address.split(), countries)
                rows.setdefault(prefix, (prefix, bits, row["Organization Name"].strip(), address, country))
    return pa.table([list(column) for column in zip(*sorted(rows.values()), strict=True)], schema=IEEE)


def _country(words: Sequence[str], countries: frozenset[str]) -> str | None:
    """Give the country of an address that ends `… US 95134`: the last code that stands behind no number."""
    for place in range(len(words) - 1, 0, -1):
        is_after_number = any(one.isdigit() for one in words[place - 1])
        if words[place] in countries and not is_after_number:
            return words[place]
    return None


def delegated_table(paths: Iterable[Path]) -> pa.Table:
    """Read delegated statistics into address ranges by country, neighbours of one country as one range.

    Source: RIR statistics exchange format, https://ftp.arin.net/pub/stats/arin/README
    """
    families: dict[int, list[Range]] = {4: [], 6: []}
    for path in paths:
        for family, found in _delegations(path):
            families[family].append(found)
    return table_of_ranges({family: _joined(sorted(found)) for family, found in families.items()}, "country")


def _delegations(path: Path) -> Iterator[tuple[int, Range]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            cells = line.rstrip("\n").split("|")
            if len(cells) < 7 or cells[2] not in ("ipv4", "ipv6") or cells[6] not in _DELEGATED:
                continue
            country = cells[1].upper()
            if not re.fullmatch("[A-Z]{2}", country) or country == "ZZ":
                continue
            start = int(ip_address(cells[3]))
            if cells[2] == "ipv4":
                yield 4, (start, start + int(cells[4]) - 1, country)
            else:
                yield 6, (start, int(ip_network(f"{cells[3]}/{cells[4]}").broadcast_address), country)


def _joined(rows: Iterable[Range]) -> list[Range]:
    found: list[Range] = []
    for start, end, value in rows:
        if found and found[-1][2] == value and found[-1][1] + 1 == start:
            found[-1] = (found[-1][0], end, value)
        else:
            found.append((start, end, value))
    return found


def usb_ids_table(path: Path) -> pa.Table:
    """Read usb.ids: vendors (product empty) and their products; classes and interfaces are left out.

    Source: http://www.linux-usb.org/usb.ids
    """
    rows: list[tuple[str, str, str, str]] = []
    vendor: tuple[str, str] | None = None
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            found = _USB.fullmatch(line.strip())
            if line.startswith(("#", "\t\t")) or not line.strip():
                continue
            if not line.startswith("\t"):
                vendor = (found[1], found[2]) if found else None
                rows += [(vendor[0], "", vendor[1], "")] if vendor else []
            elif vendor and found:
                rows.append((vendor[0], found[1], vendor[1], found[2]))
    return pa.table(
        [list(column) for column in zip(*sorted(set(rows)), strict=True)], schema=SCHEMAS["usb_ids"]
    )


def epss_table(path: Path) -> pa.Table:
    """Read the scores of a day: cve, epss and percentile (0-1), behind one line about the model."""
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(line for line in stream if not line.startswith("#")):
            scores = float(row["epss"]), float(row["percentile"])
            if not all(0 <= score <= 1 for score in scores):
                raise ValueError(f"{row['cve']} has a score outside 0 to 1")
            rows.append((row["cve"], *scores))
    return pa.table([list(column) for column in zip(*sorted(rows), strict=True)], schema=SCHEMAS["epss"])
