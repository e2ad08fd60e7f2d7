"""Match distinct values against fingerprints; each hit is one claim about one field.

Exact values, prefixes, suffixes and domains are looked up in dictionaries.
Expressions are tried only on values that contain the literal part of theirs.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from beholden.identify.patterns import MAX_VALUE, Claim, Pattern, domain_parts, fill
from beholden.knowledge.literals import literal_of

_REQUIRED = ("property", "value", "fingerprint_id", "field", "found")
CLAIMS = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in _REQUIRED]
    + [pa.field("confidence", pa.float64(), nullable=False), pa.field("fact_id", pa.string())]
)
Hit = tuple[Claim, tuple[str, ...]]


@dataclass
class _Index:
    """All fingerprints of one property, laid out for look-up."""

    exact: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    domain: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    prefix: dict[int, dict[str, list[Claim]]] = field(default_factory=lambda: defaultdict(dict))
    suffix: dict[int, dict[str, list[Claim]]] = field(default_factory=lambda: defaultdict(dict))
    regex: dict[str, Pattern] = field(default_factory=dict)
    series: dict[str, dict[str, Pattern]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, kind: str, text: str, literal: str, claim: Claim) -> None:
        """Enter one claim under its pattern."""
        folded = text.lower()
        match kind:
            case "exact":
                self.exact[folded].append(claim)
            case "domain":
                self.domain[folded].append(claim)
            case "prefix":
                self.prefix[len(folded)].setdefault(folded, []).append(claim)
            case "suffix":
                self.suffix[len(folded)].setdefault(folded, []).append(claim)
            case "regex":
                self.regex.setdefault(text, Pattern(text, is_search=False, literal=literal)).claims.append(
                    claim
                )
            case _:
                series, _, _ = claim.fingerprint_id.rpartition(":")
                pattern = Pattern(text, is_search=True, literal=literal)
                self.series[series].setdefault(claim.fingerprint_id, pattern).claims.append(claim)

    def hits(self, value: str) -> Iterator[Hit]:
        """Give every claim that holds for a value, with the groups for its template."""
        text = value[:MAX_VALUE]
        folded = text.lower()
        whole = (text,)
        for claim in self._looked_up(folded):
            yield claim, whole
        for pattern in self.regex.values():
            yield from _tried(pattern, text, folded)
        for patterns in self.series.values():
            yield from _first(patterns, text, folded)

    def _looked_up(self, folded: str) -> Iterator[Claim]:
        yield from self.exact.get(folded, ())
        for length, heads in self.prefix.items():
            yield from heads.get(folded[:length], ())
        for length, tails in self.suffix.items():
            yield from tails.get(folded[-length:], ())
        if self.domain:
            for part in domain_parts(folded):
                yield from self.domain.get(part, ())


def _tried(pattern: Pattern, text: str, folded: str) -> Iterator[Hit]:
    groups = pattern.groups(text, folded)
    if groups is not None:
        for claim in pattern.claims:
            yield claim, groups


def _first(patterns: dict[str, Pattern], text: str, folded: str) -> Iterator[Hit]:
    """In a series the first match wins: its later patterns are more general."""
    for pattern in patterns.values():
        groups = pattern.groups(text, folded)
        if groups is not None:
            for claim in pattern.claims:
                yield claim, groups
            return


def _index(fingerprints: pa.Table) -> dict[str, _Index]:
    indexes: dict[str, _Index] = defaultdict(_Index)
    has_literal = "literal" in fingerprints.column_names
    for row in fingerprints.to_pylist():
        claim = Claim(row["fingerprint_id"], row["field"], row["value"], row["confidence"], row["fact_id"])
        is_expression = row["match"] in ("regex", "search")
        literal = row["literal"] if has_literal else literal_of(row["pattern"]) if is_expression else ""
        indexes[row["property"]].add(row["match"], row["pattern"], literal or "", claim)
    return indexes


def match(values: pa.Table, fingerprints: pa.Table) -> pa.Table:
    """Match distinct (property, value) pairs against fingerprints.

    `fingerprints` has the columns of `knowledge.fingerprints.COLUMNS`. Gives one
    row per claim: property, value, fingerprint_id, field, found, confidence
    (0-1), fact_id. A value longer than `MAX_VALUE` is matched by its beginning.
    A claim whose template fills to nothing is left out.
    """
    indexes = _index(fingerprints)
    pairs = zip(values["property"].to_pylist(), values["value"].to_pylist(), strict=True)
    rows: list[dict[str, object]] = []
    for name, value in dict.fromkeys(pairs):
        if not name or not value or name not in indexes:
            continue
        index = indexes[name]
        rows.extend(_row(name, value, claim, groups) for claim, groups in index.hits(value))
    return pa.Table.from_pylist([row for row in rows if row["found"]], schema=CLAIMS)


def _row(name: str, value: str, claim: Claim, groups: tuple[str, ...]) -> dict[str, object]:
    return {
        "property": name,
        "value": value,
        "fingerprint_id": claim.fingerprint_id,
        "field": claim.field,
        "found": fill(claim.template, groups),
        "confidence": claim.confidence,
        "fact_id": claim.fact_id,
    }
