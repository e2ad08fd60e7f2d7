"""What engines compute differently, without a word, stands nowhere in frames."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "beholden"
ENGINE = SOURCE / "engine"
FRAMES = sorted(
    path
    for path in SOURCE.rglob("*.py")
    if "import narwhals" in path.read_text("utf-8") and ENGINE not in path.parents
)
CALLS = {
    "hash": "each engine has its own: Engine.with_number",
    "approx_n_unique": "an estimate, and another on each engine",
    "split": "the separator is a regular expression on Spark",
    "mode": "ties are broken apart",
    "join_asof": "Spark has none",
    "first": "rows have no order",
    "last": "rows have no order",
    "any_value": "any is another on each engine",
    "shift": "rows have no order",
    "str_join": "Spark does not order what it joins",
}
"""Methods of expressions and frames, and why not."""
NAMED = {"alias", "col", "with_columns", "select", "rename"}


def short(path):
    return path.relative_to(SOURCE).as_posix()


def root(node):
    """Give the name that a chain of calls and attributes begins with."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def of_expressions(tree):
    """Give the calls of a module that are surely of expressions: their chain begins with `nw`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and root(node.func) == "nw":
            yield node


def patterns(tree):
    for node in of_expressions(tree):
        if node.func.attr in ("contains", "replace_all") and node.args:
            is_literal = any(one.arg == "literal" for one in node.keywords)
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and not is_literal:
                    yield part.value


def of_text(tree):
    """Give patterns of expressions that are called text, as functions over columns call them."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "contains"
        ):
            owner = node.func.value
            if isinstance(owner, ast.Attribute) and owner.attr == "str":
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def is_ordinal(node):
    """Tell whether a call ranks rows by number, where equal rows are numbered as they come."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "rank"):
        return False
    given = [*node.args, *(one.value for one in node.keywords)]
    return any(isinstance(one, ast.Constant) and one.value == "ordinal" for one in given)


def found_in(text):
    """Say what of a module is forbidden."""
    tree = ast.parse(text)
    wrong = {"rank: ordinal breaks ties apart" for node in ast.walk(tree) if is_ordinal(node)}
    wrong |= {
        f"{node.func.attr}: {CALLS[node.func.attr]}"
        for node in of_expressions(tree)
        if node.func.attr in CALLS
    }
    for pattern in {*patterns(tree), *of_text(tree)}:
        if re.search(r"(?<!\\)\$|\\[dwsb]|\(\?|[*+?}]\+", pattern):
            wrong.add(f"pattern {pattern}: $ and classes beyond ASCII are read apart; say \\z, and [0-9]")
    for node in of_expressions(tree):
        names = [*node.args, *(one.value for one in node.keywords)] if node.func.attr in NAMED else []
        for name in names:
            if (
                isinstance(name, ast.Constant)
                and isinstance(name.value, str)
                and re.search(r"[.`]", name.value)
            ):
                wrong.add(f"column {name.value}: a dot is a step into a field on Spark")
    return wrong


@pytest.mark.parametrize("path", FRAMES, ids=short)
def test_nothing_forbidden(path):
    assert found_in(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    "text",
    [
        'nw.col("a").str.split(".")',
        'nw.col("a").first()',
        'nw.col("a.b")',
        '(nw.col("a") * 2).rank("ordinal").over("b")',
        'nw.lit(1).alias(".a")',
        'nw.col("a").str.contains("^a$")',
        'nw.col("a").str.contains(r"\\d")',
        'text.str.contains(r"a$")',
    ],
)
def test_what_is_forbidden_is_found(text):
    assert found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        r'nw.col("a").str.contains(r"^a\z")',
        'nw.col("a").str.replace_all("$", "", literal=True)',
        'a.split(".")',
    ],
)
def test_what_is_not_is_not(text):
    assert not found_in(text)
