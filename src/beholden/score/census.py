"""Census: count devices by what they are, and say what a change between two states of a fleet is made of."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.score.settings import Frame

LATER = "_later"
"""Ends the name of a column that speaks of the later state."""
HERE = "is_here"
PARTS = ("new", "gone", "re_identified", "re_ruled")
"""What a change is made of: devices that came or went, and known ones moved by other evidence or by other knowledge."""
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def counted(devices: Frame, by: Sequence[str]) -> Frame:
    """Count devices by some columns, to `n`; null is a value of its own."""
    return devices.group_by(*by).agg(n=nw.len().cast(nw.Int64))


def moved(earlier: Frame, later: Frame, by: Sequence[str]) -> Frame:
    """Count devices by what they are in two states: `by`, the same with LATER, and in which states they are, to `n`.

    earlier, later: device_id, which stands once, and the columns `by`.
    """
    after = later.with_columns(nw.lit(value=True).alias(HERE)).rename(
        {name: f"{name}{LATER}" for name in (*by, HERE, "device_id")}
    )
    before = earlier.with_columns(nw.lit(value=True).alias(HERE))
    both = before.join(after, left_on="device_id", right_on=f"device_id{LATER}", how="full")
    here = [nw.col(name).fill_null(value=False) for name in (HERE, f"{HERE}{LATER}")]
    return counted(
        both.with_columns(*here), [HERE, f"{HERE}{LATER}", *by, *(f"{name}{LATER}" for name in by)]
    )


def numbered(tables: Sequence[pa.Table], by: Sequence[str]) -> tuple[list[Counts], pa.Table]:
    """Give each row of several tables the number of its cell, and the cells in the order of their numbers."""
    cells = pa.concat_tables([table.select(list(by)) for table in tables])
    marked = [pc.fill_null(cells[name].cast(pa.string()), "\x00") for name in by]
    keys = pc.binary_join_element_wise(*marked, "\x1f") if by else pa.array([""] * cells.num_rows)
    coded = pa.chunked_array(keys).combine_chunks().dictionary_encode()
    number = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    first = np.empty(len(coded.dictionary), np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    ends = np.cumsum([table.num_rows for table in tables])[:-1]
    return np.split(number, ends), cells.take(pa.array(first))


def summed(number: Counts, n: Counts, n_cells: int) -> Counts:
    """Sum counts by the numbers of their cells."""
    found = np.zeros(n_cells, np.int64)
    np.add.at(found, number, n)
    return found


def decomposed(moves: pa.Table, by: Sequence[str], is_counted: tuple[Mask, Mask], is_ruled: Mask) -> pa.Table:
    """Say per cell how many devices are in it earlier and later, and in parts how the one becomes the other.

    moves: as `moved` gives them. is_counted: whether a row counts in the earlier and in the later state. is_ruled:
    whether the evidence of a row is the same, so that knowledge moved it. For each cell, later = earlier + all PARTS.
    """
    before = moves.select(list(by))
    after = moves.select([f"{name}{LATER}" for name in by]).rename_columns(list(by))
    (cell, cell_later), cells = numbered([before, after], by)
    n, width = moves["n"].to_numpy(), cells.num_rows
    was, comes = moves[HERE].to_numpy(), moves[f"{HERE}{LATER}"].to_numpy()
    in_earlier, in_later = (here & counts for here, counts in zip((was, comes), is_counted, strict=True))
    is_kept = was & comes
    moves_cell = is_kept & ~((cell == cell_later) & in_earlier & in_later)
    found = {
        "earlier": summed(cell[in_earlier], n[in_earlier], width),
        "later": summed(cell_later[in_later], n[in_later], width),
        "new": summed(cell_later[in_later & ~was], n[in_later & ~was], width),
        "gone": -summed(cell[in_earlier & ~comes], n[in_earlier & ~comes], width),
    }
    for name, why in (("re_identified", ~is_ruled), ("re_ruled", is_ruled)):
        into, out = moves_cell & why & in_later, moves_cell & why & in_earlier
        found[name] = summed(cell_later[into], n[into], width) - summed(cell[out], n[out], width)
    table = pa.table({**{name: cells[name] for name in by}, **found})
    return table.filter(pa.array((found["earlier"] > 0) | (found["later"] > 0)))
