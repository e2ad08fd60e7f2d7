"""Plain lists, one value a line: addresses, networks, names, URLs and hashes, as people and feeds write them.

`# key: value` at the beginning says what the list is: title, publisher, licence, tlp, date, category, confidence,
valid_until. Millions of lines are read as columns; what is no plain address or name is read one by one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.indicators.entries import ENTRIES, Entries, instant, told
from beholden.knowledge.indicators.values import DEFANGED, value
from beholden.model.addresses import LOCAL_IP

_BLOCK = 8 << 20
_LONGEST = 4096
"""Characters of the longest line that is read."""
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_NOBODYS = r"^(?:0|127|22[4-9]|23[0-9]|24[0-9]|25[0-5])\."
_NAME = r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_REMARK = r"(?:^|\s)[#;].*$|^//.*$|^!.*$"
_HOSTS_FILE = r"^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+"
"""What stands before a name in a file of hosts that leads it nowhere."""
_HEADER = re.compile(rb"^[#;!]+\s*(?P<key>[A-Za-z_][A-Za-z_ ]{0,30}?)\s*[:=]\s*(?P<value>.*?)\s*$")
_KEYS = {
    "title": "title", "publisher": "publisher", "licence": "marking", "license": "marking", "tlp": "tlp", "date": "date",
    "last updated": "date", "last modified": "date", "updated": "date", "generated": "date", "category": "category",
    "confidence": "confidence", "valid_until": "valid_until", "expires": "valid_until",
}  # fmt: skip
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?Z?")


def read(path: Path, entries: Entries) -> None:
    """Take every line."""
    with path.open("rb") as file:
        _read_header(file.read(_LONGEST), entries)
        file.seek(0)
        for first, lines in _blocks(file, entries):
            _take(first, lines, entries)


def _read_header(head: bytes, entries: Entries) -> None:
    for line in head.splitlines():
        if line.strip() and not line.lstrip().startswith((b"#", b";", b"!")):
            return
        found = _HEADER.match(line.strip())
        if found and (key := _KEYS.get(found["key"].decode().lower())):
            _note(key, found["value"].decode("utf-8", "replace"), entries)


def _note(key: str, text: str, entries: Entries) -> None:
    """Keep what a list says of itself; a date where one can be read."""
    day = _DAY.search(text)
    match key:
        case "title" | "publisher":
            setattr(entries, key, text)
        case "marking":
            entries.marking = text
        case "tlp":
            entries.marking = f"TLP:{text.upper().removeprefix('TLP:')}"
        case "date":
            entries.date = instant(day[0]) if day else None
        case "valid_until":
            entries.said["valid_until"] = instant(day[0]) if day else None
        case "category":
            entries.said |= {name: one for name, one in entries.words.read([text]).items() if one is not None}
        case _:
            number = float(text) if re.fullmatch(r"\d*\.?\d+", text) else None
            entries.said["confidence"] = number if number is None or number <= 1 else min(number / 100, 1.0)


def _blocks(file: BinaryIO, entries: Entries) -> Iterator[tuple[int, pa.Array]]:
    """Give whole lines in blocks, with the number of the first; of a line longer than a block nothing is kept."""
    first, rest, is_skipping = 1, b"", False
    while block := file.read(_BLOCK):
        head, end, tail = block.rpartition(b"\n")
        if not end:
            is_skipping = is_skipping or len(rest) + len(tail) > _BLOCK
            rest = b"" if is_skipping else rest + tail
            continue
        if is_skipping:
            _, line_end, kept = head.partition(b"\n")
            rest, head = b"\0" * (_LONGEST + 1), line_end + kept
        lines = _text(rest + head)
        yield first, lines
        first, rest, is_skipping = first + len(lines), tail, False
    if is_skipping:
        entries.faults.tell(f"line {first}", f"more than {_BLOCK:,} bytes")
    elif rest:
        yield first, _text(rest)


def _text(data: bytes) -> pa.Array:
    return pa.array(data.decode("utf-8-sig", "replace").split("\n"), pa.string())


def _take(first: int, lines: pa.Array, entries: Entries) -> None:
    numbers = pa.array(range(first, first + len(lines)), pa.int64())
    is_short = pc.less_equal(pc.binary_length(lines), _LONGEST)
    for number in numbers.filter(pc.invert(is_short)).to_pylist():
        entries.faults.tell(f"line {number}", f"more than {_LONGEST:,} bytes")
    plain, numbers = _refanged(lines.filter(is_short)), numbers.filter(is_short)
    folded = pc.ascii_lower(plain)
    is_address = pc.match_substring_regex(folded, _IPV4)
    is_local = pc.or_(pc.match_substring_regex(folded, LOCAL_IP), pc.match_substring_regex(folded, _NOBODYS))
    is_host = pc.and_not(is_address, is_local)
    is_name = pc.and_(pc.match_substring_regex(folded, _NAME), pc.less_equal(pc.binary_length(folded), 253))
    for kind, mask in (("address", is_host), ("name", is_name)):
        entries.tables.append(_rows(kind, folded.filter(mask), numbers.filter(mask)))
    is_other = pc.and_(pc.invert(pc.or_(is_host, is_name)), pc.greater(pc.binary_length(plain), 0))
    for text, number in zip(
        plain.filter(is_other).to_pylist(), numbers.filter(is_other).to_pylist(), strict=True
    ):
        found = value("any", text)
        if isinstance(found, str):
            entries.faults.tell(f"line {number}", f"{text[:60]!r}: {found}")
        else:
            entries.rows.append({**told(found), "line": number})


def _refanged(lines: pa.Array) -> pa.Array:
    """Give what lines name, without remarks and as it was before it was made harmless."""
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(lines, _REMARK, ""))
    plain = pc.replace_substring_regex(plain, _HOSTS_FILE, "")
    plain = pc.utf8_trim(pc.utf8_trim_whitespace(plain), ",\"'")
    for written, meant in DEFANGED:
        plain = pc.replace_substring(plain, written, meant)
    return plain


def _rows(kind: str, texts: pa.Array, numbers: pa.Array) -> pa.Table:
    columns = {"kind": pa.repeat(pa.scalar(kind), len(texts)), "value": texts, "line": numbers}
    return pa.table(
        [columns.get(field.name, pa.nulls(len(texts), field.type)) for field in ENTRIES], schema=ENTRIES
    )
