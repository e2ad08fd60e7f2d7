"""Give what payloads said its subjects, in columns: rows of packets × entries → folded rows per subject.

An IP address is two 64-bit numbers (IPv4 mapped into ::ffff:0:0/96) and a link address one; 0 is none. Subjects of other
kinds stand there as `payloads.NAMED` says.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from beholden.ingest.dissect.payloads import FROM_RECEIVER, FROM_SENDER, LOOKUP, Entries
from beholden.ingest.parts import BITS, N_PARTS, mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

HI, LO, MAC, PROPERTY, VALUE, N, FIRST, LAST, FRAME, WIDTH = range(10)
"""Cells of a row that says of a subject (address and link address, as in the kernels) how often it showed a value."""
_KEYS = ["hi", "lo", "mac", "property", "value"]
_FOLDS = [("n", "sum"), ("first_us", "min"), ("last_us", "max"), ("frame", "min")]
_GROUP = 1 << 40
_MAPPED = 0xFFFF << 32


def split_addresses(rows: pa.Table) -> pa.Table:
    """Replace the 16-byte addresses by two 64-bit numbers each; unspecified becomes 0, 0."""
    rows = rows.combine_chunks()
    for name in ("src", "dst"):
        column = rows[f"{name}_ip"].chunk(0)
        raw = np.frombuffer(column.buffers()[1], dtype=">u8").reshape(-1, 2)[column.offset :][: len(column)]
        hi, lo = raw[:, 0].astype(np.uint64), raw[:, 1].astype(np.uint64)
        lo[(hi == 0) & (lo == _MAPPED)] = 0
        rows = rows.drop_columns([f"{name}_ip"])
        rows = rows.append_column(f"{name}_hi", pa.array(hi)).append_column(f"{name}_lo", pa.array(lo))
    return rows


def owner(entries: Entries) -> "NDArray[np.int64]":
    """Return for each entry the code of the payload that said it."""
    return np.repeat(np.arange(len(entries.counts)), entries.counts)


def expand(code: "NDArray[np.int64]", entries: Entries) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return row and entry numbers: each row once per entry of its payload."""
    counts = entries.counts[code]
    row = np.repeat(np.arange(len(code)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, entries.starts[code][row] + within


def grouped(rows: pa.Table, code: "NDArray[np.int64]", entries: Entries) -> pa.Table:
    """Fold rows of one payload between the same stations; a receiver counts only where it is spoken of."""
    speaks = entries.counts > 0
    to_receiver = (
        np.bincount(owner(entries)[entries.target == FROM_RECEIVER], minlength=len(entries.counts)) > 0
    )
    keep = np.flatnonzero(speaks[code])
    kept = rows.drop_columns(["payload"]).take(pa.array(keep)) if len(keep) < len(code) else rows
    code = code[keep]
    columns = {"code": code}
    for name in ("src_hi", "src_lo", "src_mac"):
        columns[name] = kept[name].to_numpy()
    for name in ("dst_hi", "dst_lo", "dst_mac"):
        columns[name] = np.where(to_receiver[code], kept[name].to_numpy(), np.uint64(0))
    keys = list(columns)
    for name, _ in _FOLDS:
        columns[name] = kept[name].to_numpy()
    return pa.table(columns).group_by(keys, use_threads=False).aggregate(_FOLDS)


def told(groups: pa.Table, entries: Entries) -> "NDArray[np.int64]":
    """Give each group's entries their subjects, as rows; those without a subject are dropped."""
    row, entry = expand(groups["code"].to_numpy(), entries)
    target = entries.target[entry]
    columns: dict[str, NDArray[np.uint64]] = {}
    for name, stated in (("hi", entries.hi), ("lo", entries.lo), ("mac", entries.mac)):
        source, receiver = groups[f"src_{name}"].to_numpy()[row], groups[f"dst_{name}"].to_numpy()[row]
        columns[name] = np.select(
            [target == FROM_SENDER, target == FROM_RECEIVER], [source, receiver], stated[entry]
        )
    hi, lo, mac = columns["hi"], columns["lo"], columns["mac"]
    has_ip, is_group_mac = (hi | lo) != 0, (mac & np.uint64(_GROUP)) != 0
    is_nobody = (
        _is_group_ip(hi, lo) | (is_group_mac & ((target == FROM_RECEIVER) | ~has_ip)) | (~has_ip & (mac == 0))
    )
    number = entries.property[entry]
    keep = ~is_nobody & (has_ip | (number != LOOKUP))
    columns["mac"] = np.where(is_group_mac, np.uint64(0), mac)
    of_row = [groups[f"{column}_{how}"].to_numpy()[row] for column, how in _FOLDS]
    cells = [*columns.values(), number, entries.value[entry], *of_row]
    return np.stack([cell[keep].astype(np.int64) for cell in cells], axis=1)


def _is_group_ip(hi: "NDArray[np.uint64]", lo: "NDArray[np.uint64]") -> "NDArray[np.bool_]":
    is_four = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF)
    four = lo & np.uint64(0xFFFFFFFF)
    is_group_four = is_four & ((four >> np.uint64(28) == 14) | (four == 0xFFFFFFFF))
    is_group: NDArray[np.bool_] = is_group_four | (hi >> np.uint64(56) == 0xFF)
    return is_group


def fold(rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Add up rows of the same subject, property and value."""
    names = [*_KEYS, *(name for name, _ in _FOLDS)]
    table = pa.table({name: rows[:, cell] for cell, name in enumerate(names)})
    folded = table.group_by(_KEYS, use_threads=False).aggregate(_FOLDS)
    return np.stack([column.to_numpy() for column in folded.columns], axis=1)


def part_of(rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Tell in which part of `ingest.parts` a row belongs, by what it is folded by."""
    return mixed(rows[:, :N]) >> 64 - BITS & N_PARTS - 1
