"""Lay fetched registries and a user's packs over the shipped knowledge; what a pack says is marked as the pack's.

The result is one folder in the formats of knowledge/, compiled and checked as any other. A row of a pack
whose key is known replaces that row; its source says which pack overrules whom.
"""

import csv
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from beholden.knowledge.build import OF_OTHERS, files_of, quick_key
from beholden.knowledge.facts import Source, load_sources
from beholden.knowledge.files import PLACE, KnowledgeError, Row, lines_of, read_csv, read_header, read_yaml
from beholden.knowledge.keys import PACK_KEYS, key_of, siblings
from beholden.knowledge.pruning import mark_used, prune

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SOURCE_COLUMNS = ("source", "updates_source", "local_source")
_PAPERS = (".md", ".txt")
"""Files of a pack that are for people."""
RECORD = "originals.json"
"""What was fetched, in the folder of an update."""


@dataclass(frozen=True)
class Pack:
    """A folder of a user's own facts, named by its folder."""

    name: str
    folder: Path
    sources: Mapping[str, Source]

    @property
    def label(self) -> str:
        """How its facts name it."""
        return f"user pack {self.name}"


def compose(root: Path, update: Path | None, folders: Sequence[Path], cache: Path) -> Path:
    """Give a folder of `root` with an update and packs laid over it, in this order; made once, whole or not at all.

    Raises KnowledgeError for a pack that cannot be laid.
    """
    layers = [root, *([update] if update else []), *folders]
    for folder in folders:
        if not folder.is_dir():
            raise KnowledgeError(f"{folder}: no such knowledge pack")
    keys = "\n".join(f"{layer.resolve()}\x1f{quick_key(layer)}" for layer in layers)
    out = cache / f"composed-{hashlib.sha256(keys.encode()).hexdigest()[:16]}"
    if out.is_dir():
        mark_used(out)
        return out
    cache.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="composing-", dir=cache))
    try:
        _Composition(root, aside).lay(update, folders)
        _put(aside, out)
        mark_used(out)
        prune(cache.glob("composed-*"))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out


def _put(aside: Path, out: Path) -> None:
    try:
        aside.rename(out)
    except OSError:  # another process put the same folder there first
        if not out.is_dir():
            raise


class _Composition:
    """A folder of knowledge while layers are laid over it."""

    def __init__(self, root: Path, out: Path) -> None:
        self._root, self._out = root, out
        self._sources = load_sources(root)

    def lay(self, update: Path | None, folders: Sequence[Path]) -> None:
        for path in files_of(self._root):  # without their modes: what is shipped may be read-only
            _copy(path, self._out / path.relative_to(self._root))
        if update is not None:
            self._lay_update(update)
        names = set[str]()
        for folder in folders:
            pack = self._open(folder, names)
            try:
                for path in files_of(folder):
                    self._lay_file(pack, path)
            except KnowledgeError as error:
                raise KnowledgeError(f"{pack.label}: {error}") from error
        shutil.rmtree(self._out / "sources", ignore_errors=True)
        (self._out / "sources").mkdir()
        (self._out / "sources" / "composed.toml").write_text(sources_toml(self._sources), "utf-8")

    def _lay_update(self, update: Path) -> None:
        """Take fetched registries, but those that are older than what is shipped by now."""
        fetched = load_sources(update)
        for record in json.loads((update / RECORD).read_text("utf-8")).values():
            source = fetched[record["source"]]
            shipped = self._sources.get(source.source_id)
            if shipped is not None and shipped.date > source.date:
                continue
            self._sources[source.source_id] = source
            for table in record["tables"]:
                (self._out / "registries").mkdir(exist_ok=True)
                shutil.copyfile(
                    update / "registries" / f"{table}.parquet", self._out / "registries" / f"{table}.parquet"
                )

    def _open(self, folder: Path, names: set[str]) -> Pack:
        name = folder.resolve().name
        if not _NAME.fullmatch(name) or name in names:
            raise KnowledgeError(f"{folder}: {name!r} is no name for a pack, or names two")
        names.add(name)
        return Pack(name, folder, load_sources(folder))

    def _lay_file(self, pack: Pack, path: Path) -> None:
        inner = path.relative_to(pack.folder)
        name = inner.as_posix()
        is_of_others = inner.parts[0] in OF_OTHERS
        is_paper = inner.suffix in _PAPERS and not is_of_others
        if is_paper or inner.name.startswith(".") or inner.parts[0] == "sources":
            return
        if is_of_others:
            _copy(path, self._out / inner.parts[0] / pack.name / Path(*inner.parts[1:]))
        elif name in PACK_KEYS:
            self._lay_csv(pack, name)
        elif inner.suffix == ".yaml" and inner.parts[0] == "fingerprints":
            self._lay_fingerprints(pack, name)
        elif inner.suffix == ".yaml" and inner.parts[0] == "rules":
            self._lay_rule(pack, name)
        elif inner.suffix == ".toml" and inner.parts[0] == "profiles":
            _copy(path, self._out / name)
        else:
            raise KnowledgeError(f"{name}: a pack has no such file")

    def _lay_csv(self, pack: Pack, name: str) -> None:
        """Put a pack's rows in place of all rows of the same key, in whichever file these stand."""
        stated = read_header(pack.folder, name)
        columns = read_header(self._out, name) or stated
        if unknown := [one for one in stated if one not in columns]:
            raise KnowledgeError(f"{name}:1: no column {', '.join(unknown)}")
        known = {one: _grouped(self._out, one) for one in siblings(name)}
        headers = {one: read_header(self._out, one) or columns for one in known}
        is_sorted = {one: _is_sorted(self._out, one) for one in known}
        for key, stated_rows in _grouped(pack.folder, name).items():
            overruled = [row for groups in known.values() for row in groups.get(key, ())]
            for one in known.keys() - {name}:
                known[one].pop(key, None)
            known[name][key] = [self._marked(pack, row, overruled) for row in stated_rows]
        for one, groups in known.items():
            if groups or (self._out / one).exists():
                rows = [row for same in groups.values() for row in same]
                _write_csv(
                    self._out / one, headers[one], sorted(rows, key=_order) if is_sorted[one] else rows
                )

    def _marked(self, pack: Pack, row: Row, overruled: Sequence[Row]) -> Row:
        """Give a row with its sources named as the pack's."""
        older = overruled[0].cells if overruled else None
        sources = {
            column: self._source(pack, row[column], older) for column in _SOURCE_COLUMNS if row[column]
        }
        return Row(row.pack, row.line, {**row.cells, **sources}, f"{pack.name}/{row.place}")

    def _lay_fingerprints(self, pack: Pack, name: str) -> None:
        document = _mapping(pack.folder / name)
        known = _mapping(self._out / name) or {**document, "fingerprints": []}
        entries = {entry.get("id"): entry for entry in known.get("fingerprints") or ()}
        for entry in document.get("fingerprints") or ():
            if not isinstance(entry, dict):
                raise KnowledgeError(f"{name}: {entry!r} is no fingerprint")
            source = self._source(pack, entry.get("source", ""), entries.get(entry.get("id")))
            entries[entry.get("id")] = {**entry, "source": source}
        _write_yaml(self._out / name, {**known, "fingerprints": list(entries.values())})

    def _lay_rule(self, pack: Pack, name: str) -> None:
        rule = _mapping(pack.folder / name)
        source = self._source(pack, rule.get("source", ""), _mapping(self._out / name))
        lines = lines_of((pack.folder / name).read_text("utf-8"))
        written = {PLACE: {"file": f"{pack.name}/{name}", "lines": lines}}
        _write_yaml(self._out / name, {**rule, "source": source, **written})

    def _source(self, pack: Pack, source_id: str, overruled: Mapping[str, str] | None) -> str:
        """Enter a source as the pack's, saying whom it overrules; an unknown one is left for the check to refuse."""
        source = pack.sources.get(source_id) or self._sources.get(source_id)
        if source is None:
            return source_id
        says, made = pack.label, f"{pack.name}/{source_id}"
        older = self._sources.get(overruled.get("source", "")) if overruled else None
        if older is not None and overruled is not None:
            says += f", overruling {older.publisher} ({overruled.get('date') or older.date})"
            made += f"/{hashlib.sha256(says.encode()).hexdigest()[:8]}"
        self._sources[made] = replace(source, source_id=made, publisher=f"{says}: {source.publisher}")
        return made


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def _mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that is one mapping, empty where there is none."""
    document = read_yaml(path) if path.exists() else {}
    if not isinstance(document, dict):
        raise KnowledgeError(f"{path}: no mapping")
    return document


def _grouped(root: Path, pack: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in read_csv(root, pack):
        groups.setdefault(key_of(pack, row.cells), []).append(row)
    return groups


def _order(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in PACK_KEYS[row.pack])


def _is_sorted(root: Path, pack: str) -> bool:
    """Say whether a file stands in the order of its keys, which some must keep and some must not."""
    keys = [_order(row) for row in read_csv(root, pack)]
    return keys == sorted(keys)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*columns, PLACE], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row.cells, PLACE: row.place} for row in rows)


def _write_yaml(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1000), "utf-8")


def sources_toml(sources: Mapping[str, Source]) -> str:
    """Write sources as a file of knowledge/sources."""
    fields = ("title", "publisher", "url", "date", "licence", "grade")
    return "\n".join(
        f"[sources.{json.dumps(name)}]\n"
        + "".join(f"{field} = {_quoted(getattr(source, field))}\n" for field in fields)
        for name, source in sorted(sources.items())
    )


def _quoted(text: str) -> str:
    """Write a TOML basic string: JSON's escapes, but DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
