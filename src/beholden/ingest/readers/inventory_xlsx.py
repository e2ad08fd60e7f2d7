"""Read an inventory in a workbook (ECMA-376): every sheet with a header row that is recognised."""

import zipfile
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine

from beholden.ingest.inventory import Inventory, Sheet, assemble
from beholden.ingest.tabular.headers import SEARCHED, find_header, tell_columns
from beholden.ingest.tabular.problems import Problems
from beholden.model.errors import Report

LIMIT_BYTES = 1 << 30
"""Most that a workbook may hold uncompressed."""
_CHUNK = 1 << 20


def read(
    path: Path, evidence_id: str, *, report: Report, mapping: Mapping[str, str] | None = None
) -> Inventory:
    """Read a workbook; a locator is the row of the sheet, whose name stands in problems."""
    problems = Problems(report, str(path))
    return assemble("xlsx", sheets(path, problems, mapping), evidence_id, problems)


def sheets(path: Path, problems: Problems, mapping: Mapping[str, str] | None = None) -> list[Sheet]:
    """Read the columns of each sheet of a workbook, as they stand."""
    wrong = _wrong(path)
    if wrong:
        problems.tell("workbook", "", wrong, "nothing read")
        return []
    try:
        return _sheets(path, mapping, problems)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        problems.tell(
            "workbook", "", f"not a readable workbook: {str(error).splitlines()[0]}", "nothing read"
        )
        return []


def _wrong(path: Path) -> str:
    """Look at the directory of the archive, then at whether its sizes are true, before anything is unpacked."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "an OLE file: a workbook with a password, or of Excel before 2007"
    if not head.strip():
        return "empty file"
    try:
        with zipfile.ZipFile(path) as archive:
            if not any(name.startswith("xl/workbook.") for name in archive.namelist()):
                return "a ZIP archive without a workbook"
            if any(one.flag_bits & 1 for one in archive.infolist()):
                return "a ZIP archive with a password"
            total = sum(one.file_size for one in archive.infolist())
            if total > LIMIT_BYTES:
                return f"holds {total:,} bytes uncompressed, limit {LIMIT_BYTES:,}"
            _unpack(archive)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        return f"not a whole ZIP archive: {error}"
    except Exception as error:  # noqa: BLE001 - zlib, lzma and bz2 each raise their own
        return f"a damaged ZIP archive: {error}"
    return ""


def _unpack(archive: zipfile.ZipFile) -> None:
    """Unpack into nothing; a member that is larger than the directory says fails its checksum at that size."""
    for one in archive.infolist():
        with archive.open(one) as member:
            while member.read(_CHUNK):
                pass


def _sheets(path: Path, mapping: Mapping[str, str] | None, problems: Problems) -> list[Sheet]:
    workbook = python_calamine.load_workbook(str(path))
    try:
        found = [_sheet(workbook, name, mapping, problems) for name in workbook.sheet_names]
    finally:
        workbook.close()
    sheets = [sheet for sheet in found if sheet]
    if not sheets:
        problems.tell(
            "header", "", f"no sheet with a known column in its first {SEARCHED} rows", "nothing read"
        )
    return sheets


def _sheet(
    workbook: python_calamine.CalamineWorkbook,
    name: str,
    mapping: Mapping[str, str] | None,
    problems: Problems,
) -> Sheet | None:
    sheet = workbook.get_sheet_by_name(name)
    rows = sheet.to_python(skip_empty_area=False)
    header = find_header([[_text(value) for value in row] for row in rows[:SEARCHED]], mapping)
    if header is None:
        return None
    place = f"sheet '{name}', row {header.row + 1}"
    tell_columns(header, problems, place)
    body = [
        (number, row)
        for number, row in enumerate(rows[header.row + 1 :], header.row + 2)
        if any(value not in ("", None) for value in row)
    ]
    if not body:
        problems.tell("header only", place, "a header and no rows", "nothing read from this sheet")
    columns = [
        (told, pa.array([_text(row[at]) for _, row in body], pa.string()))
        for at, told in header.properties.items()
    ]
    locators = pa.array([number for number, _ in body], pa.int64())
    return Sheet(columns, locators, unit=f"sheet '{name}', row")


def _text(value: Any) -> str:  # noqa: ANN401 - calamine's union of cell types
    """Give a cell as text; whole numbers without decimals, instants as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return "" if value is None else str(value)
