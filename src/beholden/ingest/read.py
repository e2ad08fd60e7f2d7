"""The stage `ingest`: paths in; evidence, observations, flows and lookups out.

A folder is walked; each file is recognised by its content, known by its hash and read by
its reader. What cannot be read is told of in one line and the rest is kept.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import coded
from beholden.ingest import referred
from beholden.ingest.formats import HEAD, reader_of, recognise
from beholden.ingest.hashing import HashingStream, file_hash, hash_in_background
from beholden.ingest.inventory import Inventory
from beholden.ingest.sink import Piece, Spill
from beholden.ingest.tabular.problems import Problems
from beholden.model.errors import BeholdenError, Problem, Report
from beholden.model.tables import OBSERVATIONS

if TYPE_CHECKING:
    from beholden.ingest.logs import ReadLog

STDIN = "-"
DEFAULT_LIMIT = 2 << 30
_TABLES = ("csv", "xlsx", "parquet")
"""Kinds whose columns a mapping may name."""


@dataclass(frozen=True)
class Options:
    """How to read: names of inventory columns, how much compressed evidence may grow, and whom to tell.

    `on_compile` is called where the packet kernels have to be compiled first. `spill` says where large tables of
    captures and logs are written; without it all stays in memory.
    """

    mapping: Mapping[str, str] | None = None
    limit_bytes: int = DEFAULT_LIMIT
    on_progress: Callable[[int], None] | None = None
    on_compile: Callable[[], None] | None = None
    spill: Spill | None = None


@dataclass
class Ingested:
    """The stage's tables, grown evidence by evidence; observations of captures and logs, and of inventories, stand apart.

    evidence: rows of the model's table.
    """

    evidence: list[dict[str, Any]] = field(default_factory=list)
    observations: list[Piece] = field(default_factory=list)
    flows: list[Piece] = field(default_factory=list)
    lookups: list[Piece] = field(default_factory=list)
    listed: list[pa.Table] = field(default_factory=list)
    """Observations of inventories."""
    records: list[pa.Table] = field(default_factory=list)
    """The same by record, with the SHA-256 of the bill of materials that each refers to."""
    bills: dict[str, pa.Table] = field(default_factory=dict)
    """Observations of the bills that records refer to, by SHA-256."""


def find(paths: Sequence[str]) -> Iterator[Path]:
    """Give the files behind paths and folders, without hidden ones; raises BeholdenError for a path that is not there."""
    for text in paths:
        path = Path(text)
        if path.is_dir():
            inside = (one for one in sorted(path.rglob("*")) if one.is_file())
            yield from (one for one in inside if not _is_hidden(one.relative_to(path)))
        elif path.exists():
            yield path
        else:
            raise BeholdenError(f"{text}: no such file or folder")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def ingest(paths: Sequence[str], report: Report, options: Options) -> Ingested:
    """Read all evidence; the same content under two names is read once."""
    result = Ingested()
    seen: set[str] = set()
    if STDIN in paths:
        _read_capture(STDIN, sys.stdin.buffer, result, report, options)
    for path in find([text for text in paths if text != STDIN]):
        _read_one(path, result, seen, report, options)
    _refer(paths, result, seen, report, options)
    return result


def _refer(paths: Sequence[str], result: Ingested, seen: set[str], report: Report, options: Options) -> None:
    """Follow what inventories say of bills of materials; a bill that nobody refers to speaks for itself."""
    files = {str(row["evidence_id"]): str(row["name"]) for row in result.evidence}

    def read(path: Path) -> str | None:
        evidence_id = file_hash(path)
        if evidence_id not in seen and kind_of(path) in referred.BILLS:
            _read_one(path, result, seen, report, options)
        return evidence_id if evidence_id in result.bills else None

    among = {bill: (files[bill], said) for bill, said in result.bills.items()}
    folders = [Path(text) for text in paths if Path(text).is_dir()]
    at_hand = referred.Bills(folders, read, lambda: referred.names(among))
    used = set[str]()
    for at, records in enumerate(result.records):
        if asked := referred.references(records):
            name = files[records["evidence_id"][0].as_py()]
            problems = Problems(report, name)
            found = at_hand.follow(Path(name).parent, asked, problems)
            problems.finish()
            result.records[at] = referred.followed(records, found)
            used |= set(found.values())
    for bill in list(result.bills):
        said = result.bills[bill] if bill in used else result.bills.pop(bill)
        own = said.filter(pc.invert(referred.is_of_firmware(said))) if bill in used else said
        result.observations.append(coded(OBSERVATIONS, own))


def kind_of(path: Path) -> str | None:
    """Tell the kind of a file by its content."""
    with path.open("rb") as stream:
        return recognise(stream.read(HEAD), path)[0]


def _read_one(path: Path, result: Ingested, seen: set[str], report: Report, options: Options) -> None:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    kind, reason = recognise(head, path)
    if kind is None:
        report(Problem(str(path), "", reason, "not read"))
    elif kind == "capture":
        _read_capture(str(path), path, result, report, options, seen)
    else:
        _read_file(kind, path, result, seen, report, options)


def _read_capture(
    name: str,
    source: Path | BinaryIO,
    result: Ingested,
    report: Report,
    options: Options,
    seen: set[str] | None = None,
) -> None:
    from beholden.ingest import captures  # noqa: PLC0415 - the packet kernels load slowly

    if isinstance(source, Path):
        future = hash_in_background(source)
        read = captures.read(source, name, future.result, source.stat().st_size, report, options)
    else:
        stream = HashingStream(source)
        read = captures.read(
            cast("BinaryIO", stream), name, stream.finish, lambda: stream.n_bytes, report, options
        )
    if seen is not None:
        if read.evidence["evidence_id"] in seen:
            return
        seen.add(str(read.evidence["evidence_id"]))
    result.evidence.append(read.evidence)
    result.observations.append(read.observations)
    result.flows.append(read.flows)
    result.lookups.append(read.lookups)


def _read_file(
    kind: str, path: Path, result: Ingested, seen: set[str], report: Report, options: Options
) -> None:
    evidence_id = file_hash(path)
    if evidence_id in seen:
        return
    seen.add(evidence_id)
    reader = reader_of(kind)
    given: dict[str, Any] = {"mapping": options.mapping} if kind in _TABLES else {"options": options}
    read: ReadLog | Inventory = reader.read(path, evidence_id, report=report, **given)
    result.evidence.append(evidence_row(read, evidence_id, path))
    if isinstance(read, Inventory):
        result.listed.append(coded(OBSERVATIONS, read.observations))
        result.records.append(read.records)
    elif kind in referred.BILLS:
        result.bills[evidence_id] = referred.said_by(read.observations)
    else:
        result.observations.append(read.observations)
        result.flows.append(read.flows)
        result.lookups.append(read.lookups)


def evidence_row(read: "ReadLog | Inventory", evidence_id: str, path: Path) -> dict[str, Any]:
    """Give the row of `evidence` of a file that was read."""
    return {
        "evidence_id": evidence_id,
        "kind": read.kind,
        "name": str(path),
        "size_bytes": path.stat().st_size,
        "n_records": read.n_records,
        "n_rejected": read.n_rejected,
        "first_seen_at": read.first_seen_at,
        "last_seen_at": read.last_seen_at,
    }
