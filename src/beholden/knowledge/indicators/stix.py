"""Indicators of STIX 2.1 bundles, and of what TAXII hands out (OASIS STIX 2.1, TAXII 2.1)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from beholden.knowledge.indicators.entries import NO_SIGNAL, Entries, instant
from beholden.knowledge.indicators.json_places import Places
from beholden.knowledge.indicators.patterns import PatternError, read_pattern

_FORM = "stix"
_ATTACK = "mitre-attack"
_ID = re.compile(r'"id"\s*:\s*"(indicator--[0-9a-fA-F-]{36})"')
_FULL = 100.0
Node = Mapping[str, Any]


def recognise(document: object) -> bool:
    """Tell whether a document is a bundle, an envelope or a list of STIX objects."""
    return any(
        "spec_version" in one or "pattern" in one or one.get("type") == "bundle" for one in _objects(document)
    )


def _objects(document: object) -> list[Node]:
    listed = document.get("objects", [document]) if isinstance(document, dict) else document
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def read(document: object, text: str, entries: Entries) -> None:
    """Take every indicator whose pattern says that something equals a value."""
    objects = _objects(document)
    known = {str(one.get("id")): one for one in objects}
    attacks = _indicated(objects, known)
    places = Places(text, _ID)
    n_left = 0
    for one in objects:
        if one.get("type") != "indicator":
            continue
        identity = str(one.get("id"))
        place = places.of(identity)
        said = _said(one, known, attacks.get(identity), entries)
        if one.get("revoked") is True or said["signal"] == NO_SIGNAL:
            n_left += 1
        else:
            _take(one, said | place | {"object_id": identity}, entries)
    if n_left:
        entries.faults.tell(
            "", f"indicators that are revoked, or speak of nothing that a device does: {n_left}"
        )


def _take(one: Node, fields: dict[str, Any], entries: Entries) -> None:
    place = f"line {fields['line']}, {fields['object_id']}"
    if one.get("pattern_type", _FORM) != _FORM:
        return entries.faults.tell(place, f"its pattern is of {one.get('pattern_type')}")
    try:
        pattern = read_pattern(str(one.get("pattern", "")))
    except PatternError as error:
        return entries.faults.tell(place, f"pattern: {error}")
    fields |= {
        "valid_from": instant(pattern.start) or fields["valid_from"],
        "valid_until": instant(pattern.stop) or fields["valid_until"],
    }
    for term in pattern.terms:
        kind = entries.words.types.get((_FORM, _typed(term.path)))
        if kind is None:
            entries.faults.tell(place, f"{term.path}: nothing that beholden sees bears it")
        else:
            entries.add(kind, term.value, place, fields | {"port": term.port})
    return None


def _typed(path: str) -> str:
    """Give a path as the vocabulary names it: without quotes."""
    return path.replace("'", "")


def _said(one: Node, known: Mapping[str, Node], attack: str | None, entries: Entries) -> dict[str, Any]:
    """Give what an indicator says beside its pattern."""
    phases = [str(phase.get("phase_name", "")) for phase in _nodes(one.get("kill_chain_phases"))]
    words = [*_texts(one.get("indicator_types")), *_texts(one.get("labels")), *phases]
    told = entries.words.read(words)
    stated = one.get("confidence")
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        told["confidence"] = min(max(stated / _FULL, 0.0), 1.0)
    own = next(
        (ref["external_id"] for ref in _nodes(one.get("external_references")) if _is_attack(ref)), None
    )
    times = [instant(one.get(name)) for name in ("modified", "created", "valid_from")]
    author = known.get(str(one.get("created_by_ref")), {})
    return told | {
        "attack": own or attack,
        "valid_from": instant(one.get("valid_from")),
        "valid_until": instant(one.get("valid_until")),
        "seen_at": max((time for time in times if time), default=None),
        "says": str(one.get("name") or ", ".join(words) or "") or None,
        "publisher": str(author.get("name") or "") or None,
        "marking": _markings(one, known, entries) or None,
        "url": next(
            (str(ref["url"]) for ref in _nodes(one.get("external_references")) if ref.get("url")), None
        ),
    }


def _markings(one: Node, known: Mapping[str, Node], entries: Entries) -> str:
    """Give how an indicator may be passed on: TLP, or the statement of a licence."""
    said = []
    for ref in _texts(one.get("object_marking_refs")):
        marking = known.get(ref, {})
        definition = marking.get("definition")
        inner = definition if isinstance(definition, dict) else {}
        tlp = f"TLP:{inner['tlp'].upper()}" if isinstance(inner.get("tlp"), str) else None
        said.append(
            entries.words.markings.get(ref) or tlp or inner.get("statement") or marking.get("name") or ref
        )
    return ", ".join(map(str, said))


def _indicated(objects: Iterable[Node], known: Mapping[str, Node]) -> dict[str, str]:
    """Give the technique of ATT&CK that a relationship says an indicator indicates."""
    found: dict[str, str] = {}
    for one in objects:
        if one.get("relationship_type") == "indicates":
            target = known.get(str(one.get("target_ref")), {})
            for ref in _nodes(target.get("external_references")):
                if _is_attack(ref):
                    found.setdefault(str(one.get("source_ref")), str(ref["external_id"]))
    return found


def _is_attack(ref: Node) -> bool:
    return str(ref.get("source_name", "")).startswith(_ATTACK) and str(ref.get("external_id", "")).startswith(
        "T"
    )


def _nodes(value: object) -> list[Node]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
