"""Indicators of MISP events, alone or as a feed hands them out (MISP core format, draft-dulaunoy-misp-core-format)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from beholden.knowledge.indicators.entries import NO_SIGNAL, Entries, instant
from beholden.knowledge.indicators.json_places import Places

_FORM = "misp"
_ATTACK = re.compile(r'mitre-[a-z-]*attack-pattern="[^"]*\b(T\d{4}(?:\.\d{3})?)"')
_UUID = re.compile(r'"uuid"\s*:\s*"([0-9a-fA-F-]{36})"')
_TLP = "tlp:"
Node = Mapping[str, Any]


def recognise(document: object) -> bool:
    """Tell whether a document holds MISP events."""
    return any(True for _ in _events(document))


def _events(document: object) -> Iterator[Node]:
    found = document.get("response", document) if isinstance(document, dict) else document
    for one in found if isinstance(found, list) else [found]:
        event = one.get("Event") if isinstance(one, dict) else None
        if isinstance(event, dict):
            yield event


def read(document: object, text: str, entries: Entries) -> None:
    """Take every attribute that is meant for detection (`to_ids`)."""
    places = Places(text, _UUID)
    n_context = 0
    for event in _events(document):
        for attribute in _attributes(event):
            if attribute.get("to_ids") is True and attribute.get("deleted") is not True:
                _take(attribute, event, places, entries)
            else:
                n_context += 1
    if n_context:
        entries.faults.tell(
            "", f"attributes that are deleted or not meant for detection (to_ids): {n_context}"
        )


def _attributes(event: Node) -> Iterator[Node]:
    for holder in (event, *_nodes(event.get("Object"))):
        yield from _nodes(holder.get("Attribute"))


def _take(attribute: Node, event: Node, places: Places, entries: Entries) -> None:
    identity, sort = str(attribute.get("uuid", "")), str(attribute.get("type", ""))
    place = places.of(identity)
    where = f"line {place['line']}, attribute {identity}"
    said = _said(attribute, event, entries)
    kinds = entries.words.types.get((_FORM, sort))
    if kinds is None:
        entries.faults.tell(where, f"{sort}: nothing that beholden sees bears it")
    elif said["signal"] != NO_SIGNAL:
        entries.add(kinds, str(attribute.get("value", "")), where, said | place | {"object_id": identity})


def _said(attribute: Node, event: Node, entries: Entries) -> dict[str, Any]:
    """Give what an attribute says, and its event where it says nothing itself."""
    tags = [str(tag.get("name", "")) for holder in (attribute, event) for tag in _nodes(holder.get("Tag"))]
    author, published = event.get("Orgc"), _stamp(event.get("date"))
    changed = _stamp(attribute.get("timestamp")) or published
    first, last = instant(attribute.get("first_seen")), instant(attribute.get("last_seen"))
    parts = (attribute.get("category"), attribute.get("comment"), event.get("info"))
    return entries.words.read([*tags, str(attribute.get("category", ""))]) | {
        "attack": next((found[1] for tag in tags if (found := _ATTACK.search(tag))), None),
        "valid_from": first,
        "seen_at": last or changed,
        "says": ": ".join(str(one) for one in parts if one) or None,
        "publisher": str(author.get("name") or "") or None if isinstance(author, dict) else None,
        "marking": ", ".join(dict.fromkeys(tag.upper() for tag in tags if tag.lower().startswith(_TLP)))
        or None,
    }


def _stamp(value: object) -> datetime | None:
    """Read seconds since the epoch, which MISP writes as text, or a date; 0 is none."""
    plain = str(value or "")
    if plain.isdecimal() and plain != "0":
        return datetime.fromtimestamp(min(int(plain), 1 << 35), UTC)
    return instant(plain) if plain != "0" else None


def _nodes(value: object) -> list[Node]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
