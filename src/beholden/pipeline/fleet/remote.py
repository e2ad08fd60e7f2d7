"""Inputs behind URLs, as fsspec reads them: listed, and copied while they are read, as many at once as are distilled.

What a file came to is remembered by what its store says of it (size, entity tag, time of change), so that nothing is
fetched again that did not change; whether it is new, its content decides, as of files at hand. Nothing is asked for but
what the command line names.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from beholden.ingest.formats import HEAD, recognise
from beholden.model.errors import BeholdenError, Problem, Report
from beholden.model.ids import content_id
from beholden.pipeline.fleet.inputs import KINDS, Partition, hive, is_passed_over, tell_other
from beholden.pipeline.fleet.ledger import ASIDE, sweep

_TAGS = ("ETag", "etag", "md5Hash", "content_md5")
"""What stores call the tag or hash of a file's content."""
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
_ARCHIVE = b"PK"
_SURE_AFTER = 10.0
"""Seconds after which a time tells of every change: some stores count whole seconds."""


def is_url(text: str) -> bool:
    """Say whether an input is named by a URL."""
    return "://" in text


@dataclass(frozen=True)
class RemoteFile:
    """One file as it was listed. name: its URL. mark: what its store says of its content, empty where that is too little.

    files: the file system of fsspec. folder: where copies and what is remembered stand.
    """

    name: str
    path: str
    size: int | None
    mark: str
    files: Any
    folder: Path

    def known(self) -> Partition | None:
        """Give what the file came to when it was last read, unless it changed since."""
        try:
            told = json.loads(self._remembered.read_text("utf-8")) if self.mark else None
        except FileNotFoundError:
            return None
        return told and Partition(self.name, told["kind"], hive(self.name), told["evidence_id"])

    def remember(self, one: Partition) -> None:
        """Keep what the file came to; where it changed while it was read, nothing is kept."""
        self.files.invalidate_cache()
        if self.mark and _mark(self.files.info(self.path)) == self.mark:
            with tempfile.TemporaryDirectory(prefix=ASIDE, dir=self.folder) as folder:
                aside = Path(folder) / "told"
                aside.write_text(json.dumps({"kind": one.kind, "evidence_id": one.evidence_id}), "utf-8")
                aside.replace(self._remembered)

    @property
    def _remembered(self) -> Path:
        return self.folder / content_id("remote", self.name, self.mark)

    @contextmanager
    def copied(self, report: Report) -> Iterator[Path | None]:
        """Give a copy as long as it is read; None for what is no inventory or cannot be read whole, which is told of.

        Raises BeholdenError where there is no room for it.
        """
        with tempfile.TemporaryDirectory(prefix=ASIDE, dir=self.folder) as folder:
            path = Path(folder) / "copy"
            try:
                is_whole = self._is_inventory(report) and self._copy(path, report)
            except BeholdenError:
                raise
            except Exception as error:  # noqa: BLE001 - each store's client has errors of its own
                report(Problem(self.name, "", _line(error), "left out"))
                is_whole = False
            yield path if is_whole else None

    def _is_inventory(self, report: Report) -> bool:
        """Tell by the beginning, so that nothing else is fetched whole; archives are told by their end."""
        most = HEAD if self.size is None else min(HEAD, self.size)
        head = self.files.cat_file(self.path, start=0, end=most) if most else b""
        kind, reason = recognise(head, Path(self.path))
        if kind in KINDS or head.startswith(_ARCHIVE):
            return True
        tell_other(self.name, kind, reason, report)
        return False

    def _copy(self, path: Path, report: Report) -> bool:
        free = shutil.disk_usage(self.folder).free
        if self.size is not None and self.size > free:
            raise BeholdenError(f"{self.name}: {self.size:,} bytes, and {free:,} are free in {self.folder}")
        self.files.get_file(self.path, str(path))
        n_bytes = path.stat().st_size
        if self.size not in (None, n_bytes):
            wrong = f"{n_bytes:,} bytes came, {self.size:,} were listed"
            report(Problem(self.name, "", wrong, "left out"))
        return self.size in (None, n_bytes)


def find(urls: Sequence[str], folder: Path) -> list[RemoteFile]:
    """List the files behind URLs, in the order of their names; raises BeholdenError for what cannot be listed.

    folder: where copies and what is remembered may stand.
    """
    if urls:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
    return [one for url in urls for one in _listed(url, folder)]


def _listed(url: str, folder: Path) -> Iterator[RemoteFile]:
    files, path = _opened(url)
    try:
        files.invalidate_cache()
        found = files.find(path, detail=True) or {path: files.info(path)}
    except Exception as error:
        raise BeholdenError(f"{url}: {_line(error)}") from error
    for name, told in sorted(found.items()):
        inside = PurePosixPath(name.removeprefix(path))
        if told.get("type", "file") == "file" and not name.endswith("/") and not is_passed_over(inside):
            yield RemoteFile(files.unstrip_protocol(name), name, told.get("size"), _mark(told), files, folder)


def _opened(url: str) -> tuple[Any, str]:
    """Give the file system that a URL speaks of, and the path in it."""
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BeholdenError(f"{url}: URLs are read by fsspec: pip install 'beholden[remote]'") from error
    try:
        files, path = url_to_fs(url)
    except ImportError as error:
        raise BeholdenError(f"{url}: {error}; of S3: pip install 'beholden[s3]'") from error
    except Exception as error:
        raise BeholdenError(f"{url}: {_line(error)}") from error
    return files, path


def _mark(told: Mapping[str, Any]) -> str:
    """Write down what tells of a change: a tag of the content, or a time that lies far enough back."""
    tags = [str(told[name]) for name in _TAGS if told.get(name)]
    times = [told[name] for name in _TIMES if told.get(name)]
    if not tags and not any(_is_past(one) for one in times):
        return ""
    return content_id("mark", str(told.get("size")), *tags, *map(str, times))


def _is_past(when: object) -> bool:
    seconds = when.timestamp() if isinstance(when, datetime) else when
    return isinstance(seconds, int | float) and datetime.now(UTC).timestamp() - seconds > _SURE_AFTER


def _line(error: Exception) -> str:
    """Give an error in one line."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
