"""Documents in JSON that may be damaged, and what stands in them, whatever its type."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from beholden.ingest.tabular.problems import Problems

Node = Mapping[str, Any]
_MOST_DEPTH = 256
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_CLOSES = {"{": "}", "[": "]"}


def document(data: bytes, problems: Problems) -> Node:
    """Give the object that bytes are in JSON (RFC 8259); of a damaged one what is whole before the damage."""
    source = data.decode("utf-8", "replace").lstrip("\ufeff")
    try:
        return node(json.loads(source))
    except RecursionError:
        problems.tell("JSON", "", "JSON too deep", "nothing read")
    except ValueError as error:
        wrong = f"damaged JSON: {str(error)[:80]}"
        found = _before(source[: getattr(error, "pos", 0)])
        problems.tell("JSON", "", wrong, "what comes before is kept" if found else "nothing read")
        return found
    return {}


def _before(source: str) -> Node:
    """Give a document that ends too early as far as its objects and lists are whole."""
    is_open = list[str]()
    end, left = 0, ""
    for token in _TOKEN.finditer(source):
        if token[0] in _CLOSES:
            is_open.append(_CLOSES[token[0]])
            if len(is_open) > _MOST_DEPTH:
                break
        elif is_open and token[0] == is_open[-1]:
            is_open.pop()
            end, left = token.end(), "".join(reversed(is_open))
    try:
        return node(json.loads(source[:end] + left))
    except (ValueError, RecursionError):
        return {}


def node(value: object) -> Node:
    """Give an object, and an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Node]:
    """Give the objects of a list, and none for what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Give a text or number as text, and nothing for what is neither."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def texts(value: object) -> list[str]:
    """Give the texts of a list, or one text as the only one."""
    return [text(one) for one in value] if isinstance(value, list) else [text(value)]


def instant(value: object) -> datetime | None:
    """Read a time of ISO 8601; UTC where no zone is told."""
    try:
        told = datetime.fromisoformat(text(value))
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
