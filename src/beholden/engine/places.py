"""Places in evidence as one number, so that the first place is a plain minimum and rows stay small.

A place is the number of its evidence (sorted by id, judgements after evidence) times 2^40,
plus the locator. The tables of a scan show evidence_id, locator_kind and locator again.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Frame

PLACE = ("evidence_id", "locator_kind", "locator")
"""Columns that say where in which evidence something was seen."""

_IN_LINES = frozenset({"zeek", "suricata"})
"""Kinds of evidence whose locators count lines."""
_STEP = 1 << 40  # locators stay below: no evidence has so many records


def sources(evidence: pa.Table, judgement_ids: Sequence[str]) -> pa.Table:
    """Give the numbers of evidence and judgements: source, evidence_id, locator_kind."""
    kinds = dict(zip(evidence["evidence_id"].to_pylist(), evidence["kind"].to_pylist(), strict=True))
    ids = [*sorted(kinds), *sorted(judgement_ids)]
    counted = [counts(kinds[one]) for one in ids[: len(kinds)]]
    return pa.table(
        {
            "source": pa.array(range(len(ids)), pa.int64()),
            "evidence_id": pa.array(ids, pa.string()),
            "locator_kind": pa.array([*counted, *["judgement"] * len(judgement_ids)], pa.string()),
        }
    )


def counts(kind: str) -> str:
    """Say what locators count in evidence of a kind: frame, row or line."""
    if kind.startswith("pcap"):
        return "frame"
    return "line" if kind in _IN_LINES else "row"


def with_place(table: pa.Table, numbered: pa.Table) -> pa.Table:
    """Put the column `place` (int64) in the stead of evidence_id, locator_kind and locator."""
    ids = table["evidence_id"]
    coded = (
        ids.combine_chunks() if pa.types.is_dictionary(ids.type) else ids.combine_chunks().dictionary_encode()
    )
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    number = pc.index_in(coded.dictionary, numbered["evidence_id"]).to_numpy(zero_copy_only=False)
    indices = coded.indices.to_numpy(zero_copy_only=False)
    at = number[indices].astype(np.int64) if len(indices) else np.zeros(0, np.int64)
    place = at * _STEP + table["locator"].to_numpy()
    kept = [name for name in table.column_names if name not in PLACE]
    return table.select(kept).append_column("place", pa.array(place, pa.int64()))


def located(frame: Frame, numbered: Frame) -> Frame:
    """Put the column `place` in the stead of evidence_id, locator_kind and locator of a frame."""
    kept = [name for name in frame.collect_schema().names() if name not in PLACE]
    joined = frame.join(numbered.select("evidence_id", "source"), on="evidence_id", how="inner")
    return joined.select(*kept, place=nw.col("source") * _STEP + nw.col("locator"))


def source_of(place: int) -> int:
    """Give the number of the evidence that one place lies in."""
    return place // _STEP


def source() -> nw.Expr:
    """Give the number of the evidence that a place lies in."""
    return nw.col("place") // _STEP


def shown(table: pa.Table, numbered: pa.Table) -> pa.Table:
    """Put evidence_id, locator_kind and locator in the stead of `place`; they are null where it is null."""
    place = table["place"].combine_chunks()
    is_null, numbers = place.is_null().to_numpy(zero_copy_only=False), place.fill_null(0).to_numpy()
    number = pa.array((numbers // _STEP).astype(np.int32), mask=is_null)
    written = {name: _words(number, numbered[name]) for name in PLACE[:2]}
    for name, column in {**written, PLACE[2]: pa.array(numbers % _STEP, mask=is_null)}.items():
        table = table.append_column(name, column)
    return table.drop_columns(["place"])


def _words(number: pa.Array, words: pa.ChunkedArray) -> pa.DictionaryArray:
    distinct = pc.unique(words)
    code = pc.index_in(words, distinct).combine_chunks().take(number)
    return pa.DictionaryArray.from_arrays(code, distinct)


def told_together(observations: Frame, key: str, properties: Mapping[str, str]) -> Frame:
    """Put what properties say of one bearer (`key`) at one place side by side, each in a column of its name."""
    frames = [
        observations.filter(nw.col("property") == said).select(key, "place", nw.col("value").alias(name))
        for name, said in properties.items()
    ]
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on=[key, "place"], how="inner")
    return joined
