"""Read flows that routers and probes exported: nfdump's CSV (`-o csv`), IPFIX (RFC 5655, 7011), NetFlow 5 and 9."""

import math
import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from beholden.ingest import documents
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.sensors.coded import Coded, Words, addresses, link_addresses
from beholden.ingest.sensors.exported import Conversations, Exported
from beholden.ingest.sensors.ipfix import IPFIX, MOST_COUNTED, VERSION_5, VERSION_9, Session
from beholden.ingest.statements import instant
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import blocks, lines, unpacked
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "netflow",
    "netflow",
    "flows as nfdump shows them (-o csv, of 1.6 and 1.7); files of IPFIX messages, or of packets of NetFlow 5 and 9 as "
    "they came; plain, .gz or .zst",
    "flows of both directions put together, with link addresses where they were exported; who uses which address",
    "no names; who spoke first is told by SYN and time, else by ports; counts of sampled flows are as exported; nfdump "
    "writes local times to the second, which are read as UTC; without a flow's own times that of the export",
)
_HEAD, _SUMMARY = 1 << 16, b"Summary"
_SINCE = 946_684_800
"""Of packets of NetFlow, which announce little else, no clock stands before the year 2000."""
_MOST_5 = 30
"""Records of one packet of version 5."""
_NAMES = {
    "first": ("ts", "firstSeen"),
    "last": ("te", "lastSeen"),
    "duration": ("td", "duration"),
    "source": ("sa", "srcAddr"),
    "target": ("da", "dstAddr"),
    "source_port": ("sp", "srcPort"),
    "target_port": ("dp", "dstPort"),
    "protocol": ("pr", "proto"),
    "flags": ("flg", "flags"),
    "packets": ("ipkt", "packets", "inPackets"),
    "n_bytes": ("ibyt", "bytes", "inBytes"),
    "back_packets": ("opkt", "outPackets"),
    "back_bytes": ("obyt", "outBytes"),
    "vlan": ("svln",),
    "source_mac": ("ismc",),
    "target_mac": ("idmc",),
    "next_mac": ("odmc",),
}
"""What is read, and the columns of nfdump 1.6 and of 1.7 that tell it."""
_NEEDED = ("first", "source", "target", "source_port", "target_port", "protocol", "packets", "n_bytes")
_MACS = ("source_mac", "target_mac", "next_mac")
_WORDS = ("source", "target", "protocol", "flags", *_MACS)
_NUMBERS = ("source_port", "target_port", "packets", "n_bytes", "back_packets", "back_bytes", "vlan")
_OTHERWISE = {"source_port": -1, "target_port": -1}
_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us")
_PROTOCOLS = {"ICMP": 1, "IGMP": 2, "TCP": 6, "UDP": 17, "GRE": 47, "ESP": 50, "AH": 51, "ICMP6": 58, "IPV6-ICMP": 58,
              "SCTP": 132, "IPIP": 4, "OSPF": 89, "PIM": 103, "VRRP": 112}  # fmt: skip
"""Names that nfdump writes; others are told by their number."""


def recognise(head: bytes, _: Path) -> bool:
    """Tell nfdump's CSV by the names of its columns, messages by the first one's head and first set."""
    return _is_message(head) or bool(_columns(head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]))


def _is_message(head: bytes) -> bool:
    """Tell a message by its version, length or number of records, clock and first set (RFC 7011, 3; RFC 3954, 5)."""
    if len(head) < 24:
        return False
    version, second, _, seconds, nanoseconds = (int(one) for one in struct.unpack_from(">HHIII", head))
    is_timed = seconds >= _SINCE
    if version == IPFIX:
        first, inside = (int(one) for one in struct.unpack_from(">HH", head, 16))
        return 4 <= inside <= second - 16 and (first in (2, 3) or first >= 256)
    if version == VERSION_9:
        first, inside = (int(one) for one in struct.unpack_from(">HH", head, 20))
        return is_timed and second > 0 and inside >= 8 and (first in (0, 1) or first >= 256)
    return version == VERSION_5 and is_timed and 0 < second <= _MOST_5 and nanoseconds < 1_000_000_000


def _columns(line: bytes) -> dict[str, str]:
    """Give the names that columns have here for what is read; nothing where one is missing."""
    there = line.decode("ascii", "replace").strip().split(",")
    found = {ours: name for ours, names in _NAMES.items() for name in reversed(names) if name in there}
    return found if {*_NEEDED} <= {*found} else {}


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read an export; a locator counts records of messages, or lines."""
    problems = Problems(report, str(path))
    log = Log("netflow", evidence_id, options.spill)
    found = Conversations(log)
    with path.open("rb") as file:
        head = unpacked(file.read(_HEAD), _HEAD)
    is_messages = _is_message(head)
    problems.unit = "record" if is_messages else "line"
    read_as = _of_messages if is_messages else _of_csv
    for records, n_bad in read_as(path, options.limit_bytes, problems):
        n_left_out = found.add(records) + n_bad
        if n_left_out:
            wrong = f"{n_left_out:,} records without two addresses, a protocol and a time"
            first = records.locator[0] if len(records.locator) else 2
            problems.tell("records", f"{problems.unit} {first} on", wrong, "left out")
        log.n_records += len(records.locator) + n_bad
        log.n_rejected += n_left_out
    found.finish()
    problems.finish()
    return log.finish()


def _of_messages(path: Path, limit: int, problems: Problems) -> Iterator[tuple[Exported, int]]:
    session = Session(problems)
    for block in blocks(path, limit, problems):
        yield from ((records, 0) for records in session.read(block))
    session.finish()


def _of_csv(path: Path, limit: int, problems: Problems) -> Iterator[tuple[Exported, int]]:
    """Give records block by block, and how many lines beside them are none."""
    header: list[str] = []
    for block in lines(path, limit, problems):
        rows, first = block.data, block.first
        if not header:
            line, _, rows = rows.partition(b"\n")
            first += 1
            header = line.decode("utf-8", "replace").strip().split(",")
            if not _columns(line):
                problems.tell("header", "line 1", "not the header that nfdump writes", "nothing read")
                return
        rows, summary, _ = rows.partition(_SUMMARY) if b"\n" + _SUMMARY in rows else (rows, b"", b"")
        yield _lines(rows, first, header)
        if summary:
            return


def _lines(data: bytes, first: int, header: list[str]) -> tuple[Exported, int]:
    """Read lines, of which the first has a number; what is no number or time there is null."""
    names = _columns(",".join(header).encode())
    data = data if data.isascii() else data.decode("ascii", "replace").encode()
    kinds = {names[ours]: _WORD if ours in _WORDS else pa.float64() for ours in names}
    kinds |= {names[ours]: _TIME for ours in ("first", "last") if ours in names}
    bad: list[int] = []
    try:
        table = _table(data, header, kinds, bad)
    except pa.ArrowInvalid:
        bad.clear()
        table = _table(data, header, dict.fromkeys(kinds, _WORD), bad)
    columns = {ours: _as(table[name], kinds[name]) for ours, name in names.items()}
    at = np.delete(np.arange(first, first + table.num_rows + len(bad)), np.array(bad, np.int64) - 1)
    return _exported(columns, at), len(bad)


def _table(data: bytes, header: list[str], kinds: dict[str, pa.DataType], bad: list[int]) -> pa.Table:
    def skip(row: Any) -> str:  # noqa: ANN401 - pyarrow has no types
        bad.append(row.number)
        return "skip"

    if not data or data.isspace():
        return pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
    return pacsv.read_csv(
        pa.BufferReader(data),
        pacsv.ReadOptions(use_threads=False, column_names=header, block_size=max(len(data), 1)),
        pacsv.ParseOptions(quote_char=False, ignore_empty_lines=False, invalid_row_handler=skip),
        pacsv.ConvertOptions(
            check_utf8=False, column_types=kinds, include_columns=list(kinds), strings_can_be_null=True
        ),
    )


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Give a column of words as numbers or times, null for what is none; others as they are."""
    if column.type == kind:
        return column
    words = Coded.of(column)
    make = _time if kind == _TIME else _number
    told = pa.array([make(str(word)) for word in words.words.to_pylist()], kind)
    return pa.chunked_array([told.take(pa.array(words.codes, mask=words.codes < 0))])


def _number(word: str) -> float | None:
    """Read a number, or a duration as hours, minutes and seconds."""
    try:
        parts = [float(part) for part in word.split(":")]
    except ValueError:
        return None
    total = sum(part * 60**at for at, part in enumerate(reversed(parts)))
    return total if math.isfinite(total) else None


def _time(word: str) -> datetime | None:
    """Read a time of ISO 8601, or seconds since 1970."""
    told = documents.instant(word) or instant(word)
    return told.replace(tzinfo=None) if told else None


def _exported(columns: dict[str, pa.ChunkedArray], locator: Words) -> Exported:
    n = len(locator)
    count = {name: _counts(columns.get(name), n, _OTHERWISE.get(name, 0)) for name in _NUMBERS}
    protocol = Coded.of(columns["protocol"])
    numbers = protocol.numbers(_distinct(protocol, _protocol), -1)
    first = _microseconds(columns["first"], -1)
    first[numbers < 0] = -1
    last = _microseconds(columns["last"], -1) if "last" in columns else first
    is_both = count["back_packets"] > 0
    flags = Coded.of(columns["flags"]) if "flags" in columns else _none(n)
    macs = {name: _link(columns.get(name), n, is_left_out=bool(is_both.any())) for name in _MACS}
    return Exported(
        locator,
        Coded.of(columns["source"], addresses),
        Coded.of(columns["target"], addresses),
        count["source_port"],
        count["target_port"],
        numbers,
        first,
        np.maximum(last, first + _counts(columns.get("duration"), n, 0, 1_000_000)),
        count["packets"],
        count["n_bytes"],
        count["back_packets"],
        count["back_bytes"],
        flags.numbers(_distinct(flags, _flags)),
        macs["source_mac"],
        macs["target_mac"].otherwise(macs["next_mac"]),
        np.where(count["vlan"] > 0, count["vlan"], -1),
        is_both.astype(np.int64),
    )


def _counts(column: pa.ChunkedArray | None, n: int, otherwise: int, unit: int = 1) -> Words:
    """Give whole numbers of a unit, as far as sums of them can be written."""
    if column is None:
        return np.full(n, otherwise, np.int64)
    told = np.nan_to_num(pc.fill_null(column, otherwise).to_numpy()) * unit
    numbers: Words = np.clip(np.round(told), -1, MOST_COUNTED).astype(np.int64)
    return numbers


def _microseconds(column: pa.ChunkedArray, otherwise: int) -> Words:
    time: Words = pc.fill_null(column.cast(pa.int64()), otherwise).to_numpy().copy()
    return time


def _distinct(column: Coded, read: Callable[[str], int]) -> Words:
    return np.array([read(str(word)) for word in column.words.to_pylist()], np.int64)


def _protocol(word: str) -> int:
    number = (
        int(word) if word.isascii() and word.isdigit() and len(word) < 4 else _PROTOCOLS.get(word.upper(), -1)
    )
    return number if number < 256 else -1


def _flags(word: str) -> int:
    """Read flags as nfdump writes them: `...AP.SF`, or a number in hex."""
    if word.startswith("0x"):
        try:
            return int(word, 16) & 0xFF
        except ValueError:
            return 0
    return sum(bit for letter, bit in (("S", 2), ("A", 16)) if letter in word)


def _link(column: pa.ChunkedArray | None, n: int, *, is_left_out: bool) -> Coded:
    """Give link addresses; nfdump leaves them where they were when it turns a flow to put both directions together."""
    return _none(n) if column is None or is_left_out else Coded.of(column, link_addresses)


def _none(n: int) -> Coded:
    return Coded(pa.array([], pa.string()), np.full(n, -1))
