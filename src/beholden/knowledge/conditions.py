"""Conditions on the rows of a table, as a rule states them; each distinct value of a column is tested once.

A condition is a tree: `{"all": […]}`, `{"any": […]}`, `{"not": …}`, or `{"column", "how", "values"}`, which holds where
any of the values does. Texts are compared without case. Regular expressions are run by Arrow's engine (RE2), whose time
grows with the text alone. What is not known holds nothing.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Tree = Mapping[str, Any]
VIEWS: Mapping[str, str] = {
    "protocol": "text", "client_ip": "text", "server_ip": "text", "server_port": "number", "client_bytes": "number",
    "server_bytes": "number", "is_established": "flag", "server_name": "text", "sni": "text", "http_host": "text",
    "name": "text", "seconds": "number",
}  # fmt: skip
"""Columns of the view `flows` and their types; `name` is the destination's by SNI, Host or DNS. Of an observation there
is `value` alone."""
FLOWS = "flows"
_TYPES = {"text": pa.string(), "number": pa.float64(), "flag": pa.bool_()}
_SAMPLE = {name: {"text": "", "number": 0.0, "flag": False}[kind] for name, kind in VIEWS.items()} | {
    "value": ""
}
_MOST_NODES = 20_000
_DEEPEST = 10
_LONGEST_EXPRESSION = 1000
_GLOB = re.compile(r"\\[*?\\]|[*?]")
_WILD = {"*": ".*", "?": "."}


class ConditionError(ValueError):
    """A condition that cannot be run; says why."""


def columns_of(over: str) -> Mapping[str, str]:
    """Give the columns of a view and their types."""
    return VIEWS if over == FLOWS else {"value": "text"}


def schema_of(over: str) -> pa.Schema:
    """Give the columns of a view as Arrow types."""
    return pa.schema([(name, _TYPES[kind]) for name, kind in columns_of(over).items()])


def read_when(when: object, unless: object, over: str) -> Tree:
    """Read the form of our own rules: columns with what they must be, all of them; a list of such means any.

    Raises ConditionError for what cannot be run.
    """
    blocks = _Blocks()
    tree = blocks.read(when)
    if unless is not None:
        tree = {"all": [tree, {"not": blocks.read(unless)}]}
    check(tree, over)
    return tree


class _Blocks:
    """Reads blocks of a rule, and no more of them than a rule may have: aliases unfold to any number."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def read(self, stated: object, depth: int = 0) -> Tree:
        """Read columns with what they must be, or a list of such."""
        if depth > _DEEPEST:
            raise ConditionError("conditions so deep are not run")
        if isinstance(stated, list) and stated:
            return {"any": [self.read(one, depth + 1) for one in stated]}
        if isinstance(stated, dict) and stated:
            return {"all": [self._leaf(str(name), value) for name, value in stated.items()]}
        raise ConditionError("when and unless are columns with what they must be, or a list of such")

    def _leaf(self, name: str, value: object) -> Tree:
        column, _, how = name.partition("|")
        values = value if isinstance(value, list) else [value]
        self._left -= len(values) + 1
        if self._left < 0:
            raise ConditionError(f"more than {_MOST_NODES:,} comparisons")
        if not values or any(isinstance(one, dict | list) for one in values):
            raise ConditionError(f"{name}: no value to compare with")
        return {"column": column, "how": how or "equals", "values": values}


def check(tree: Tree, over: str) -> None:
    """Raise ConditionError where a tree cannot be run over a view: tried on one row, because none would not try it."""
    if _count(tree) > _MOST_NODES:
        raise ConditionError(f"more than {_MOST_NODES:,} comparisons")
    holds(tree, pa.Table.from_pylist([_SAMPLE], schema=schema_of(over)))


def _count(tree: Tree) -> int:
    """Count the comparisons of a tree, without going on where there are too many."""
    waiting, n = [tree], 0
    while waiting and n <= _MOST_NODES:
        here = waiting.pop()
        waiting += [*here.get("all", ()), *here.get("any", ()), *([here["not"]] if "not" in here else ())]
        n += 1 + len(here.get("values", ()))
    return n


def holds(tree: Tree, table: pa.Table) -> pa.Array:
    """Say for each row whether a condition holds; raises ConditionError for one that cannot be run."""
    if "not" in tree:
        return pc.invert(holds(tree["not"], table))
    for name, joined in (("all", pc.and_), ("any", pc.or_)):
        if name in tree:
            masks = [holds(one, table) for one in tree[name]]
            while len(masks) > 1:
                masks.append(joined(masks.pop(), masks.pop()))
            return masks[0]
    return _compared(tree, table)


def _compared(leaf: Tree, table: pa.Table) -> pa.Array:
    name, how, values = str(leaf["column"]), str(leaf["how"]), leaf["values"]
    if name not in table.column_names:
        raise ConditionError(f"no column {name!r}; there are {', '.join(table.column_names)}")
    column = table[name].combine_chunks()
    if how == "known":
        return pc.is_valid(column) if _flag(values) else pc.is_null(column)
    if pa.types.is_boolean(column.type):
        return _no_null(pc.equal(column, _flag(values)))
    if not pa.types.is_string(column.type):
        return _any([_no_null(_number(how)(column, _as_number(one))) for one in values])
    if how not in _TEXT:
        raise ConditionError(f"a text has no |{how}; there are {', '.join(_TEXT)}")
    coded = column.dictionary_encode()
    distinct = coded.dictionary
    mask = _any([_TEXT[how](distinct, str(one)) for one in values])
    return _no_null(mask.take(coded.indices))


def _any(masks: Sequence[pa.Array]) -> pa.Array:
    whole = masks[0]
    for mask in masks[1:]:
        whole = pc.or_(whole, mask)
    return whole


def _no_null(mask: pa.Array) -> pa.Array:
    return pc.fill_null(mask, fill_value=False)


def _flag(values: Sequence[object]) -> bool:
    if len(values) != 1 or str(values[0]).lower() not in ("true", "false", "yes", "no"):
        raise ConditionError(f"{values!r} is neither true nor false")
    return str(values[0]).lower() in ("true", "yes")


def _as_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError as error:
        raise ConditionError(f"{value!r} is no number") from error


def _number(how: str) -> Callable[[pa.Array, float], pa.Array]:
    if how not in _NUMBERS:
        raise ConditionError(f"a number has no |{how}; there are {', '.join(_NUMBERS)}")
    return _NUMBERS[how]


def _expression(texts: pa.Array, pattern: str, *, ignore_case: bool = True) -> pa.Array:
    if len(pattern) > _LONGEST_EXPRESSION:
        raise ConditionError(f"an expression of more than {_LONGEST_EXPRESSION} characters")
    try:
        return pc.match_substring_regex(texts, pattern, ignore_case=ignore_case)
    except pa.ArrowInvalid as error:
        raise ConditionError(f"{pattern[:60]!r} is no expression: {str(error)[:80]}") from error


def _like(texts: pa.Array, pattern: str) -> pa.Array:
    """Match with `*` for any letters and `?` for one; a backslash takes their meaning."""
    parts, at = [], 0
    for found in _GLOB.finditer(pattern):
        parts += [re.escape(pattern[at : found.start()]), _WILD.get(found[0]) or re.escape(found[0][1])]
        at = found.end()
    return _expression(texts, f"(?s)^{''.join(parts)}{re.escape(pattern[at:])}$")


def _cidr(texts: pa.Array, network: str) -> pa.Array:
    try:
        wanted = ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise ConditionError(f"{network!r} is no network") from error
    return pa.array([_lies_in(text, wanted) for text in texts.to_pylist()], pa.bool_())


def _lies_in(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def _within(texts: pa.Array, name: str) -> pa.Array:
    """Match a name and all below it."""
    bare = name.lower().strip(".")
    folded = pc.utf8_rtrim(pc.utf8_lower(texts), characters=".")
    return pc.or_(pc.equal(folded, bare), pc.ends_with(folded, f".{bare}"))


_NUMBERS: Mapping[str, Callable[[pa.Array, float], pa.Array]] = {
    "equals": pc.equal,
    "lt": pc.less,
    "lte": pc.less_equal,
    "gt": pc.greater,
    "gte": pc.greater_equal,
}
_TEXT: Mapping[str, Callable[[pa.Array, str], pa.Array]] = {
    "equals": lambda texts, value: pc.equal(pc.utf8_lower(texts), value.lower()),
    "cased": pc.equal,
    "contains": lambda texts, value: pc.match_substring(texts, value, ignore_case=True),
    "startswith": lambda texts, value: pc.starts_with(texts, value, ignore_case=True),
    "endswith": lambda texts, value: pc.ends_with(texts, value, ignore_case=True),
    "domain": _within,
    "like": _like,
    "re": lambda texts, value: _expression(texts, value, ignore_case=False),
    "cidr": _cidr,
}
"""How texts are compared."""
