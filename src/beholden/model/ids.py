"""Content-hash ids: the same content gives the same id, in any order and on any machine."""

import hashlib

_SEPARATOR = "\x1f"


def content_id(kind: str, *parts: str) -> str:
    """Hash a kind and its parts to 16 hex digits. Parts are ordered."""
    text = _SEPARATOR.join((kind, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
