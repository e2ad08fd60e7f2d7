"""Messages of IPFIX, one after the other (RFC 7011; as files: RFC 5655), read by template: every field a column of bytes.

Information elements: https://www.iana.org/assignments/ipfix; reverse ones have the enterprise number of RFC 5103.
Packets of NetFlow 9 (RFC 3954) have the same elements; those of version 5 have one template
(https://www.cisco.com/c/en/us/td/docs/net_mgmt/netflow_collection_engine/3-6/user/guide/format.html).
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
VERSION_5, VERSION_9, IPFIX = 5, 9, 10
_HEAD, _HEAD_5, _HEAD_9, _SET_HEAD = 16, 24, 20, 4
_TEMPLATES, _OPTIONS, _DATA = 2, 3, 256
_TEMPLATES_9, _OPTIONS_9 = 0, 1
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
_TURN, _AHEAD = 1000 << 32, 3_600_000_000
"""Microseconds in which a clock of 32 bits in milliseconds comes round, and by which none is ahead of its export."""
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


_PADDING = 210
_FIELDS_5 = (
    *((8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2)),
    *((_PADDING, 1), (6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1), (_PADDING, 2)),
)

_WIDTH_5 = sum(length for _, length in _FIELDS_5)


class Piece(NamedTuple):
    """The records of one set: their bytes, without fields of variable length, the number of the first, when exported.

    And since when the exporter's clock runs, in milliseconds, where the message says so.
    """

    data: bytes
    first: int
    exported: int
    boot: int | None = None


Pieces = dict[Template, list[Piece]]


@dataclass
class Session:
    """What messages so far have defined: templates, and since when the clocks of exporters run.

    What a version calls its domain, source or engine is told from that of another by the version above its 32 bits.
    """

    problems: Problems
    templates: dict[tuple[int, int], Template] = field(default_factory=dict)
    boots: dict[int, int] = field(default_factory=dict)
    n_records: int = 0
    _sender: tuple[int, int, int] | None = None
    """When the packet of NetFlow 9 at hand was exported, its domain and since when its clock runs; it says no length."""
    _rest: bytes = b""
    _is_lost: bool = False

    def read(self, block: bytes) -> Iterator[Exported]:
        """Read the whole messages of a block, what was left of the one before ahead of it."""
        data = self._rest + block
        pieces: Pieces = defaultdict(list)
        at = 0
        while not self._is_lost and at + _SET_HEAD <= len(data):
            size = self._size(data, at)
            if size is None:
                self.problems.tell(
                    "message", f"record {self.n_records + 1}", "no message of flows", "the rest is left out"
                )
                self._is_lost = True
            elif at + size > len(data):
                break
            else:
                self._take(data[at : at + size], pieces)
                at += size
        self._rest = data[at:]
        for template, own in pieces.items():
            yield from _exported(template, own, self.boots.get(template.domain))

    def _size(self, data: bytes, at: int) -> int | None:
        """Give the bytes of what stands here: a message, the head of a packet of version 9, or one of its sets."""
        number, second = (int.from_bytes(data[start : start + 2]) for start in (at, at + 2))
        if number == VERSION_9:  # no set has this number
            return _HEAD_9
        if number == VERSION_5:
            return _HEAD_5 + second * _WIDTH_5
        if number == IPFIX:
            return second if second >= _HEAD else None
        is_set = self._sender is not None and (number in (_TEMPLATES_9, _OPTIONS_9) or number >= _DATA)
        return second if is_set and second >= _SET_HEAD else None

    def _take(self, part: bytes, pieces: Pieces) -> None:
        match int.from_bytes(part[:2]):
            case 10:
                exported, _, domain = struct.unpack_from(">III", part, 4)
                self._sender = None
                self._message(part[_HEAD:], exported, domain, pieces)
            case 9:
                up, exported, _, domain = struct.unpack_from(">IIII", part, 4)
                self._sender = exported, VERSION_9 << 32 | domain, exported * 1000 - up
            case 5:
                self._sender = None
                self._version_5(part, pieces)
            case number if self._sender is not None:
                self._set_9(number, part[_SET_HEAD:], pieces)

    def _version_5(self, packet: bytes, pieces: Pieces) -> None:
        up, exported, nanoseconds, _, engine = struct.unpack_from(">IIIIH", packet, 4)
        domain = VERSION_5 << 32 | engine
        template = self.templates.setdefault((domain, 0), Template(domain, _FIELDS_5, is_options=False))
        boot = exported * 1000 + nanoseconds // 1_000_000 - up
        self._data(packet[_HEAD_5:], template, exported, pieces, boot)

    def _set_9(self, number: int, inside: bytes, pieces: Pieces) -> None:
        exported, domain, boot = self._sender or (0, 0, 0)
        if number == _TEMPLATES_9:
            self._define(inside, domain, is_options=False)
        elif number == _OPTIONS_9:
            self._define_options_9(inside, domain)
        else:
            self._data(inside, self.templates.get((domain, number)), exported, pieces, boot)

    def finish(self) -> None:
        """Tell what was cut short."""
        if self._rest and not self._is_lost:
            self.problems.tell(
                "message", f"record {self.n_records + 1}", "cut short", "what came before it is kept"
            )

    def _message(self, body: bytes, exported: int, domain: int, pieces: Pieces) -> None:
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
        self,
        inside: bytes,
        template: Template | None,
        exported: int,
        pieces: Pieces,
        boot: int | None = None,
    ) -> None:
        if template is None:
            self.problems.tell(
                "template", f"record {self.n_records + 1}", "records before their template", "left out"
            )
            return
        records = _records(inside, template)
        if template.is_options:
            stated = Columns(template, records).number(_BOOT)
            if stated is not None and len(stated):
                self.boots[template.domain] = int(stated[0])
        elif records:
            pieces[template].append(Piece(records, self.n_records + 1, exported, boot))
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
                if element & 0x8000 and domain < VERSION_9 << 32 and at + 4 <= len(body):
                    element = int.from_bytes(body[at : at + 4]) << 16 | element & 0x7FFF
                    at += 4
                fields.append((element, length))
            if len(fields) == n_fields:
                self._keep(number, Template(domain, fields, is_options))

    def _define_options_9(self, body: bytes, domain: int) -> None:
        """Take templates of options, whose fields stand behind the bytes that both sorts take (RFC 3954, 6.1)."""
        at = 0
        while at + 6 <= len(body):
            number, scopes, options = struct.unpack_from(">HHH", body, at)
            at += 6
            said = body[at : at + scopes + options]
            at += scopes + options
            pairs = struct.iter_unpack(">HH", said[: len(said) // 4 * 4])
            self._keep(number, Template(domain, list(pairs), is_options=True))

    def _keep(self, number: int, template: Template) -> None:
        known = self.templates.get((template.domain, number))
        is_new = known is None or (known.fields, known.is_options) != (template.fields, template.is_options)
        if number >= _DATA and is_new:
            self.templates[template.domain, number] = template


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
    boots = [boot if piece.boot is None else piece.boot for piece in pieces]
    begin = None if None in boots else np.repeat(np.array(boots, np.int64), counts)
    first, last = _times(columns, exported, begin)
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


def _times(columns: Columns, exported: Words, boot: Words | None) -> tuple[Words, Words]:
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


def _since_boot(columns: Columns, exported: Words, boot: Words | None) -> tuple[Words, Words]:
    start, end, own = columns.number(_UP_FIRST), columns.number(_UP_LAST), columns.number(_BOOT)
    begin = boot if own is None else own
    if start is None or begin is None:
        return exported, exported
    begin = np.clip(begin, 0, NEVER // 2000)
    return _turned(begin + start, exported), _turned(begin + (start if end is None else end), exported)


def _turned(time: Words, exported: Words) -> Words:
    """Give a time in microseconds, a turn of the clock earlier where it lies after the export."""
    time = time * 1000
    return np.where(time > exported + _AHEAD, time - _TURN, time)
