"""Read exports of connectivity platforms: paths in; use as Parquet parts, lists of cards and their limits out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.schemas import arrow_schema
from beholden.ingest.cards import lists, usage
from beholden.ingest.cards.columns import Header
from beholden.ingest.cards.files import batches, head_of
from beholden.ingest.cards.texts import Worlds
from beholden.ingest.hashing import file_hash
from beholden.ingest.read import find
from beholden.ingest.tabular.problems import Problems
from beholden.model.cards import CARD_LIMITS, CARDS
from beholden.model.errors import Problem, Report

_NEEDED = "no column for a card (ICCID or IMSI) with a day of use, or with what it is meant for"


@dataclass(frozen=True)
class Part:
    """Some rows of use as a Parquet file, and the days it reaches over."""

    path: Path
    first_day: int
    last_day: int


@dataclass
class Exports:
    """What was read. `files` has a row of the table `evidence` for each file."""

    parts: list[Part] = field(default_factory=list)
    cards: list[pa.Table] = field(default_factory=list)
    limits: list[pa.Table] = field(default_factory=list)
    files: list[dict[str, object]] = field(default_factory=list)
    n_rows: int = 0
    n_rejected: int = 0

    @property
    def sources(self) -> list[str]:
        """Give the hashes of the files, in the order of the numbers that places begin with."""
        return [str(one["evidence_id"]) for one in self.files]

    def lists(self) -> tuple[pa.Table, pa.Table]:
        """Give the tables `cards`, one row a card, the last where several say of one, and `card_limits`."""
        rows = pa.concat_tables([arrow_schema(CARDS).empty_table(), *self.cards])
        said = [name for name in rows.column_names if name != "card"]
        single = rows.group_by("card", use_threads=False).aggregate([(name, "last") for name in said])
        single = single.select(["card", *(f"{name}_last" for name in said)]).rename_columns(["card", *said])
        limits = pa.concat_tables([arrow_schema(CARD_LIMITS).empty_table(), *self.limits])
        return single, limits.group_by(limits.column_names).aggregate([])

    def by_overlap(self) -> tuple[list[Path], list[Path]]:
        """Give parts whose days no other part has, and the others, in which a card's day may have several rows."""
        ordered = sorted(self.parts, key=lambda part: part.first_day)
        alone: list[Path] = []
        others: list[Path] = []
        reach: int | None = None
        for at, part in enumerate(ordered):
            after = ordered[at + 1].first_day if at + 1 < len(ordered) else None
            is_reached = reach is not None and part.first_day <= reach
            is_alone = not is_reached and (after is None or after > part.last_day)
            (alone if is_alone else others).append(part.path)
            reach = part.last_day if reach is None else max(reach, part.last_day)
        return alone, others


def read(paths: Sequence[str], folder: Path, worlds: Worlds, report: Report) -> Exports:
    """Read files and folders of exports; the same content under two names is read once."""
    exports = Exports()
    for path in find(paths):
        problems = Problems(report, str(path))
        header = head_of(path, problems)
        if header is not None and (header.is_usage or header.is_list):
            digest = file_hash(path)
            if digest in exports.sources:
                report(Problem(str(path), "", "the same content as another file", "read once"))
            else:
                exports.files.append(_evidence(path, digest))
                before = exports.n_rows, exports.n_rejected
                _read(path, header, exports, folder, worlds, problems)
                counts = exports.n_rows - before[0], exports.n_rejected - before[1]
                exports.files[-1] |= dict(zip(("n_records", "n_rejected"), counts, strict=True))
        elif header is not None:
            problems.tell("header", "", _NEEDED, "nothing read")
        problems.finish()
    return exports


def _evidence(path: Path, digest: str) -> dict[str, object]:
    with path.open("rb") as stream:
        kind = "parquet" if stream.read(4) == b"PAR1" else "csv"
    return {"evidence_id": digest, "kind": kind, "name": str(path), "size_bytes": path.stat().st_size}


def _read(
    path: Path, header: Header, exports: Exports, folder: Path, worlds: Worlds, problems: Problems
) -> None:
    source = len(exports.files) - 1
    for batch in batches(path, header, problems):
        exports.n_rows += batch.n_rows
        if header.is_list:
            cards, limits = lists.read(batch, worlds, problems)
            exports.cards.append(cards)
            exports.limits.append(limits)
            exports.n_rejected += batch.n_rows - cards.num_rows
            continue
        read_rows = usage.read(batch, header, source, worlds, problems)
        exports.n_rejected += read_rows.n_rejected
        exports.parts.extend(_written(read_rows.rows, folder, len(exports.parts)))


def _written(rows: pa.Table, folder: Path, number: int) -> Iterator[Part]:
    if rows.num_rows:
        path = folder / f"usage-{number:05}.parquet"
        pq.write_table(rows, path, compression="zstd", compression_level=1)
        days = pc.min_max(rows["day"]).as_py()
        yield Part(path, days["min"], days["max"])
