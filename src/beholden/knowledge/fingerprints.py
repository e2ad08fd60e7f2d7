"""Read and check knowledge/fingerprints/*.yaml; compile them to one row per field that they set."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.knowledge.facts import Ledger, is_date
from beholden.knowledge.files import KnowledgeError, read_csv, read_yaml
from beholden.knowledge.literals import literal_of
from beholden.model.properties import PROPERTIES

MATCHES = ("exact", "prefix", "suffix", "domain", "regex")
FIELDS = (
    *("brand", "maker", "module_maker", "chip_maker"),
    *("kind", "model", "os", "firmware", "platform", "library"),
)
COMPANY_FIELDS = ("brand", "maker", "module_maker", "chip_maker")
NAME_PROPERTIES = ("dns.query", "tls.sni", "http.host")
_REQUIRED = ("fingerprint_id", "property", "match", "pattern", "literal", "field", "value", "source", "date")
COLUMNS = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in _REQUIRED]
    + [pa.field("confidence", pa.float64(), nullable=False)]
    + [pa.field(name, pa.string()) for name in ("fact_id", "url")]
)


@dataclass(frozen=True)
class Fingerprint:
    """One fingerprint as its file states it."""

    fingerprint_id: str
    of: str
    match: str
    pattern: str
    sets: Mapping[str, str]
    confidence: float
    source: str
    url: str
    date: str
    examples: tuple[tuple[str, Mapping[str, str]], ...]
    counterexamples: tuple[str, ...]

    @property
    def text(self) -> str:
        """The fingerprint as a sentence."""
        says = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.sets.items())
        return f"{self.of} that matches {self.match} {self.pattern!r} tells {says}"


def read_fingerprints(root: Path) -> Iterator[Fingerprint]:
    """Read and check every fingerprint of `root`/fingerprints; raises KnowledgeError."""
    kinds = frozenset(row["kind"] for row in read_csv(root, "vocabulary/kinds.csv"))
    seen: set[str] = set()
    for path in sorted((root / "fingerprints").glob("*.yaml")):
        document = read_yaml(path)
        name = document.get("property")
        if name != path.stem or name not in PROPERTIES:
            raise KnowledgeError(f"fingerprints/{path.name}: property {name!r} is not that of the file")
        for entry in document.get("fingerprints") or ():
            fingerprint = _read(name, entry, f"fingerprints/{path.name}: {entry.get('id')}")
            _check(fingerprint, kinds, f"fingerprints/{path.name}: {fingerprint.fingerprint_id}")
            if fingerprint.fingerprint_id in seen:
                raise KnowledgeError(f"fingerprints/{path.name}: {fingerprint.fingerprint_id} stands twice")
            seen.add(fingerprint.fingerprint_id)
            yield fingerprint


def _read(name: str, entry: Mapping[str, Any], place: str) -> Fingerprint:
    try:
        return Fingerprint(
            fingerprint_id=entry["id"],
            of=name,
            match=entry["match"],
            pattern=entry["pattern"],
            sets=entry["set"],
            confidence=float(entry["confidence"]),
            source=entry["source"],
            url=entry.get("url", ""),
            date=entry.get("date", ""),
            examples=tuple((example["value"], example["expect"]) for example in entry["examples"]),
            counterexamples=tuple(entry.get("counterexamples") or ()),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise KnowledgeError(f"{place}: {error} is missing or cannot be read") from error


def _check(fingerprint: Fingerprint, kinds: frozenset[str], place: str) -> None:
    for wrong in _faults(fingerprint, kinds):
        raise KnowledgeError(f"{place}: {wrong}")


def _faults(fingerprint: Fingerprint, kinds: frozenset[str]) -> Iterator[str]:
    if fingerprint.match not in MATCHES:
        yield f"no match {fingerprint.match!r}"
    if fingerprint.match == "regex" and fingerprint.of in NAME_PROPERTIES:
        yield "a host name is matched by domain, never by expression"
    if not 0 < fingerprint.confidence <= 1:
        yield "confidence is not within 0 to 1"
    if not fingerprint.sets or not fingerprint.examples:
        yield "it sets nothing or has no example"
    if not fingerprint.date or not is_date(fingerprint.date):
        yield f"the date {fingerprint.date!r} cannot be read"
    if fingerprint.match == "regex":
        yield from _expression_faults(fingerprint.pattern)
    yield from _field_faults(fingerprint.sets, kinds)


def _field_faults(sets: Mapping[str, str], kinds: frozenset[str]) -> Iterator[str]:
    if unknown := set(sets) - set(FIELDS):
        yield f"no field {', '.join(sorted(unknown))}"
    if kinds and sets.get("kind", "") not in kinds | {""}:
        yield f"no kind {sets['kind']!r}"


def _expression_faults(pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        yield f"{pattern!r}: {error}"


def compile_fingerprints(root: Path, ledger: Ledger | None = None) -> pa.Table:
    """Compile the fingerprints of a knowledge folder to one row per field; facts go to the ledger.

    Raises KnowledgeError for a fingerprint that is not sound or has no known source.
    """
    rows: list[dict[str, object]] = []
    for fingerprint in read_fingerprints(root):
        fact_id = None if ledger is None else _enter(fingerprint, ledger)
        rows.extend(_rows(fingerprint, fact_id))
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def _enter(fingerprint: Fingerprint, ledger: Ledger) -> str:
    cells = {
        "id": fingerprint.fingerprint_id,
        "source": fingerprint.source,
        "url": fingerprint.url,
        "date": fingerprint.date,
        "text": fingerprint.text,
        "confidence": str(fingerprint.confidence),
    }
    pack = f"fingerprints/{fingerprint.of}.yaml"
    return ledger.enter(pack, f"{pack}: {fingerprint.fingerprint_id}", cells, fingerprint.text)


def _rows(fingerprint: Fingerprint, fact_id: str | None) -> Iterator[dict[str, object]]:
    literal = literal_of(fingerprint.pattern) if fingerprint.match == "regex" else ""
    for name, value in fingerprint.sets.items():
        yield {
            "fingerprint_id": fingerprint.fingerprint_id,
            "property": fingerprint.of,
            "match": fingerprint.match,
            "pattern": fingerprint.pattern,
            "literal": literal,
            "field": name,
            "value": value,
            "confidence": fingerprint.confidence,
            "fact_id": fact_id,
            "source": fingerprint.source,
            "url": fingerprint.url or None,
            "date": fingerprint.date,
        }
