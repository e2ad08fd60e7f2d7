"""Identifiers of some rows in canonical form: what is plainly so by kernels, the rest cell by cell."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.inventory import columns_of
from beholden.ingest.tabular.problems import Problems
from beholden.pipeline.fleet import kernels
from beholden.pipeline.fleet.columns import full
from beholden.pipeline.fleet.kernels import layout as at
from beholden.pipeline.fleet.kernels.layout import Bytes, Numbers, Words
from beholden.pipeline.fleet.states import BITS, MADE, NODE_OF, NODES, lead

_LOWERED = at.MAC | at.HOSTNAME
_NUMBERED = at.MAC | at.IMEI
_NO_BYTES: Bytes = np.empty(0, np.uint8)
_ID = len("0123456789abcdef")
_LEADS = {node: np.frombuffer(lead(node), np.uint8) for node in (*NODES, MADE)}


@dataclass(frozen=True)
class Formed:
    """A column: canonical text, null where there is none, and the numbers of link addresses and IMEIs."""

    values: pa.Array
    numbers: Numbers


def formed(name: str, cells: pa.Array, states: Words, locators: pa.Array, problems: Problems) -> Formed:
    """Give identifiers of some rows, and say in the states of these who has one."""
    quick, marks, n_rest = _quick(name, cells, states)
    if not n_rest:
        return quick
    rest = np.flatnonzero(marks == at.REST)
    texts = _whole(name, cells.take(pa.array(rest)), problems)
    column, *others = columns_of(full(name), texts, locators.take(pa.array(rest)), problems)
    for other in others:
        wrong = f"cells with several values of {name}: {len(other.rows):,}"
        problems.tell("several values", "", wrong, "the first is kept")
    again = np.zeros(len(rest), np.int32)
    read, _, _ = _quick(name, column.values, again)
    states[rest] |= again | BITS[name] * column.values.is_valid().to_numpy(zero_copy_only=False)
    if len(quick.numbers):
        quick.numbers[rest] = read.numbers
    values = pc.replace_with_mask(quick.values, pa.array(marks == at.REST), column.values)
    return Formed(values, quick.numbers)


def _whole(name: str, cells: pa.Array, problems: Problems) -> pa.Array:
    """Leave out cells that are no text; Parquet's is not looked at when it is read."""
    try:
        cells.validate(full=True)
    except pa.ArrowInvalid:
        read = [_decoded(one) for one in cells.cast(pa.binary()).to_pylist()]
        wrong = f"column '{name}' holds bytes that are no text"
        problems.tell("damaged", "", wrong, "these cells left out")
        return pa.array(read, pa.string())
    return cells


def _decoded(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return None


def _quick(name: str, cells: pa.Array, states: Words) -> tuple[Formed, Bytes, int]:
    """Give what passes, what became of each cell, and how many are left."""
    n, kind = len(cells), BITS[name]
    parts, skipped = buffers(cells)
    lowered = np.empty(len(parts.data), np.uint8) if kind & _LOWERED else _NO_BYTES
    marks, numbers = np.empty(n, np.uint8), np.zeros(n if kind & _NUMBERED else 0, np.int64)
    n_rest = kernels.form(kind, parts, skipped, lowered, marks, numbers, states)
    data = lowered if kind & _LOWERED else parts.data
    return Formed(_text(marks == at.PASSES, parts.offsets, data), numbers), marks, n_rest


def buffers(cells: pa.Array) -> tuple[at.Cells, int]:
    """Give the parts of a column of text, and how many bits stand before those of its cells."""
    valid, offsets, data = cells.buffers()
    if not len(cells):
        return at.Cells(np.zeros(1, np.int32), _NO_BYTES, _NO_BYTES), 0
    bits = np.frombuffer(valid, np.uint8) if valid is not None and cells.null_count else _NO_BYTES
    places = np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else _NO_BYTES
    if cells.offset and len(text):
        text, places = text[places[0] : places[-1]], places - places[0]
    return at.Cells(places, text, bits), cells.offset


def _text(is_there: npt.NDArray[np.bool_], offsets: Words, data: Bytes) -> pa.Array:
    """Make a column of text."""
    bits = np.packbits(is_there, bitorder="little")
    parts = [pa.py_buffer(bits), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(is_there), parts)


def only(values: pa.Array, is_kept: npt.NDArray[np.bool_]) -> pa.Array:
    """Give a column of text without what is not kept, over the same bytes."""
    if is_kept.all():
        return values
    parts, _ = buffers(values)
    return _text(is_kept & values.is_valid().to_numpy(zero_copy_only=False), parts.offsets, parts.data)


def device_ids(
    states: Words, columns: Mapping[str, pa.Array], made: pa.Array | None, scratch: at.Scratch
) -> pa.Array:
    """Give the ids of devices, as `model.ids` makes them of a record's strongest identifier.

    made: names of rows that have no identifier.
    """
    node_of = NODE_OF[states]
    out = np.empty(len(states) * _ID, np.uint8)
    for place in np.unique(node_of).tolist():
        node = (*NODES, MADE)[place]
        values = made if node == MADE else columns[node.removeprefix("local ")]
        rows = np.flatnonzero(node_of == place).astype(np.int32)
        parts, _ = buffers(values)
        if kernels.digest(rows, parts, _LEADS[node], at.CONSTANTS, scratch, out):
            raise ValueError(f"an identifier of more than {at.LONGEST} bytes")
    ends = np.arange(0, len(out) + 1, _ID, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(states), [None, pa.py_buffer(ends), pa.py_buffer(out)])
