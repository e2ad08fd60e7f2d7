"""The ledger of a fleet: what each partition came to, kept until knowledge, program or engine change.

A partition stands in a folder of its own, by its content; it is written aside and renamed, so that what is there is
whole, whoever was killed or wrote at the same time.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.pipeline.fleet.distil import COUNTS, DEVICES, Distilled

_ABOUT, _LIKES, _UNITS = "about.json", "likes.parquet", "units.parquet"
ASIDE = ".aside-"
"""Begins the names of what is not whole yet."""
_REFERENCES = ".references.json"
_STALE_SECONDS = 6 * 3600


@dataclass(frozen=True)
class About:
    """What is told of a partition without reading it; instants are ISO 8601."""

    evidence_id: str
    kind: str
    size_bytes: int
    n_records: int
    n_devices: int
    first_seen_at: str | None
    last_seen_at: str | None


@dataclass(frozen=True)
class Part:
    """One partition in the ledger."""

    folder: Path
    about: About

    @property
    def devices(self) -> list[Path]:
        """Give the files of its devices; rows that are marked as left stand in the other."""
        return sorted(self.folder.glob(f"{DEVICES}*.parquet"))

    @property
    def counts(self) -> Path:
        """Give the file of its counts for roll-ups."""
        return self.folder / f"{COUNTS}.parquet"

    def likes(self) -> pa.Table:
        """Read its likes."""
        return pq.read_table(self.folder / _LIKES)

    def units(self) -> pa.Table:
        """Read its units."""
        return pq.read_table(self.folder / _UNITS)


class Ledger:
    """Partitions that were distilled by one recipe."""

    def __init__(self, folder: Path, recipe: str) -> None:
        self._folder = folder / recipe
        self._folder.mkdir(parents=True, exist_ok=True)
        sweep(self._folder)

    def get(self, partition_id: str) -> Part | None:
        """Give a partition that was distilled before."""
        folder = self._folder / partition_id
        try:
            about = json.loads((folder / _ABOUT).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Part(folder, About(**about))

    def references(self, partition_id: str) -> list[str]:
        """Give what the rows of a partition that was read before refer to; nothing where they do not, or it was not."""
        try:
            told: list[str] = json.loads((self._folder / f"{partition_id}{_REFERENCES}").read_text("utf-8"))
        except FileNotFoundError:
            return []
        return told

    def put_references(self, partition_id: str, references: Sequence[str]) -> None:
        """Keep what the rows of a partition refer to."""
        with tempfile.TemporaryDirectory(prefix=ASIDE, dir=self._folder) as folder:
            aside = Path(folder) / "told"
            aside.write_text(json.dumps(sorted(references)), "utf-8")
            aside.replace(self._folder / f"{partition_id}{_REFERENCES}")

    def put(self, partition_id: str, make: Callable[[Path], tuple[About, Distilled]]) -> Part:
        """Have a partition's files made in a folder aside, and put it in; what another put meanwhile is the same."""
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=self._folder))
        try:
            about, came_to = make(aside)
            pq.write_table(came_to.likes, aside / _LIKES)
            pq.write_table(came_to.units, aside / _UNITS)
            (aside / _ABOUT).write_text(json.dumps(asdict(about)), "utf-8")
            part = Part(self._folder / partition_id, about)
            _land(aside, part.folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return part


def sweep(folder: Path) -> None:
    """Remove what was left in a folder by runs that were killed long ago."""
    for left in folder.glob(f"{ASIDE}*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _land(aside: Path, folder: Path) -> None:
    aside.chmod(0o755)
    try:
        os.rename(aside, folder)  # noqa: PTH104 - Path.rename is the same, and follows no more
    except OSError:
        if not (folder / _ABOUT).exists():
            raise
