"""The page: documents in, one self-contained HTML file out. Every text is cleaned and escaped on its way."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from beholden.knowledge.base import cache_folder
from beholden.model.risks import FACTOR_MEANINGS
from beholden.report import answers, brief, charts, sections, words
from beholden.report.references import References, web_address

_HERE = Path(__file__).parent
MOST_WORST = 20
Document = dict[str, Any]
_FILTERS: Mapping[str, Callable[..., object]] = {
    "number": words.number,
    "share": words.share,
    "size": words.size,
    "when": words.when,
    "cut": words.cut,
    "plain": words.plain,
    "base_name": words.base_name,
}


class _Bytecode(BytecodeCache):
    """Compiled templates in a folder; where it cannot be read or written, they are compiled each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load what was compiled from the same template by the same Python; Jinja checks the sum of its source."""
        with (
            suppress(OSError, EOFError, ValueError, TypeError, UnpicklingError),
            self._path(bucket).open("rb") as file,
        ):
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template aside and rename it, so that nobody reads half of it."""
        path = self._path(bucket)
        aside = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(bucket.bytecode_to_string())
            aside.replace(path)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}-{sys.implementation.cache_tag}.template"


class _Documents(Environment):
    """What templates show are documents: a name after a dot is looked for as a key first, which is quicker."""

    def getattr(self, obj: object, attribute: str) -> object:
        """Give what stands under a name in a document, or the attribute of what is none."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def _environment() -> Environment:
    environment = _Documents(
        loader=FileSystemLoader(_HERE / "templates"),
        bytecode_cache=_Bytecode(cache_folder() / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    return environment


def view(data: Mapping[str, Any]) -> Document:
    """Shape what `pipeline.reporting` gathered into what the templates show."""
    run = data["run"]
    data = dict(data) | {"settings": json.loads(run["settings"])}
    references = References(data["evidence"], data["facts"])
    devices = data["devices"]
    shorts = [sections.short(one, data) for one in devices]
    n_sections = len(data["proofs"])
    shown: Document = {
        "run": run,
        "settings": data["settings"],
        "as_of": datetime.fromisoformat(data["settings"]["as_of"]),
        "profile": data["profile"],
        "lists": data["lists"],
        "evidence": data["evidence"],
        "n_devices": data["n_devices"],
        "known": answers.known_counts(data["known"]),
        "owners": answers.owners(data),
        "kinds": answers.kinds(data),
        "listed": answers.listed(data["listings"], data["companies"], references),
        "destinations": answers.destinations(data, references),
        "streams": charts.streams(answers.stream_rows(data)),
        "places": answers.places(data["flows"]),
        "laws": answers.laws(data["regimes"], references),
        "risks": answers.risks(data),
        "worst": shorts[:MOST_WORST],
        "next": answers.next_evidence(data["wanted"], data["propositions"]),
        "n_unknown": data["unknown"]["n_devices"],
        "unknown": [sections.short(one, data) for one in data["unknown"]["devices"]],
        "sections": [sections.section(one, data, references) for one in devices[:n_sections]],
        "rest": shorts[n_sections:],
        "n_beyond": data["n_devices"] - len(shorts),
        "countries": data["countries"],
        "factors": FACTOR_MEANINGS,
        "credits": _credits(data),
    }
    return shown | {"brief": brief.sentences(shown), "sources": references.used()}


def _credits(data: Mapping[str, Any]) -> list[Document]:
    """Give the credits that the licences of shown data ask for; those of addresses only where one is shown."""
    used = {fact["source_id"] for fact in data["facts"]}
    if data["flows"]["destinations"]:
        used |= set(data["address_sources"])
    return [row | {"url": web_address(row["url"])} for row in data["credits"] if row["source_id"] in used]


def render(data: Mapping[str, Any]) -> str:
    """Write the page; gives HTML text with inline style, charts and script, and no other file."""
    style, script = (Markup((_HERE / name).read_text("utf-8")) for name in ("style.css", "sort.js"))  # noqa: S704 - our own files
    return _environment().get_template("page.html.j2").render(**view(data), style=style, script=script)
