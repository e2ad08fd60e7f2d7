"""Bills of materials that the records of a fleet refer to: in a partition their SHA-256 stands in a reference's stead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from beholden.engine import FleetEngine
from beholden.ingest.formats import reader_of
from beholden.ingest.hashing import file_hash
from beholden.ingest.inventory import columns_of
from beholden.ingest.read import Options, evidence_row, find, kind_of
from beholden.ingest.referred import BILLS, REFERENCE, Bills, names, said_by
from beholden.ingest.tabular.problems import Problems
from beholden.model.errors import Report
from beholden.pipeline.fleet.columns import Raw, short
from beholden.pipeline.fleet.reading import Local
from beholden.pipeline.fleet.words import Telling

NAME = short(REFERENCE)


@dataclass
class FleetBills:
    """The bills at hand of one run; inputs: its folders. What they say is read once of each, and kept."""

    inputs: Sequence[str]
    report: Report
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, pa.Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know nothing yet."""
        self._of_path: dict[Path, str | None] = {}
        self._lock = Lock()
        self._folders = [Path(text) for text in self.inputs if Path(text).is_dir()]
        self._bills = Bills(self._folders, self._read, self._names)

    def follow(self, name: str, references: Mapping[str, int], problems: Problems) -> dict[str, str]:
        """Give the bills that a partition refers to. name: its path. references: how many records have each."""
        with self._lock:
            return self._bills.follow(Path(name).parent, references, problems)

    def _read(self, path: Path) -> str | None:
        if path not in self._of_path:
            self._of_path[path] = self._read_new(path)
        return self._of_path[path]

    def _read_new(self, path: Path) -> str | None:
        kind = kind_of(path)
        if kind not in BILLS:
            return None
        evidence_id = file_hash(path)
        if evidence_id not in self.said:
            read = reader_of(str(kind)).read(path, evidence_id, report=self.report, options=Options())
            self.rows[evidence_id] = evidence_row(read, evidence_id, path)
            self.said[evidence_id] = said_by(read.observations)
        return evidence_id

    def _names(self) -> Mapping[str, set[str]]:
        """Name the bills that lie in the inputs."""
        found = [
            (bill, path) for path in find([str(one) for one in self._folders]) if (bill := self._read(path))
        ]
        return names({bill: (str(path), self.said[bill]) for bill, path in found})


def references(engine: FleetEngine, raw: Local | Raw) -> tuple[pa.Array, pa.Array, dict[str, int]]:
    """Give the words that refer to bills, what they read as, and how many records have each of these."""
    if isinstance(raw, Local):
        column = raw.words[NAME]
        words, codes = column.dictionary, column.indices.drop_null().to_numpy()
        counts = np.bincount(codes, minlength=len(words)).tolist()
    else:
        counted = engine.collect(raw.frame.select(word=nw.col(NAME)).group_by("word").agg(n=nw.len()))
        counted = counted.filter(counted["word"].is_valid()).sort_by("word").combine_chunks()
        words, counts = counted["word"].combine_chunks(), counted["n"].to_pylist()
    silent = Problems(lambda _: None, "")
    (read,) = columns_of(REFERENCE, words, pa.array(range(1, len(words) + 1), pa.int64()), silent)
    found: dict[str, int] = {}
    for text, n in zip(read.values.to_pylist(), counts, strict=True):
        if text and n:
            found[text] = found.get(text, 0) + n
    return words, read.values, found


def referring(
    engine: FleetEngine, raw: Local | Raw, words: pa.Array, read: pa.Array, bills: Mapping[str, str]
) -> Local | Raw:
    """Put bills in the stead of words that refer to them, null where there is none."""
    became = pa.array([bills.get(text) for text in read.to_pylist()], pa.string())
    if isinstance(raw, Local):
        raw.words[NAME] = pa.DictionaryArray.from_arrays(raw.words[NAME].indices, became)
        return raw
    telling = Telling(engine)
    telling.put(NAME, words, became)
    return Raw(telling.over(raw.frame), raw.properties, raw.unit)
