"""The partitions of a fleet: files behind paths and folders, known by their content and the folders they lie in."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.ingest.formats import HEAD, recognise
from beholden.ingest.hashing import file_hash
from beholden.ingest.read import find
from beholden.ingest.referred import BILLS
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id

KINDS = ("parquet", "csv", "xlsx")
"""Kinds of evidence that a partition can be."""
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Partition:
    """One file. name: its path or URL. hive: what its folders say of all its rows, as `site=north`.

    bills: references of its rows to bills of materials, and the SHA-256 of these.
    """

    name: str
    kind: str
    hive: tuple[tuple[str, str], ...]
    evidence_id: str
    bills: tuple[tuple[str, str], ...] = ()

    @property
    def partition_id(self) -> str:
        """Give what it is known by: its content, what its folders say, and the bills that it refers to."""
        known = self.evidence_id
        for kind, said in (("hive", self.hive), ("bills", self.bills)):
            if said:
                known += f"-{content_id(kind, *(text for pair in said for text in pair))}"
        return known

    def referring(self, bills: Mapping[str, str]) -> "Partition":
        """Give the partition with the bills that its references lead to."""
        return replace(self, bills=tuple(sorted(bills.items())))


def partitions(paths: Sequence[str], report: Report) -> list[Partition]:
    """Find partitions, in the order of their paths; the same content in the same place is one.

    What is no inventory is told of and left out, and so is what went away while it was listed. Raises BeholdenError
    for a path that is not there.
    """
    files = [path for path in find(paths) if not is_passed_over(PurePath(path.name))]
    with ThreadPoolExecutor(2) as pool:
        found = [one for one in pool.map(lambda path: identify(path, str(path), report), files) if one]
    return distinct(found)


def distinct(found: Sequence[Partition]) -> list[Partition]:
    """Give the first of those that are the same."""
    return list({one.partition_id: one for one in reversed(found)}.values())[::-1]


def is_passed_over(path: PurePath) -> bool:
    """Say whether a file of a folder is hidden, or one that programs write beside partitions."""
    return path.name.startswith("_") or any(part.startswith(".") for part in path.parts)


def identify(path: Path, name: str, report: Report) -> Partition | None:
    """Say which partition a file is, by its content; None for what is no inventory or gone, which is told of."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        kind, reason = recognise(head, path)
        if kind in KINDS:
            return Partition(name, str(kind), hive(name), file_hash(path))
    except OSError as error:
        report(Problem(name, "", error.strerror or str(error), "left out"))
        return None
    if kind not in BILLS:  # these are read where records refer to them
        tell_other(name, kind, reason, report)
    return None


def tell_other(name: str, kind: str | None, reason: str, report: Report) -> None:
    """Tell of a file that is no inventory."""
    done = "not read; `beholden scan` reads other evidence"
    report(Problem(name, "", reason or f"{kind}, no inventory", done))


def is_damaged(path: Path, kind: str) -> bool:
    """Say whether a partition cannot be read through: a page is damaged, or it is gone."""
    if kind != "parquet":
        return not path.exists()
    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError):
        return True
    return False


def hive(name: str) -> tuple[tuple[str, str], ...]:
    """Give the names and values that the folders of a path or URL say."""
    said = (folder.partition("=") for folder in PurePosixPath(name).parts[:-1])
    return tuple((key, unquote(value)) for key, sign, value in said if sign and key and value != _NO_VALUE)
