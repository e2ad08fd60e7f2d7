"""Recognise evidence by its content, never by its name."""

import pkgutil
import re
import zipfile
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from beholden.ingest.logs import Reader
from beholden.ingest.tabular.headers import Header, find_header
from beholden.ingest.tabular.lines import DELIMITERS, first_rows
from beholden.ingest.tabular.text import encoding_of, is_binary
from beholden.ingest.unpack import unpacked

_MARKDOWN = re.compile(r"^\|(\s*:?-{3,}:?\s*\|)+\s*$", re.MULTILINE)
"""The line below a table's header in Markdown."""
_CLEAR = 3
"""So many known columns make a header, however ragged its rows."""
_REGULAR = 0.6
HEAD = 1 << 16
"""Bytes of a file that its kind is recognised by."""
_ROWS = 20

FIRST_READERS: tuple[Reader, ...] = (
    Reader(
        "capture",
        "capture",
        "pcap (µs, ns, both byte orders) and pcapng; plain, .gz, .zst or standard input; Ethernet, raw IP, 802.11, "
        "Bluetooth LE, IEEE 802.15.4",
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
"""Those that are recognised here; every other module of `ingest.readers` has its own row and recognises by itself."""

_CAPTURES = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
"""libpcap file format (µs and ns, both byte orders) and the Section Header Block of pcapng."""
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
_OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"BM", "BMP image"),
    (b"%PDF-", "PDF document"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE file: workbook with a password, or of Excel before 2007"),
    (b"\x1f\x8b", "gzip of something that is neither capture nor known log"),
    (b"\x28\xb5\x2f\xfd", "zstd of something that is neither capture nor known log"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!", "RAR archive"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"\xa1\xb2\xcd\x34", "pcap of the old modified format"),
    (b"\x34\xcd\xb2\xa1", "pcap of the old modified format"),
)
_TEXTS = (("<", "XML or HTML text"), ("{", "JSON text"), ("[{", "JSON text"), ("-----BEGIN", "PEM text"))


@cache
def _modules() -> tuple[ModuleType, ...]:
    """Import the readers that recognise by themselves."""
    from beholden.ingest import readers as folder  # noqa: PLC0415 - captures and tables need none of them

    own = {one.name for one in FIRST_READERS}
    names = sorted({one.name for one in pkgutil.iter_modules(folder.__path__)} - own)
    modules = (import_module(f"{folder.__name__}.{name}") for name in names)
    return tuple(module for module in modules if hasattr(module, "READER"))


def all_readers() -> tuple[Reader, ...]:
    """Give every reader there is."""
    return (*FIRST_READERS, *(module.READER for module in _modules()))


def reader_of(kind: str) -> ModuleType:
    """Give the module that reads a kind of evidence other than captures; raises KeyError for a kind there is not."""
    names = {one.kind: one.name for one in FIRST_READERS[1:]}
    if kind in names:
        return import_module(f"beholden.ingest.readers.{names[kind]}")
    return {module.READER.kind: module for module in _modules()}[kind]


def recognise(head: bytes, path: Path) -> tuple[str | None, str]:
    """Give the kind of evidence that begins with `head` (`HEAD` bytes, or all), else None; and the reason in words."""
    if not head:
        return None, "empty file"
    plain = unpacked(head, HEAD)
    if plain.startswith(_CAPTURES):
        return "capture", "packet capture"
    if head.startswith(b"PAR1"):
        return "parquet", "Apache Parquet"
    if not head.startswith(_ARCHIVES):
        for module in _modules():
            if module.recognise(plain, path):
                return module.READER.kind, module.READER.reads
    return _other(head, path)


def _other(head: bytes, path: Path) -> tuple[str | None, str]:
    if head.startswith(_ARCHIVES):
        return _archive(path)
    for magic, reason in _OTHERS:
        if head.startswith(magic):
            return None, reason
    if not head.strip(b"\0"):
        return None, "nothing but zero bytes"
    return (None, "binary data of no known format") if is_binary(head) else _text(head)


def _archive(path: Path) -> tuple[str | None, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        return None, f"damaged ZIP archive: {error}"
    if "xl/workbook.xml" in names:
        return "xlsx", "workbook"
    return None, "ZIP archive without a workbook"


def _text(head: bytes) -> tuple[str | None, str]:
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
