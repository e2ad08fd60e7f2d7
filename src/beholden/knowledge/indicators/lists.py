"""All lists that a user gave, as two tables: what they name with its window of validity, and what each list is."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators import misp, plain, stix, zeek
from beholden.knowledge.indicators.entries import ENTRIES, Entries, Faults, Words
from beholden.model.errors import BeholdenError, Report

_HEAD = 1 << 16
_MOST_JSON = 1 << 30
"""Bytes of the largest document of JSON that is read: it is whole in memory."""
_PAPERS = frozenset({".md", ".pdf", ".html"})
_FOLDER = "indicators"
"""Where lists of packs stand."""
DEFAULT_SIGNAL = "indicator.control"
INDICATORS = pa.schema(
    [
        *ENTRIES,
        ("half_life_days", pa.float64()),
        ("is_dated", pa.bool_()),
        ("list_id", pa.string()),
        ("row", pa.int64()),
    ]
)
LISTS = pa.schema(
    [(name, pa.string()) for name in ("list_id", "file", "title", "publisher", "date", "marking")]
)


@dataclass(frozen=True)
class Lists:
    """What was read: tables of INDICATORS and LISTS."""

    indicators: pa.Table
    lists: pa.Table


def with_indicators(knowledge: Knowledge, paths: Sequence[Path], report: Report) -> Knowledge:
    """Give knowledge with the lists of its packs and of these files and folders; their content is part of its id."""
    shipped = knowledge.folder / _FOLDER
    found = read_lists([*([shipped] if shipped.is_dir() else []), *paths], knowledge, report)
    if not found.lists.num_rows:
        return knowledge
    ids = sorted(found.lists["list_id"].to_pylist())
    return knowledge.beside({"indicators": found.indicators, "indicator_lists": found.lists}, ids)


def read_lists(paths: Sequence[Path], knowledge: Knowledge, report: Report) -> Lists:
    """Read files and folders of lists; the same content under two names is read once.

    Raises BeholdenError for a path that is not there.
    """
    words, kinds = Words.of(knowledge), knowledge.table("indicator_kinds")
    indicators, lists = [INDICATORS.empty_table()], list[dict[str, str]]()
    seen = set[str]()
    for path in _files(paths):
        with path.open("rb") as file:
            list_id = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        if list_id in seen:
            continue
        seen.add(list_id)
        entries = Entries(words, Faults(str(path), report))
        _read(path, entries)
        entries.faults.finish()
        indicators.append(_dated(entries, kinds, list_id))
        lists.append(_described(path, entries, list_id))
    return Lists(pa.concat_tables(indicators).combine_chunks(), pa.Table.from_pylist(lists, schema=LISTS))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise BeholdenError(f"{path}: no such file or folder of indicators")
        inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        yield from (one for one in inside if path == one or not _is_paper(one.relative_to(path)))


def _is_paper(inner: Path) -> bool:
    return inner.suffix in _PAPERS or any(part.startswith(".") for part in inner.parts)


def _read(path: Path, entries: Entries) -> None:
    """Read a list by its content."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        _read_json(path, entries)
    elif zeek.recognise(head):
        zeek.read(path, entries)
    elif b"\0" in head:
        entries.faults.tell("", "no text", "not read")
    else:
        plain.read(path, entries)


def _read_json(path: Path, entries: Entries) -> None:
    if path.stat().st_size > _MOST_JSON:
        return entries.faults.tell("", f"more than {_MOST_JSON:,} bytes of JSON", "not read")
    text = path.read_text("utf-8-sig", "replace")
    try:
        document = json.loads(text)
    except RecursionError:
        return entries.faults.tell("", "JSON so deep is not read", "not read")
    except ValueError as error:
        return entries.faults.tell("", f"damaged JSON: {str(error)[:80]}", "not read")
    if misp.recognise(document):
        misp.read(document, text, entries)
    elif stix.recognise(document):
        stix.read(document, text, entries)
    else:
        entries.faults.tell("", "JSON that holds neither STIX objects nor MISP events", "not read")
    return None


def _described(path: Path, entries: Entries, list_id: str) -> dict[str, str]:
    return {
        "list_id": list_id,
        "file": str(path),
        "title": entries.title or path.name,
        "publisher": entries.publisher or "not stated",
        "date": entries.date.date().isoformat() if entries.date else "not dated",
        "marking": entries.marking or "not stated",
    }


def _dated(entries: Entries, kinds: pa.Table, list_id: str) -> pa.Table:
    """Give the rows of a list with confidence and window: stated ones, else those of their kind.

    What has no stated end holds for the life of its kind after it was last known to; the same goes for its begin.
    A kind without a life, such as a file, was the same before anybody listed it.
    """
    rows = entries.table()
    at = pc.index_in(rows["kind"], kinds["kind"])
    confidence, life, half_life = (
        kinds[name].take(at) for name in ("confidence", "life_days", "half_life_days")
    )
    said = entries.said
    seen_at = _else(rows["seen_at"], entries.date)
    columns = {
        "signal": _else(_else(rows["signal"], said.get("signal")), DEFAULT_SIGNAL),
        "confidence": pc.coalesce(_else(rows["confidence"], said.get("confidence")), confidence),
        "seen_at": seen_at,
        "valid_from": pc.if_else(
            pc.is_null(life), None, pc.coalesce(rows["valid_from"], _moved(seen_at, life, -1))
        ),
        "valid_until": pc.coalesce(
            _else(rows["valid_until"], said.get("valid_until")), _moved(seen_at, life, 1)
        ),
        "half_life_days": half_life,
        "is_dated": pc.or_(pc.is_valid(seen_at), pc.is_null(half_life)),
        "list_id": pa.repeat(pa.scalar(list_id), rows.num_rows),
        "row": pa.array(range(rows.num_rows), pa.int64()),
    }
    return pa.table([columns.get(name, rows[name] if name in rows.column_names else None) for name in INDICATORS.names],
                    schema=INDICATORS)  # fmt: skip


def _else(column: pa.ChunkedArray, otherwise: datetime | str | float | None) -> pa.ChunkedArray:
    return column if otherwise is None else pc.fill_null(column, pa.scalar(otherwise, column.type))


def _moved(instants: pa.ChunkedArray, days: pa.ChunkedArray, sign: int) -> pa.ChunkedArray:
    """Give instants so many days later or, with a negative sign, earlier; null where either is not known."""
    micro = pc.multiply(pc.cast(days, pa.int64()), sign * 86_400_000_000)
    return pc.add(instants, pc.cast(micro, pa.duration("us")))


def fact_ids(indicators: pa.Table) -> pa.ChunkedArray:
    """Give the id of the fact that each row is: its list and its place in it."""
    return pc.binary_join_element_wise(indicators["list_id"], pc.cast(indicators["row"], pa.string()), ".")


def facts(knowledge: Knowledge, ids: Sequence[str]) -> list[dict[str, object]]:
    """Give rows of the table `facts` for those of these ids that are of lists."""
    indicators = knowledge.table("indicators")
    if not indicators.num_rows:
        return []
    wanted = [one.split(".") for one in ids if "." in one]
    lists = {row["list_id"]: row for row in knowledge.rows("indicator_lists")}
    starts = {one: pc.index(indicators["list_id"], one).as_py() for one in lists}
    places = [starts[list_id] + int(row) for list_id, row in wanted if list_id in lists]
    found = indicators.take(pa.array(places, pa.int64())).to_pylist()
    return [_fact(row, lists[row["list_id"]]) for row in found]


def _fact(row: dict[str, object], of: dict[str, str]) -> dict[str, object]:
    port = f" port {row['port']}" if row["port"] else ""
    place = f"line {row['line']}" + (f", character {row['character']}" if row["character"] else "")
    window = f"from {_day(row['valid_from'])} to {_day(row['valid_until'])}"
    said = [
        of["title"],
        row["object_id"],
        row["says"],
        row["attack"],
        f"{of['file']} {place}",
        f"holds {window}",
    ]
    return {
        "fact_id": f"{row['list_id']}.{row['row']}",
        "pack": of["file"],
        "text": f"{row['value']}{row['path'] or ''}{port} is listed: {'; '.join(str(one) for one in said if one)}",
        "source_id": of["list_id"],
        "publisher": row["publisher"] or of["publisher"],
        "title": of["title"],
        "url": row["url"],
        "date": _day(row["seen_at"]) if row["seen_at"] else of["date"],
        "licence": row["marking"] or of["marking"],
    }


def _day(when: object) -> str:
    return when.date().isoformat() if isinstance(when, datetime) else "?"
