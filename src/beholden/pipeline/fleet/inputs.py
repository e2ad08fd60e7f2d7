"""The partitions of a fleet: files behind paths and folders, known by their content and the folders they lie in."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.ingest.formats import HEAD, recognise
from beholden.ingest.hashing import file_hash
from beholden.ingest.read import find
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id

KINDS = ("parquet", "csv", "xlsx")
"""Kinds of evidence that a partition can be."""
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Partition:
    """One file. hive: names and values that its folders give to all its rows, as `site=north`."""

    path: Path
    kind: str
    hive: Sequence[tuple[str, str]]
    evidence_id: str

    @property
    def partition_id(self) -> str:
        """Give what it is known by: its content and what its folders say."""
        said = [text for pair in self.hive for text in pair]
        return self.evidence_id + (f"-{content_id('hive', *said)}" if said else "")


def partitions(paths: Sequence[str], report: Report) -> list[Partition]:
    """Find partitions, in the order of their paths; the same content in the same place is one.

    What is no inventory is told of and left out, and so is what went away while it was listed. Raises BeholdenError
    for a path that is not there.
    """
    files = [path for path in find(paths) if not path.name.startswith(("_", "."))]
    with ThreadPoolExecutor(2) as pool:
        found = [one for one in pool.map(lambda path: _partition(path, report), files) if one is not None]
    return list({one.partition_id: one for one in reversed(found)}.values())[::-1]


def _partition(path: Path, report: Report) -> Partition | None:
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        kind, reason = recognise(head, path)
        if kind in KINDS:
            return Partition(path, str(kind), tuple(_hive(path)), file_hash(path))
    except OSError as error:
        report(Problem(str(path), "", error.strerror or str(error), "left out"))
        return None
    report(
        Problem(
            str(path), "", reason or f"{kind}, no inventory", "not read; `beholden scan` reads other evidence"
        )
    )
    return None


def is_damaged(one: Partition) -> bool:
    """Say whether a partition cannot be read through: a page is damaged, or it is gone."""
    if one.kind != "parquet":
        return not one.path.exists()
    try:
        with pq.ParquetFile(one.path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError):
        return True
    return False


def _hive(path: Path) -> Iterator[tuple[str, str]]:
    for folder in path.parts[:-1]:
        name, sign, value = folder.partition("=")
        if sign and name and value != _NO_VALUE:
            yield name, unquote(value)
