"""Content-hash ids: the same content gives the same id, in any order and on any machine."""

import hashlib
from collections.abc import Iterable

_SEPARATOR = "\x1f"


def content_id(kind: str, *parts: str) -> str:
    """Hash a kind and its parts to 16 hex digits. Parts are ordered."""
    text = _SEPARATOR.join((kind, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def content_ids(kind: str, parts: Iterable[str]) -> list[str]:
    """Hash a kind and one part to 16 hex digits, for each of many parts."""
    head = f"{kind}{_SEPARATOR}"
    return [hashlib.sha256((head + part).encode()).hexdigest()[:16] for part in parts]
