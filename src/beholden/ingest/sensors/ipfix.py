"""Messages of IPFIX, one after the other (RFC 7011; as files: RFC 5655), read by template: every field a column of bytes.

Information elements: https://www.iana.org/assignments/ipfix; reverse ones have the enterprise number of RFC 5103.
"""

import ipaddress
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beholden.ingest.sensors.coded import Coded, Words, link_addresses
from beholden.ingest.sensors.exported import NEVER, Exported
from beholden.ingest.tabular.problems import Problems

Bytes = npt.NDArray[np.uint8]
_VERSION, _HEAD, _SET_HEAD = 10, 16, 4
_TEMPLATES, _OPTIONS, _DATA = 2, 3, 256
_VARIABLE = 0xFFFF
_REVERSE = 29305 << 16
_SOURCE, _TARGET = ((8, 27), (12, 28))  # IPv4 and IPv6
_OCTETS, _PACKETS = (1, 85), (2, 86)
_PROTOCOL, _FLAGS, _SOURCE_PORT = 4, 6, 7
_TARGET_PORTS = (11, 32, 139)  # or the type and code of ICMP
_SOURCE_MAC, _TARGET_MACS = 56, (80, 57)
_VLANS = (58, 243)
_INITIATOR = 239
_BOOT, _UP_FIRST, _UP_LAST = 160, 22, 21
MOST_COUNTED = 1 << 40
_NTP = 2_208_988_800  # seconds from 1900 to 1970
_TIMES = ((152, 153, 1000), (150, 151, 1_000_000))
"""First, last, and microseconds in a unit, since 1970."""
_NTP_TIMES = ((154, 155), (156, 157))
_BEFORE_EXPORT = (158, 159)


@dataclass(frozen=True, eq=False)
class Template:
    """The fields that records have, as (enterprise << 16 | element, length)."""

    domain: int
    fields: Sequence[tuple[int, int]]
    is_options: bool

    @cached_property
    def fixed(self) -> list[tuple[int, int]]:
        """The fields of fixed length."""
        return [one for one in self.fields if one[1] != _VARIABLE]

    @cached_property
    def least(self) -> int:
        """Bytes of the shortest record."""
        return sum(1 if length == _VARIABLE else length for _, length in self.fields)

    @cached_property
    def width(self) -> int:
        """Bytes of the fields of fixed length."""
        return sum(length for _, length in self.fixed)


class Piece(NamedTuple):
    """The records of one set: their bytes, without fields of variable length, the number of the first, when exported."""

    data: bytes
    first: int
    exported: int


@dataclass
class Session:
    """What messages so far have defined: templates, and since when the clocks of exporters run."""

    problems: Problems
    templates: dict[tuple[int, int], Template] = field(default_factory=dict)
    boots: dict[int, int] = field(default_factory=dict)
    n_records: int = 0
    _rest: bytes = b""
    _is_lost: bool = False

    def read(self, block: bytes) -> Iterator[Exported]:
        """Read the whole messages of a block, what was left of the one before ahead of it."""
        data = self._rest + block
        pieces: dict[Template, list[Piece]] = defaultdict(list)
        at = 0
        while not self._is_lost and at + _HEAD <= len(data):
            version, length, exported, _, domain = struct.unpack_from(">HHIII", data, at)
            if version != _VERSION or length < _HEAD:
                self.problems.tell(
                    "message", f"record {self.n_records + 1}", "no IPFIX message", "the rest is left out"
                )
                self._is_lost = True
            elif at + length > len(data):
                break
            else:
                self._message(data[at + _HEAD : at + length], exported, domain, pieces)
                at += length
        self._rest = data[at:]
        for template, own in pieces.items():
            yield from _exported(template, own, self.boots.get(template.domain))

    def finish(self) -> None:
        """Tell what was cut short."""
        if self._rest and not self._is_lost:
            self.problems.tell(
                "message", f"record {self.n_records + 1}", "cut short", "what came before it is kept"
            )

    def _message(self, body: bytes, exported: int, domain: int, pieces: dict[Template, list[Piece]]) -> None:
        at = 0
        while at + _SET_HEAD <= len(body):
            number, length = struct.unpack_from(">HH", body, at)
            inside = body[at + _SET_HEAD : at + length]
            at += max(length, _SET_HEAD)
            if number in (_TEMPLATES, _OPTIONS):
                self._define(inside, domain, is_options=number == _OPTIONS)
            elif number >= _DATA:
                self._data(inside, self.templates.get((domain, number)), exported, pieces)

    def _data(
        self, inside: bytes, template: Template | None, exported: int, pieces: dict[Template, list[Piece]]
    ) -> None:
        if template is None:
            self.problems.tell(
                "template", f"record {self.n_records + 1}", "records before their template", "left out"
            )
            return
        records = _records(inside, template)
        if template.is_options:
            boot = Columns(template, records).number(_BOOT)
            if boot is not None and len(boot):
                self.boots[template.domain] = int(boot[0])
        elif records:
            pieces[template].append(Piece(records, self.n_records + 1, exported))
            self.n_records += len(records) // template.width

    def _define(self, body: bytes, domain: int, *, is_options: bool) -> None:
        """Take templates; one without fields withdraws an earlier one (RFC 7011, 8.1)."""
        at, head = 0, 6 if is_options else 4
        while at + head <= len(body):
            number, n_fields = struct.unpack_from(">HH", body, at)
            at += head if n_fields else 4
            fields = list[tuple[int, int]]()
            while len(fields) < n_fields and at + 4 <= len(body):
                element, length = struct.unpack_from(">HH", body, at)
                at += 4
                if element & 0x8000 and at + 4 <= len(body):
                    element = int.from_bytes(body[at : at + 4]) << 16 | element & 0x7FFF
                    at += 4
                fields.append((element, length))
            known = self.templates.get((domain, number))
            is_new = known is None or (known.fields, known.is_options) != (fields, is_options)
            if number >= _DATA and len(fields) == n_fields and is_new:
                self.templates[domain, number] = Template(domain, fields, is_options)


def _records(body: bytes, template: Template) -> bytes:
    """Give the records of a set without padding and without fields of variable length."""
    width = template.width
    if not width or template.least == 0:
        return b""
    if len(template.fixed) == len(template.fields):
        return body[: len(body) - len(body) % width]
    records, at = bytearray(), 0
    while len(body) - at >= template.least:
        found, at = _record(body, at, template)
        if at > len(body):
            break
        records += found
    return bytes(records)


def _record(body: bytes, at: int, template: Template) -> tuple[bytes, int]:
    """Give the fixed fields of one record, and where the next begins (RFC 7011, 7)."""
    found = []
    for _, length in template.fields:
        if length == _VARIABLE:
            size, at = int.from_bytes(body[at : at + 1]), at + 1
            if size == 0xFF:
                size, at = int.from_bytes(body[at : at + 2]), at + 2
            at += size
        else:
            found.append(body[at : at + length])
            at += length
    return b"".join(found), at


class Columns:
    """The fields of records that follow each other."""

    def __init__(self, template: Template, records: bytes) -> None:
        width = template.width
        self._rows = np.frombuffer(records, np.uint8).reshape(-1, width or 1)
        self._at: dict[int, tuple[int, int]] = {}
        start = 0
        for element, length in template.fixed:
            self._at.setdefault(element, (start, length))
            start += length

    def raw(self, element: int, length: int) -> Bytes | None:
        """Give a field of a length, a row of bytes for each record."""
        start, own = self._at.get(element, (0, 0))
        return self._rows[:, start : start + own] if own == length else None

    def number(self, *elements: int) -> Words | None:
        """Give the first of some fields that is there, as 64 bits; a shortened one means the same (RFC 7011, 6.2)."""
        for element in elements:
            start, length = self._at.get(element, (0, 0))
            if 0 < length <= 8:
                number = np.zeros(len(self._rows), np.int64)
                for byte in range(start, start + length):
                    number = number << 8 | self._rows[:, byte]
                return number
        return None

    def address(self, four: int, six: int) -> Coded:
        """Give IP addresses; of records that have room for both, the one that is not nothing."""
        found = [_addresses(raw) for raw in (self.raw(four, 4), self.raw(six, 16)) if raw is not None]
        if not found:
            return _none(len(self._rows))
        one, *others = found
        return (
            Coded(one.words, np.where(one.matches(r"^0\.0\.0\.0$"), -1, one.codes)).otherwise(others[0])
            if others
            else one
        )

    def link_address(self, *elements: int) -> Coded:
        """Give link addresses of single stations."""
        for element in elements:
            raw = self.raw(element, 6)
            if raw is not None:
                values, codes = _distinct(raw)
                words = [each.tobytes().hex(":") for each in values]
                return Coded.of(
                    pa.chunked_array([pa.array(words, pa.string()).take(pa.array(codes))]), link_addresses
                )
        return _none(len(self._rows))


def _none(n: int) -> Coded:
    return Coded(pa.array([], pa.string()), np.full(n, -1))


def _distinct(raw: Bytes) -> tuple[Iterable[Bytes], Words]:
    """Give the distinct rows of bytes, and which of them each is."""
    whole = np.ascontiguousarray(raw)
    words = whole.view(f"V{raw.shape[1]}").ravel()
    if raw.shape[1] == 4:
        values, codes = np.unique(whole.view(np.uint32).ravel(), return_inverse=True)
    else:
        coded = pa.array(words.tolist(), pa.binary(raw.shape[1])).dictionary_encode()
        return [
            np.frombuffer(each, np.uint8) for each in coded.dictionary.to_pylist()
        ], coded.indices.to_numpy().astype(np.int64)
    return list(values.view(np.uint8).reshape(-1, 4)), codes.astype(np.int64)


def _addresses(raw: Bytes) -> Coded:
    values, codes = _distinct(raw)
    texts = [str(ipaddress.ip_address(each.tobytes())) for each in values]
    return Coded(pa.array(texts, pa.string()), codes)


def _exported(template: Template, pieces: Sequence[Piece], boot: int | None) -> Iterator[Exported]:
    """Give the records of one template; none where they have no addresses."""
    if not {*_SOURCE} & {element for element, _ in template.fixed}:
        return
    width = template.width
    columns = Columns(template, b"".join(piece.data for piece in pieces))
    counts = np.array([len(piece.data) // width for piece in pieces])
    n = int(counts.sum())
    within = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    exported = np.repeat(np.array([piece.exported for piece in pieces], np.int64), counts) * 1_000_000
    first, last = _times(columns, exported, boot)
    vlan = _or(columns.number(*_VLANS), n, 0)
    back = columns.number(*(_REVERSE | one for one in _PACKETS))
    yield Exported(
        np.repeat(np.array([piece.first for piece in pieces], np.int64), counts) + within,
        columns.address(*_SOURCE),
        columns.address(*_TARGET),
        _or(columns.number(_SOURCE_PORT), n, -1),
        _or(columns.number(*_TARGET_PORTS), n, -1),
        _or(columns.number(_PROTOCOL), n, 0) & 0xFF,
        first,
        last,
        _count(columns.number(*_PACKETS), n),
        _count(columns.number(*_OCTETS), n),
        _count(back, n),
        _count(columns.number(*(_REVERSE | one for one in _OCTETS)), n),
        _or(columns.number(_FLAGS), n, 0) | _or(columns.number(_REVERSE | _FLAGS), n, 0),
        columns.link_address(_SOURCE_MAC),
        columns.link_address(*_TARGET_MACS),
        np.where(vlan > 0, vlan, -1),
        _or(columns.number(_INITIATOR), n, 0),
    )


def _or(numbers: Words | None, n: int, otherwise: int) -> Words:
    return np.full(n, otherwise, np.int64) if numbers is None else numbers


def _count(numbers: Words | None, n: int) -> Words:
    """Give counts as far as sums of them can be written."""
    return np.clip(_or(numbers, n, 0), 0, MOST_COUNTED)


def _times(columns: Columns, exported: Words, boot: int | None) -> tuple[Words, Words]:
    """Give first and last times in microseconds; that of the export where the records have none."""
    for first, last, unit in _TIMES:
        start, end = columns.number(first), columns.number(last)
        if start is not None:
            start, end = (
                np.clip(one, -1, NEVER // unit) * unit for one in (start, start if end is None else end)
            )
            return start, end
    for first, last in _NTP_TIMES:
        start, end = columns.number(first), columns.number(last)
        if start is not None:
            return _of_ntp(start), _of_ntp(start if end is None else end)
    before = [columns.number(one) for one in _BEFORE_EXPORT]
    if before[0] is not None:
        return exported - before[0], exported - (before[0] if before[1] is None else before[1])
    return _since_boot(columns, exported, boot)


def _of_ntp(time: Words) -> Words:
    return ((time >> 32 & 0xFFFFFFFF) - _NTP) * 1_000_000 + ((time & 0xFFFFFFFF) * 1_000_000 >> 32)


def _since_boot(columns: Columns, exported: Words, boot: int | None) -> tuple[Words, Words]:
    start, end, own = columns.number(_UP_FIRST), columns.number(_UP_LAST), columns.number(_BOOT)
    if start is None or (own is None and boot is None):
        return exported, exported
    begin = _or(own, len(exported), boot or 0)
    begin = np.clip(begin, 0, NEVER // 2000)
    return (begin + start) * 1000, (begin + (start if end is None else end)) * 1000
