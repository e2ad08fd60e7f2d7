"""Paths into a JSON document, and texts with paths in braces: what is not there gives nothing."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

_STEP = re.compile(r"(?P<name>[^\[\]]*)(?:\[(?P<key>[^\[\]=]*)(?:=(?P<wanted>[^\[\]]*))?\])?")
_BRACES = re.compile(r"\{([^{}]*)\}")


def values(node: Any, path: str) -> Iterator[Any]:  # noqa: ANN401 - a JSON document has no narrower type
    """Give what stands at a path: `a.b`, `a[]`, `a[0=mac]`, `a.*`, or a text such as `{proto}/{port}`."""
    if "{" in path:
        yield from _filled(node, path)
        return
    nodes = [node]
    for step in path.split(".") if path else ():
        nodes = [inner for one in nodes for inner in _inside(one, step)]
    yield from (one for one in nodes if one is not None)


def every(node: Any, paths: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401
    """Give what stands at each of some paths, in their order."""
    for path in paths:
        yield from values(node, path)


def first(node: Any, paths: Sequence[str]) -> Any:  # noqa: ANN401
    """Give the first value of the first path that has one."""
    return next((value for value in every(node, paths) if value not in (None, "")), None)


def _filled(node: Any, text: str) -> Iterator[str]:  # noqa: ANN401
    """Fill a text; `{!name}` has to be there, and `{!name=value}` to be that and leaves nothing, else nothing is said."""
    found = {name: _found(node, *name.lstrip("!").partition("=")) for name in _BRACES.findall(text)}
    if any(value is None and name.startswith("!") for name, value in found.items()):
        return
    yield " ".join(_BRACES.sub(lambda match: _text(found[match[1]]), text).split())


def _found(node: Any, path: str, equals: str, wanted: str) -> Any:  # noqa: ANN401
    value = first(node, [path])
    if not equals:
        return value
    return "" if str(value) == wanted else None


def _text(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, str) and value.isupper()
        else str("" if value is None else value)
    )


def _inside(node: Any, step: str) -> Iterator[Any]:  # noqa: ANN401
    found = _STEP.fullmatch(step)
    if found is None:
        return
    if found["name"] == "*":
        yield from node.values() if isinstance(node, dict) else ()
        return
    inner = _member(node, found["name"]) if found["name"] else node
    if found["key"] is None:
        yield inner
    elif isinstance(inner, list):
        wanted = found["wanted"]
        yield from (one for one in inner if wanted is None or str(_member(one, found["key"])) == wanted)


def _member(node: Any, name: str) -> Any:  # noqa: ANN401
    """Give a member of an object by its name, dots as `_`; of a list by its number."""
    if isinstance(node, dict):
        return node.get(name)
    if isinstance(node, list) and name.isdigit() and int(name) < len(node):
        return node[int(name)]
    return None
