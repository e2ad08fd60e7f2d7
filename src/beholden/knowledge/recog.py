"""Recog's fingerprints (BSD-2-Clause) as a knowledge source: read, and put into the words of beholden.

Which of its files speaks of which property stands in vocabulary/recog_files.csv;
what its parameters mean in vocabulary/recog_fields.csv; its device names are
spellings in vocabulary/kind_names.csv. In a file the first match wins.
"""

import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from defusedxml.ElementTree import fromstring

from beholden.knowledge.files import read_csv
from beholden.knowledge.fingerprints import COLUMNS
from beholden.knowledge.literals import literal_of

RECOG = ("recog_id", "property", "file", "pattern", "params", "description", "examples")
VENDOR_NAME = "vendor_name"
_FLAGS = {"REG_ICASE": "i", "REG_DOT_NEWLINE": "s", "REG_MULTILINE": "s"}
_CERTAINTY = 0.85
_PLACE = re.compile(r"\{([a-z0-9_.]+)\}")


def recog_table(archive: Path, knowledge: Path) -> pa.Table:
    """Read the mapped files of a recog archive; `pattern` is in Python's syntax, flags inline."""
    files = {row["file"]: row for row in read_csv(knowledge, "vocabulary/recog_files.csv")}
    rows: list[dict[str, str]] = []
    with tarfile.open(archive) as bundle:
        for member in sorted(bundle.getmembers(), key=lambda item: item.name):
            name = Path(member.name).stem
            stream = bundle.extractfile(member) if name in files else None
            if stream is not None:
                document, (first, *others) = stream.read(), files[name]["property"].split()
                rows.extend(_read(name, first, files[name]["prefix"], document))
                for other in others:
                    rows.extend(_read(f"{name}@{other}", other, files[name]["prefix"], document))
    return pa.Table.from_pylist(rows, schema=pa.schema([(column, pa.string()) for column in RECOG]))


def _read(file: str, name: str, prefix: str, document: bytes) -> Iterator[dict[str, str]]:
    for number, element in enumerate(fromstring(document).iter("fingerprint")):
        pattern = _python(element.get("pattern", ""), element.get("flags", ""), prefix)
        if pattern is None:
            continue
        params = [
            [int(item.get("pos", "0")), item.get("name", ""), item.get("value", "")]
            for item in element.iter("param")
        ]
        examples = [
            {"value": prefix + (item.text or ""), "expect": {k: v for k, v in item.items() if k[0] != "_"}}
            for item in element.iter("example")
            if item.get("_encoding") is None
        ]
        yield {
            "recog_id": f"recog:{file}:{number:04}",
            "property": name,
            "file": file,
            "pattern": pattern,
            "params": json.dumps(params, ensure_ascii=False),
            "description": " ".join((element.findtext("description") or "").split()),
            "examples": json.dumps(examples, ensure_ascii=False),
        }


def _python(pattern: str, flags: str, prefix: str) -> str | None:
    letters = "".join(sorted({_FLAGS[flag] for flag in flags.split(",") if flag in _FLAGS}))
    text = pattern.replace(r"\z", r"\Z").replace(r"\h", "[0-9a-fA-F]")
    if prefix:
        anchored = text.removeprefix("^")
        text = f"^{re.escape(prefix)}{'' if anchored != text else '.*?'}(?:{anchored})"
    if letters:
        text = f"(?{letters}){text}"
    try:
        re.compile(text)
    except re.error:
        return None
    return text


@dataclass(frozen=True)
class _Field:
    field: str
    confidence: float


def recog_fingerprints(
    table: pa.Table,
    knowledge: Path,
    find_company: Callable[[str], str | None],
    date: str,
) -> pa.Table:
    """Put recog's rows into the columns of fingerprints, with match `search`.

    `find_company` gives a company id for a vendor's name. Where it gives none the
    name stays, under the field `vendor_name`.
    """
    fields: dict[str, list[_Field]] = {}
    for row in read_csv(knowledge, "vocabulary/recog_fields.csv"):
        fields.setdefault(row["param"], []).append(_Field(row["field"], float(row["confidence"])))
    kinds = {row["name"].casefold(): row["kind"] for row in read_csv(knowledge, "vocabulary/kind_names.csv")}
    rows: list[dict[str, object]] = []
    for entry in table.to_pylist():
        params = {name: f"{{{pos}}}" if pos else value for pos, name, value in json.loads(entry["params"])}
        for name, value, confidence in _claims(params, fields, kinds, find_company):
            rows.append(
                {
                    "fingerprint_id": entry["recog_id"],
                    "property": entry["property"],
                    "match": "search",
                    "pattern": entry["pattern"],
                    "literal": literal_of(entry["pattern"]),
                    "field": name,
                    "value": value,
                    "confidence": confidence,
                    "fact_id": None,
                    "source": "recog",
                    "url": f"https://github.com/rapid7/recog/blob/main/xml/{entry['file']}.xml",
                    "date": date,
                }
            )
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def _claims(
    params: Mapping[str, str],
    fields: Mapping[str, list[_Field]],
    kinds: Mapping[str, str],
    find_company: Callable[[str], str | None],
) -> Iterator[tuple[str, str, float]]:
    told: set[str] = set()
    for param, wanted in fields.items():
        value = _filled(params.get(param, ""), params)
        if not value:
            continue
        certainty = float(params.get(f"{param.split('.')[0]}.certainty", _CERTAINTY)) / _CERTAINTY
        for want in wanted:
            name, found = _named(want.field, value, kinds, find_company)
            if found and name not in told:
                told.add(name)
                yield name, found, min(1.0, round(want.confidence * certainty, 3))


def _filled(value: str, params: Mapping[str, str]) -> str:
    return _PLACE.sub(
        lambda place: place.group(0) if place.group(1).isdigit() else params.get(place.group(1), ""), value
    )


def _named(
    name: str, value: str, kinds: Mapping[str, str], find_company: Callable[[str], str | None]
) -> tuple[str, str]:
    if name == "kind":
        return name, kinds.get(value.casefold(), "")
    if name == "brand":
        company = find_company(value)
        return (name, company) if company else (VENDOR_NAME, value)
    return name, value
