"""Merge the shares of sites: what a scan of all their devices would roll up to, from tables that add."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from beholden.engine import Engine
from beholden.engine.polar import PolarsEngine
from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet import shares
from beholden.pipeline.fleet.shares import CELLS, Part, Share
from beholden.score.rollups import merge_bins, merge_rollups

_MERGE: Mapping[str, Callable[..., Any]] = {"rollups": merge_rollups, "rollup_bins": merge_bins}


def merged(
    given: Sequence[Share], *, is_mixed: bool = False
) -> tuple[dict[str, pa.Table], list[Part], dict[str, Any]]:
    """Merge shares: their tables, the parts they are of, and least and made_by; in any order, with equal result.

    The same share twice counts once, and of two of one site the later counts. Raises BeholdenError where shares hold
    the same site and cannot be told apart, and where they are made by different knowledge, unless that is wanted.
    """
    chosen = _latest(given)
    parts = sorted((part for one in chosen for part in one.parts), key=lambda one: (one.site, one.key))
    made_by = {
        name: sorted({value for one in chosen for value in one.made_by.get(name, ())})
        for name in _names(chosen)
    }
    differing = [name for name, values in made_by.items() if len(values) > 1]
    if differing and not is_mixed:
        raise BeholdenError(
            f"shares differ in {', '.join(differing)}; --mixed merges them nevertheless, and says so"
        )
    with PolarsEngine() as engine:
        tables = {name: _sum(engine, merge, name, chosen) for name, merge in _MERGE.items()}
    tables["cells"] = _cells([one.tables["cells"] for one in chosen])
    return tables, parts, {"least": min(one.least for one in chosen), "made_by": made_by}


def _names(chosen: Sequence[Share]) -> list[str]:
    return sorted({name for one in chosen for name in one.made_by})


def _latest(given: Sequence[Share]) -> list[Share]:
    """Leave out shares that are there twice, or of which a later one of the same site is there."""
    distinct = sorted({one.digest: one for one in given}.values(), key=lambda one: one.digest)
    together = {part.digest for one in distinct if len(one.parts) > 1 for part in one.parts}
    single = [one for one in distinct if len(one.parts) == 1 and one.parts[0].digest not in together]
    latest: dict[tuple[str, str], Share] = {}
    for one in single:
        part = one.parts[0]
        known = latest.get((part.site, part.key))
        if known and known.parts[0].as_of == part.as_of:
            raise BeholdenError(f"two different shares of site {part.site} as of {part.as_of}")
        if known is None or known.parts[0].as_of < part.as_of:
            latest[part.site, part.key] = one
    chosen = [one for one in distinct if len(one.parts) > 1] + list(latest.values())
    _refuse_overlap(chosen)
    return chosen


def _refuse_overlap(chosen: Sequence[Share]) -> None:
    seen: set[tuple[str, str]] = set()
    for one in chosen:
        for part in one.parts:
            if (part.site, part.key) in seen:
                raise BeholdenError(
                    f"site {part.site} is in several shares, one of them merged; merge those of the sites themselves"
                )
            seen.add((part.site, part.key))


def _sum(engine: Engine, merge: Callable[..., Any], name: str, chosen: Sequence[Share]) -> pa.Table:
    frames = [engine.bind(one.tables[name]) for one in chosen]
    return engine.collect(reduce(merge, [*frames, engine.bind(shares.SCHEMAS[name].empty_table())]))


def _cells(tables: Sequence[pa.Table]) -> pa.Table:
    """Add the counts of cells of the same fields and values."""
    keys = [name for name in CELLS.names if name != "n"]
    summed = pa.concat_tables(tables).group_by(keys, use_threads=False).aggregate([("n", "sum")])
    return summed.rename_columns([*keys, "n"]).select(CELLS.names).cast(CELLS)


def merge_files(
    paths: Sequence[Path],
    trust: Sequence[Path],
    out: Path | None,
    key: Path | None,
    *,
    is_mixed: bool = False,
) -> dict[str, Any]:
    """Merge shares in files, write the result where asked for, and give it as a document."""
    trusted = shares.public_keys(trust)
    tables, parts, about = merged([shares.read(path, trusted) for path in paths], is_mixed=is_mixed)
    if out is not None:
        if key is None:
            raise BeholdenError("--out needs --key: a share is signed by whoever made it")
        shares.write(out, shares.private_key(key), tables, [asdict(part) for part in parts], about)
    return {
        **about,
        "parts": [asdict(part) | {"key_file": str(trusted.get(part.key, ""))} for part in parts],
        **{name: tables[name].to_pylist() for name in ("rollups", "cells")},
    }
