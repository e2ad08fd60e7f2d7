"""Distinguished names as other tools write them, put as RFC 4514 has them: the last part of the certificate's first."""

import re
from collections.abc import Mapping

_BETWEEN = re.compile(r", +(?=[A-Za-z0-9.]+=)")
_ESCAPED = re.compile(r'[,+"\\<>;]')


def from_text(name: str) -> str:
    """Turn a text of parts in the order of the certificate, joined by commas that values may hold too."""
    parts = [part.partition("=") for part in _BETWEEN.split(name) if part]
    return ",".join(f"{kind}{equals}{_escaped(value)}" for kind, equals, value in reversed(parts))


def from_parts(parts: Mapping[str, object]) -> str:
    """Turn an object of parts in the order of the certificate."""
    told = [(kind, value) for kind, value in parts.items() if isinstance(value, str) and value]
    return ",".join(f"{kind}={_escaped(value)}" for kind, value in reversed(told))


def _escaped(value: str) -> str:
    """Escape what separates (RFC 4514, 2.4), unless it is already."""
    return value if "\\" in value else _ESCAPED.sub(r"\\\g<0>", value)
