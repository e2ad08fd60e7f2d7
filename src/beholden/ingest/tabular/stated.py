"""Bring stated criticality and country to one form, through tables of knowledge."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.ingest.tabular.problems import Problems, quoted
from beholden.knowledge.base import knowledge_root
from beholden.knowledge.files import read_csv
from beholden.model.identifiers import is_placeholder

Read = Callable[[Sequence[str | None]], list[str | None]]


@cache
def _countries(root: Path) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for row in read_csv(root, "places/countries.csv"):
        spelt = (row["iso2"], row["iso3"], row["name"], row["official_name"], *row["other_names"].split("|"))
        names.update({name.casefold(): row["iso2"] for name in spelt if name})
    return names


@cache
def _levels(root: Path) -> Mapping[str, float]:
    rows = read_csv(root, "vocabulary/criticality_names.csv")
    return {row["name"].casefold(): float(row["criticality"]) for row in rows}


def countries(texts: Sequence[str | None]) -> list[str | None]:
    """Give ISO 3166-1 alpha-2 for names and codes of countries."""
    names = _countries(knowledge_root())
    return [names.get(" ".join(text.casefold().split())) if text else None for text in texts]


def criticalities(texts: Sequence[str | None]) -> list[str | None]:
    """Give `0` to `1` for levels by name, and for numbers on a scale of 0–1, 1–5 or 1–10; higher is more critical.

    The scale is the smallest that holds all numbers of the column; a column of nothing but 1 has none.
    """
    levels = _levels(knowledge_root())
    named = [levels.get(" ".join(text.casefold().split())) if text else None for text in texts]
    numbers = [
        _number(text) if text and level is None else None for text, level in zip(texts, named, strict=True)
    ]
    known = {one for one in numbers if one is not None}
    scaled = [None if one is None else _scale(one, known) for one in numbers]
    return [
        _text(level if level is not None else number) for level, number in zip(named, scaled, strict=True)
    ]


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= 10 else None


def _scale(number: float, known: set[float]) -> float | None:
    if max(known) <= 1:
        return None if known == {1.0} else number
    top = 5 if max(known) <= 5 else 10
    return number / top if min(known) < 1 else (number - 1) / (top - 1)


def _text(number: float | None) -> str | None:
    return None if number is None else f"{number:.4g}"


STATED: Mapping[str, Read] = {"inventory.country": countries, "inventory.criticality": criticalities}


def state(name: str, column: Any, problems: Problems) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Give a stated column in its one form; an unread country stays as stated, an unread criticality goes."""
    coded = column.dictionary_encode()
    texts: list[str | None] = coded.dictionary.to_pylist()
    read = STATED[name](texts)
    lost = [
        text
        for text, one in zip(texts, read, strict=True)
        if one is None and text and not is_placeholder(text)
    ]
    is_kept = name == "inventory.country"
    if lost:
        shown = ", ".join(quoted(text) for text in lost[:3])
        short = name.removeprefix("inventory.")
        wrong = f"different values not read as {short}: {len(lost):,} ({shown})"
        problems.tell(name, "", wrong, "kept as stated" if is_kept else "left out")
    kept = [one if one is not None or not is_kept else text for text, one in zip(texts, read, strict=True)]
    return pa.array(kept, pa.string()).take(coded.indices)
