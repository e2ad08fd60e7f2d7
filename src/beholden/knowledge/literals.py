"""Find a piece of text that every match of a regular expression contains.

Patterns are tried on a value only where the value contains that piece: most
values contain none, and most patterns are then never compiled.
"""

import re
from functools import lru_cache
from typing import Any

_parser: Any = re._parser  # type: ignore[attr-defined]  # noqa: SLF001 - the parser has no public name
_constants: Any = re._constants  # type: ignore[attr-defined]  # noqa: SLF001


@lru_cache(maxsize=16_384)
def literal_of(pattern: str) -> str:
    """Give the longest lower-case ASCII text that any match contains; empty where none is certain."""
    try:
        parsed = _parser.parse(pattern, re.IGNORECASE)
    except (re.error, RecursionError):
        return ""
    runs: list[str] = []
    _collect(list(parsed), runs)
    return max(runs, key=len, default="")


def _collect(items: list[Any], runs: list[str]) -> None:
    run = ""
    for operation, argument in items:
        if operation is _constants.LITERAL and argument < 128:  # folding is safe in ASCII only
            run += chr(argument).lower()
            continue
        runs.append(run)
        run = ""
        inner = _certain(operation, argument)
        if inner is not None:
            _collect(inner, runs)
    runs.append(run)


def _certain(operation: Any, argument: Any) -> list[Any] | None:  # noqa: ANN401 - parse trees are untyped
    if operation is _constants.SUBPATTERN:
        return list(argument[3])
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and argument[0] >= 1:
        return list(argument[2])
    return None
