"""Recognise evidence by its content, never by its name."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import zstandard

from beholden.ingest.tabular.headers import Header, find_header
from beholden.ingest.tabular.lines import DELIMITERS, first_rows
from beholden.ingest.tabular.text import encoding_of, is_binary

_MARKDOWN = re.compile(r"^\|(\s*:?-{3,}:?\s*\|)+\s*$", re.MULTILINE)
"""The line below a table's header in Markdown."""
_CLEAR = 3
"""So many known columns make a header, however ragged its rows."""
_REGULAR = 0.6
Kind = Literal["capture", "csv", "xlsx", "parquet"]
_PEEK = 1024
_ROWS = 20


class Reader(NamedTuple):
    """One kind of evidence: what it is, what it yields, and where its reading ends."""

    name: str
    kind: Kind
    reads: str
    yields: str
    limits: str


READERS: tuple[Reader, ...] = (
    Reader(
        "capture",
        "capture",
        "pcap (µs, ns, both byte orders) and pcapng; plain, .gz, .zst or standard input",
        "flows, look-ups and observations of what devices say of themselves",
        "2 GiB of compressed evidence once unpacked, unless raised",
    ),
    Reader(
        "inventory_csv",
        "csv",
        "delimited text (, ; tab |) in UTF-8, UTF-16 or Windows-1252; header within the first 20 rows",
        "observations, one subject a row",
        "4,096 characters of a cell; the file is held in memory",
    ),
    Reader(
        "inventory_xlsx",
        "xlsx",
        "workbooks of Excel 2007 and later; every sheet with known columns",
        "observations, one subject a row",
        "1 GiB unpacked; values of formulas as last computed; no passwords",
    ),
    Reader(
        "inventory_parquet",
        "parquet",
        "Apache Parquet with known columns; lists are several values",
        "observations, one subject a row",
        "structs and maps are left out; the known columns are held in memory",
    ),
)

_CAPTURES = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
"""libpcap file format (µs and ns, both byte orders) and the Section Header Block of pcapng."""
_OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"BM", "BMP image"),
    (b"%PDF-", "PDF document"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE file: workbook with a password, or of Excel before 2007"),
    (b"\x1f\x8b", "gzip of something that is no capture"),
    (b"\x28\xb5\x2f\xfd", "zstd of something that is no capture"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!", "RAR archive"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"\xa1\xb2\xcd\x34", "pcap of the old modified format"),
    (b"\x34\xcd\xb2\xa1", "pcap of the old modified format"),
)
_TEXTS = (("<", "XML or HTML text"), ("{", "JSON text"), ("[{", "JSON text"), ("-----BEGIN", "PEM text"))


def recognise(head: bytes, path: Path) -> tuple[Kind | None, str]:
    """Give the kind of evidence that begins with `head` (4 KiB or more), else None; and the reason in words."""
    if not head:
        return None, "empty file"
    if _unpacked(head).startswith(_CAPTURES):
        return "capture", "packet capture"
    if head.startswith(b"PAR1"):
        return "parquet", "Apache Parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path)
    for magic, reason in _OTHERS:
        if head.startswith(magic):
            return None, reason
    if not head.strip(b"\0"):
        return None, "nothing but zero bytes"
    return (None, "binary data of no known format") if is_binary(head) else _text(head)


def _unpacked(head: bytes) -> bytes:
    """Give the first bytes of what is compressed, or the head itself."""
    try:
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31).decompress(head, _PEEK)
        if head.startswith(b"\x28\xb5\x2f\xfd"):
            return zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(head).read(_PEEK)
    except (zlib.error, zstandard.ZstdError):
        return head
    return head


def _archive(path: Path) -> tuple[Kind | None, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        return None, f"damaged ZIP archive: {error}"
    if "xl/workbook.xml" in names:
        return "xlsx", "workbook"
    return None, "ZIP archive without a workbook"


def _text(head: bytes) -> tuple[Kind | None, str]:
    """Tell tables from other text: a known column in a header, or lines of as many cells."""
    name, skipped = encoding_of(head)
    text = head[skipped:].decode(name, "replace").lstrip("\ufeff")
    if not text.strip():
        return None, "nothing but white space"
    for start, reason in _TEXTS:
        if text.lstrip().startswith(start):
            return None, reason
    if _MARKDOWN.search(text):
        return None, "Markdown text"
    for delimiter in DELIMITERS:
        rows = [cells for _, cells in first_rows(text, delimiter, _ROWS)]
        header = find_header(rows, None)
        if header and (len(header.properties) >= _CLEAR or _is_regular(rows, header)):
            return "csv", "table with known columns"
        widths = [len(cells) for cells in rows[:-1] or rows if cells]
        if len(widths) > 1 and min(widths) == max(widths) > 1:
            return "csv", "lines of as many cells"
    return None, "text that is no table"


def _is_regular(rows: Sequence[Sequence[str]], header: Header) -> bool:
    """Tell whether most rows are as wide as their header: prose and programs are not.

    A header below other lines has to convince more than one in the first line.
    """
    below = rows[header.row + 1 : -1] or rows[header.row + 1 :]
    widths = [len(cells) for cells in below if any(cells)]
    share = sum(width == len(header.names) for width in widths) / max(len(widths), 1)
    if header.row == 0:
        return share >= _REGULAR or not widths
    return len(header.properties) > 1 and share >= _REGULAR
