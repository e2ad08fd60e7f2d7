import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.formats import all_readers, recognise

PCAP = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
PCAPNG = bytes.fromhex("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def _expected(value):
    """Name a case by what is expected of it: bytes made with the time in them would give other names each time."""
    return value if isinstance(value, str) else "bytes"


def parquet():
    stream = io.BytesIO()
    pq.write_table(pa.table({"mac": ["x"]}), stream)
    return stream.getvalue()


def archive(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PCAP, "capture"),
        (PCAP[3::-1] + PCAP[4:], "capture"),
        (PCAPNG, "capture"),
        (gzip.compress(PCAP, mtime=0), "capture"),
        (zstandard.compress(PCAPNG), "capture"),
        (parquet(), "parquet"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (b"mac,ip\n", "csv"),
        (b"Title\n\nMAC-Adresse;Hersteller\n00:11:22:33:44:55;X\n", "csv"),
        ("mac\tip\n".encode("utf-16"), "csv"),
        (b"a|b\n1|2\n3|4\n", "csv"),
        (b"hostname\nx\n", "csv"),
    ],
    ids=_expected,
)
def test_known(tmp_path, data, expected):
    path = tmp_path / "evidence.png"
    path.write_bytes(data)
    assert recognise(data[:4096], path)[0] == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (PNG, "PNG image"),
        (archive("a.txt"), "ZIP archive without a workbook"),
        (b"PK\x03\x04 and no more", "damaged ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "OLE file"),
        (gzip.compress(b"hello", mtime=0), "gzip of something"),
        (b'{"mac": "x"}', "JSON"),
        (b"<html>", "XML or HTML"),
        (b"Some words of prose, here.\nAnd then others.\nMore, yes, more.\n", "no table"),
        (bytes(500), "zero bytes"),
        (bytes(range(256)) * 4, "binary data"),
        (b" \n\n", "white space"),
    ],
    ids=_expected,
)
def test_unknown(tmp_path, data, reason):
    path = tmp_path / "evidence.pcap"
    path.write_bytes(data)
    kind, why = recognise(data[:4096], path)
    assert kind is None
    assert reason in why


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_total(data):
    recognise(data, Path("/nonexistent/evidence"))


def test_every_reader_is_registered():
    folder = Path(__file__).parents[2] / "src/beholden/ingest/readers"
    modules = {path.stem for path in folder.glob("[a-z]*.py")}
    assert modules == {reader.name for reader in all_readers()} - {"capture"}
