"""Zeek's logs as typed columns: tab-separated by their `#fields`, or one JSON object a line.

https://docs.zeek.org/en/current/log-formats.html
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from beholden.ingest.sensors.coded import Words
from beholden.ingest.sensors.objects import parsed
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import Lines, is_utf8, keys_of, lines

_WORD = pa.dictionary(pa.int32(), pa.string())
_INTEGERS = (
    "id.orig_p", "id.resp_p", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "orig_ip_bytes",
    "resp_ip_bytes", "vlan", "ip_proto", "port_num", "host_p", "certificate.key_length",
)  # fmt: skip
_SECONDS = ("ts", "duration", "certificate.not_valid_before", "certificate.not_valid_after")
_LISTS = ("answers", "msg_types", "cert_chain_fps", "cert_chain_fuids", "san.dns", "topics")
_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(_SECONDS, pa.float64()),
    **dict.fromkeys(_INTEGERS, pa.int64()),
    "uid": pa.string(),
}
_PATH_KEY = re.compile(rb'"_path":\s?"([^"]{1,100})"')
_SIGNATURES = (
    ("conn", {"conn_state"}),
    ("x509", {"certificate.subject"}),
    ("ssl", {"id.orig_h", "cipher"}),
    ("ssl", {"id.orig_h", "server_name"}),
    ("ssl", {"id.orig_h", "ssl_history"}),
    ("http", {"id.orig_h", "trans_depth"}),
    ("dhcp", {"uids", "msg_types"}),
    ("dhcp", {"mac", "assigned_ip"}),
    ("dns", {"id.orig_h", "trans_id"}),
    ("dns", {"id.orig_h", "qtype_name"}),
    ("mqtt_connect", {"proto_name", "connect_status"}),
    ("mqtt_publish", {"from_client", "topic"}),
    ("mqtt_subscribe", {"topics"}),
    ("software", {"software_type"}),
    ("known_services", {"port_num", "port_proto"}),
    ("known_certs", {"port_num", "issuer_subject"}),
    ("known_modbus", {"host", "device_type"}),
    ("bacnet_discovery", {"pdu_service", "object_name"}),
    ("bacnet_property", {"pdu_service", "property"}),
    ("bacnet", {"bvlc_function"}),
    ("modbus", {"id.orig_h", "func"}),
)
"""Logs by fields that they always have, for JSON without `_path` (LogAscii::use_json)."""
_LATEST = float(1 << 33)
_HEADLESS = re.compile(rb"\d{9,10}\.\d{1,9}\t(?:C[0-9A-Za-z]{10,20}|-)\t")


class Block(NamedTuple):
    """Records of one log: its path, the lines they stand on, times in microseconds and the columns asked for."""

    path: str
    locator: Words
    time: Words
    table: pa.Table
    n_rejected: int = 0


ColumnsOf = Callable[[str], Sequence[str]]
"""Which columns are wanted of a log, by its path."""


def is_log(head: bytes) -> bool:
    """Tell whether the head of a file is that of a Zeek log, with a header or without."""
    if head.startswith((b"#separator", b"#fields\t", b"#set_separator")):
        return True
    if head.lstrip()[:1] == b"{":
        keys = keys_of(head)
        return "ts" in keys and bool(keys & {"_path", "id.orig_h", "_write_ts"} or _by_fields(keys))
    return _HEADLESS.match(head) is not None


def blocks(path: Path, limit: int, problems: Problems, wanted: ColumnsOf) -> Iterator[Block]:
    """Read a log block by block; what is wrong with it is told of and the rest kept."""
    reader: _Text | _Objects | None = None
    for piece in lines(path, limit, problems):
        if reader is None:
            is_json = piece.data.lstrip()[:1] == b"{"
            reader = _Objects(path.name, problems, wanted) if is_json else _Text(problems, wanted)
        yield from reader.read(piece)


def _by_fields(keys: frozenset[str]) -> str:
    return next((path for path, needed in _SIGNATURES if needed <= keys), "")


@dataclass
class _Text:
    """Tab-separated logs; a header in the middle begins another log or version."""

    problems: Problems
    wanted: ColumnsOf
    separator: str = "\t"
    path: str = ""
    fields: list[str] = field(default_factory=list)
    between: str = ","
    empty: str = "(empty)"
    unset: str = "-"

    def read(self, piece: Lines) -> Iterator[Block]:
        """Read whole lines, headers apart from records."""
        if b"#" not in piece.data:
            yield from self._records(piece.data, piece.first, piece.n)
            return
        start, first, data = 0, piece.first, piece.data
        while start < len(data):
            is_header = data.startswith(b"#", start)
            end = data.find(b"\n" if is_header else b"\n#", start) + 1 or len(data)
            part = data[start:end]
            n_lines = part.count(b"\n") + (not part.endswith(b"\n"))
            if is_header:
                self._header(part.decode("utf-8", "replace").strip("\r\n"))
            else:
                yield from self._records(part, first, n_lines)
            start, first = end, first + n_lines

    def _header(self, line: str) -> None:
        if line.startswith("#separator "):
            self.separator = _unescaped(line.removeprefix("#separator ")) or "\t"
            return
        name, _, value = line[1:].partition(self.separator)
        if name == "fields":
            self.fields = value.split(self.separator)
        elif name in ("path", "set_separator", "empty_field", "unset_field"):
            setattr(self, {"set_separator": "between"}.get(name, name.partition("_")[0]), value)

    def _records(self, body: bytes, first: int, n_lines: int) -> Iterator[Block]:
        if "ts" not in self.fields:
            lack = "no 'ts' among #fields" if self.fields else "no #fields line says what the columns mean"
            self.problems.tell("header", f"line {first}", lack, f"{n_lines:,} lines not read")
            yield _nothing(n_lines)
            return
        columns = {
            name: self.fields.index(name) for name in ("ts", *self.wanted(self.path)) if name in self.fields
        }
        found = self._fast(body, columns, n_lines) or self._careful(body, first, columns)
        table, bad = found
        self._tell_bad(bad, first)
        locator = np.delete(np.arange(first, first + n_lines), np.array(bad, np.int64))
        for name in set(_LISTS) & set(table.column_names):
            table = table.set_column(table.column_names.index(name), name, self._split(table[name]))
        yield _block(self.path, locator, table, len(bad), self.problems)

    def _fast(self, body: bytes, columns: dict[str, int], n_lines: int) -> tuple[pa.Table, list[int]] | None:
        """Let Arrow read; None where a value is not of its column's type or bytes are no UTF-8."""
        if len(self.separator) != 1 or b"\r" in body or not is_utf8(body):
            return None
        bad: list[int] = []

        def skip(row: pacsv.InvalidRow) -> str:
            bad.append(row.number - 1)
            return "skip"

        names = [str(at) for at in range(len(self.fields))]
        try:
            table = pacsv.read_csv(
                pa.BufferReader(body),
                pacsv.ReadOptions(column_names=names, use_threads=False, block_size=max(len(body), 1 << 10)),
                pacsv.ParseOptions(
                    delimiter=self.separator,
                    quote_char=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                pacsv.ConvertOptions(
                    column_types={str(at): _TYPES.get(name, _WORD) for name, at in columns.items()},
                    include_columns=[str(at) for at in columns.values()],
                    null_values=[self.unset, self.empty],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows + len(bad) != n_lines:
            return None
        return self._plain(table.rename_columns(list(columns))), bad

    def _careful(self, body: bytes, first: int, columns: dict[str, int]) -> tuple[pa.Table, list[int]]:
        """Read line by line: values of wrong types are none, bytes of another encoding are told of."""
        rows, bad = [], []
        for at, line in enumerate(body.removesuffix(b"\n").split(b"\n")):
            cells = self._decoded(line, first + at).rstrip("\r").split(self.separator)
            if len(cells) == len(self.fields):
                rows.append(cells)
            else:
                bad.append(at)
        nothing = {self.unset, self.empty}
        data = {
            name: _column(name, [None if cells[at] in nothing else cells[at] for cells in rows])
            for name, at in columns.items()
        }
        return self._plain(pa.table(data)), bad

    def _decoded(self, line: bytes, number: int) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            self.problems.tell_at("lines that are not UTF-8", number, "not UTF-8", "read as Windows-1252")
            return line.decode("cp1252", "replace")

    def _plain(self, table: pa.Table) -> pa.Table:
        r"""Undo `\x..` in words (Zeek escapes what does not print)."""
        for place, name in enumerate(table.column_names):
            column = table[name]
            if pa.types.is_dictionary(column.type):
                chunks = [_unescaped_words(chunk) for chunk in column.chunks]
                table = table.set_column(place, name, pa.chunked_array(chunks, _WORD))
        return table

    def _split(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pa.compute.split_pattern(column.cast(pa.string()), self.between or ",")

    def _tell_bad(self, bad: list[int], first: int) -> None:
        for at in bad[:5]:
            wrong = f"not {len(self.fields)} cells as in #fields"
            self.problems.tell(
                "lines with too few or too many cells", f"line {first + at}", wrong, "left out"
            )
        self.problems.skip("lines with too few or too many cells", max(len(bad) - 5, 0))


@dataclass
class _Objects:
    """Logs of one JSON object a line; several logs may stand in one stream, told apart by `_path`."""

    name: str
    problems: Problems
    wanted: ColumnsOf

    def read(self, piece: Lines) -> Iterator[Block]:
        """Read whole lines."""
        data = piece.data
        paths = set(_PATH_KEY.findall(data)) if b'"_path"' in data[: 1 << 16] else set()
        path = paths.pop().decode("utf-8", "replace") if len(paths) == 1 else ""
        if not paths:
            path = path or _by_fields(keys_of(data[: 1 << 16])) or self.name.partition(".")[0]
        if path:
            table = parsed(data, _schema(self.wanted(path), data))
            if table is not None and table.num_rows == piece.n:
                locator = np.arange(piece.first, piece.first + piece.n)
                yield _block(path, locator, table, 0, self.problems)
                return
        yield from self._careful(piece, path)

    def _careful(self, piece: Lines, path: str) -> Iterator[Block]:
        """Read line by line; what is no object is told of."""
        found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        n_bad = 0
        for number, line in enumerate(piece.data.removesuffix(b"\n").split(b"\n"), piece.first):
            if not line.strip():
                continue
            if not is_utf8(line):
                self.problems.tell_at(
                    "lines that are not UTF-8", number, "not UTF-8", "read with other bytes replaced"
                )
            try:
                said = json.loads(line.decode("utf-8", "replace"))
            except (ValueError, RecursionError):
                said = None
            if isinstance(said, dict):
                own = str(said.get("_path") or path or _by_fields(frozenset(said)))
                found.setdefault(own, []).append((number, said))
            else:
                n_bad += 1
                self.problems.tell_at("lines that are no JSON object", number, "no JSON object", "left out")
        for own, rows in found.items():
            columns = dict.fromkeys(("ts", *self.wanted(own)))
            data = {name: _member(name, [said.get(name) for _, said in rows]) for name in columns}
            locator = np.array([number for number, _ in rows], np.int64)
            yield _block(own, locator, pa.table(data), 0, self.problems)
        if n_bad:
            yield _nothing(n_bad)


def _schema(names: Sequence[str], data: bytes) -> pa.Schema:
    """Give the types of columns as JSON has them; instants are numbers, or text where LogAscii writes ISO 8601."""
    is_text = re.search(rb'"ts":\s?"', data[: 1 << 16]) is not None
    types: dict[str, pa.DataType] = {"ts": pa.string() if is_text else pa.float64()}
    for name in names:
        if name in _LISTS:
            types[name] = pa.list_(pa.string())
        elif name != "ts":
            types[name] = _TYPES.get(name, pa.string())
    return pa.schema(list(types.items()))


def _nothing(n_rejected: int) -> Block:
    nothing = np.empty(0, np.int64)
    return Block("", nothing, nothing, pa.table({}), n_rejected)


def _block(path: str, locator: Words, table: pa.Table, n_bad: int, problems: Problems) -> Block:
    """Put records together; those without a time are left out."""
    time, is_time = _times(table)
    if not is_time.all():
        for number in locator[~is_time][:5].tolist():
            problems.tell_at("records without a time", number, "no time in 'ts'", "left out")
        problems.skip("records without a time", max(int((~is_time).sum()) - 5, 0))
        table, locator, time = table.filter(pa.array(is_time)), locator[is_time], time[is_time]
    return Block(path, locator, time, table, n_bad + int((~is_time).sum()))


def _times(table: pa.Table) -> tuple[Words, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    if "ts" not in table.column_names:
        return np.zeros(table.num_rows, np.int64), np.zeros(table.num_rows, bool)
    column = table["ts"]
    if pa.types.is_string(column.type):
        column = pa.array([_seconds(each) for each in column.to_pylist()], pa.float64())
    seconds = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    seconds = np.nan_to_num(seconds.astype(np.float64), nan=-1.0, posinf=-1.0, neginf=-1.0)
    is_time = (seconds >= 0) & (seconds < _LATEST)
    return np.round(np.where(is_time, seconds, 0) * 1e6).astype(np.int64), is_time


def _seconds(text: Any) -> float | None:  # noqa: ANN401 - whatever stands in JSON
    """Read an instant: seconds since 1970, or ISO 8601."""
    from datetime import UTC, datetime  # noqa: PLC0415

    try:
        return float(text)
    except (TypeError, ValueError):
        pass
    try:
        read = datetime.fromisoformat(str(text))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _member(name: str, values: list[Any]) -> pa.Array:
    """Make a column of members of objects; where a list is expected, only lists count."""
    if name not in _LISTS:
        return _column(name, values)
    listed = [[_written(one) for one in each] if isinstance(each, list) else None for each in values]
    return pa.array(listed, pa.list_(pa.string()))


def _column(name: str, values: list[Any]) -> pa.Array:
    """Make a column of values one by one; what is not of its type is none."""
    kind = _TYPES.get(name, _WORD)
    if name == "ts":
        return pa.array([_seconds(each) for each in values], pa.float64())
    if pa.types.is_floating(kind):
        return pa.array([_number(each) for each in values], kind)
    if pa.types.is_integer(kind):
        numbers = (_number(each) for each in values)
        return pa.array([int(each) if each is not None else None for each in numbers], kind)
    return pa.array([None if each is None else _written(each) for each in values], pa.string()).cast(kind)


def _written(value: Any) -> str:  # noqa: ANN401
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _number(value: Any) -> float | None:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < float(1 << 53) else None


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)


def _unescaped_words(coded: pa.DictionaryArray) -> pa.DictionaryArray:
    words = coded.dictionary
    has_escape = pa.compute.match_substring(words, "\\x")
    if not pa.compute.any(has_escape).as_py():
        return coded
    plain = [None if each is None else _in_utf8(each) for each in words.to_pylist()]
    return pa.array(plain, pa.string()).take(coded.indices).dictionary_encode()


def _in_utf8(text: str) -> str:
    r"""Undo escapes: `\xc3\xa4` are the bytes of one character."""
    if "\\x" not in text:
        return text
    raw = re.sub(
        rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "replace")
    )
    return raw.decode("utf-8", "replace")
