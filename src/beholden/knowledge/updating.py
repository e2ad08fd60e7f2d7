"""Put fetched originals in force: staged beside the compiled knowledge, checked as a whole, swapped in one step.

updates/current names the state in force; a state is a folder that is never changed. What is killed half way
leaves the old state in force.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beholden.knowledge.base import update_folder
from beholden.knowledge.build import compile_all, content_key
from beholden.knowledge.facts import Source, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.originals import Original, Tables, load_originals, tables_of
from beholden.knowledge.packs import RECORD, compose, sources_toml
from beholden.knowledge.pruning import mark_used, prune
from beholden.knowledge.registries import write
from beholden.knowledge.update import Fetched, Publisher
from beholden.model.errors import Problem, Report

_DONE = "the old knowledge stays in force"


@dataclass(frozen=True)
class Outcome:
    """What became of one original: `updated`, `unchanged` or `refused`; and what is recorded of it."""

    name: str
    state: str
    record: Mapping[str, Any] = field(default_factory=dict)


def records(update: Path | None) -> dict[str, Any]:
    """Give what an update recorded, by original: tables and rows, source, date, licence, and of each file its SHA-256."""
    if update is None:
        return {}
    found: dict[str, Any] = json.loads((update / RECORD).read_text("utf-8"))
    return found


def wanted(originals: Mapping[str, Original], names: Sequence[str]) -> list[Original]:
    """Give the originals of these names, else all but those on request; raises KnowledgeError for an unknown name."""
    if unknown := [name for name in names if name not in originals]:
        raise KnowledgeError(f"no publisher {', '.join(unknown)}; there are {', '.join(originals)}")
    return [one for name, one in originals.items() if name in names or not (names or one.on_request)]


def update(
    root: Path, cache: Path, publisher: Publisher, names: Sequence[str], day: str, report: Report
) -> list[Outcome]:
    """Fetch originals for the knowledge at `root`, check them and put them in force, in the cache.

    What is refused is reported in one line, and what was in force stays. `day` (ISO 8601) is today, the
    date of what its server gives no date.
    """
    chosen = wanted(load_originals(root), names)
    updates = cache / "updates"
    updates.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="staging-", dir=updates) as folder:
        staging = _Staging(root, Path(folder), day)
        outcomes = []
        for original in chosen:
            try:
                outcomes.append(staging.take(original, publisher))
            except KnowledgeError as error:
                report(Problem(original.name, "", str(error), _DONE))
                outcomes.append(Outcome(original.name, "refused"))
        if all(outcome.state != "updated" for outcome in outcomes):
            return outcomes
        try:
            staging.check()
        except KnowledgeError as error:
            report(Problem("knowledge", "", f"does not hold together with it: {error}", _DONE))
            return [Outcome(original.name, "refused") for original in chosen]
        _swap(staging.state, updates)
    return outcomes


class _Staging:
    """A state in the making, which begins as the one in force."""

    def __init__(self, root: Path, folder: Path, day: str) -> None:
        self._root, self._folder, self._day = root, folder, day
        current = update_folder()
        self._in_force = compose(root, current, (), folder) if current else root
        self.state = folder / "state"
        if current is not None:
            shutil.copytree(current, self.state)
        else:
            (self.state / "registries").mkdir(parents=True)
            (self.state / "sources").mkdir()
            (self.state / RECORD).write_text("{}", "utf-8")

    def take(self, original: Original, publisher: Publisher) -> Outcome:
        """Fetch and read one original; raises KnowledgeError where it cannot be taken."""
        folder = self._folder / original.name
        folder.mkdir()
        fetched = [publisher.fetch(file, folder) for file in original.files]
        known = records(self.state).get(original.name)
        if known and [file["sha256"] for file in known["files"]] == [one.sha256 for one in fetched]:
            return Outcome(original.name, "unchanged", known)
        tables = tables_of(original, [one.path for one in fetched], self._in_force)
        return Outcome(original.name, "updated", self._enter(original, fetched, tables))

    def _enter(self, original: Original, fetched: Sequence[Fetched], tables: Tables) -> dict[str, Any]:
        """Put an original into the state, in place of any that feeds the same tables."""
        for name in original.tables:
            write(tables[name], self.state / "registries" / f"{name}.parquet")
        date = min(max(one.modified for one in fetched) or self._day, self._day)
        made = {name: getattr(original, name) for name in ("title", "publisher", "url", "licence", "grade")}
        sources = load_sources(self.state) | {
            original.source: Source(source_id=original.source, date=date, **made)
        }
        (self.state / "sources" / "update.toml").write_text(sources_toml(sources), "utf-8")
        record = {
            "source": original.source,
            "date": date,
            "fetched": self._day,
            "licence": original.licence,
            "tables": {name: tables[name].num_rows for name in original.tables},
            "files": [
                {"url": one.url, "sha256": one.sha256, "size_bytes": one.size_bytes, "modified": one.modified}
                for one in fetched
            ],
        }
        others = {
            name: one
            for name, one in records(self.state).items()
            if not set(one["tables"]) & set(original.tables)
        }
        (self.state / RECORD).write_text(json.dumps(others | {original.name: record}, indent=1), "utf-8")
        return record

    def check(self) -> None:
        """Compile all knowledge with the new state; raises KnowledgeError where it does not hold together."""
        compile_all(compose(self._root, self.state, (), self._folder))


def _swap(state: Path, updates: Path) -> None:
    """Keep a state under the hash of its content and name it as the one in force, in one step."""
    kept = updates / content_key(state)
    if not kept.exists():
        state.rename(kept)
    pointer = updates / f"current-{os.getpid()}"
    pointer.write_text(kept.name, "utf-8")
    pointer.replace(updates / "current")
    mark_used(kept)
    prune(updates.iterdir())
