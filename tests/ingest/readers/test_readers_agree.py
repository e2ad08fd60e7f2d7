"""The same rows give the same observations, however they are ordered and stored."""

import csv
import io
import random
import tempfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.readers import inventory_csv, inventory_parquet, inventory_xlsx
from beholden.model import identifiers

HEADER = ["MAC Address", "IP", "Hostname", "Serial", "Manufacturer", "Location", "Criticality", "Last Seen"]
EVIDENCE = "ab" * 32
WORDS = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"],
        exclude_characters="\ufeff_\ufffe\uffff",
    ),
    max_size=12,
)
MACS = st.integers(1, (1 << 40) - 1).map(
    lambda n: (
        f"00:{n >> 32 & 255:02X}:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
    )
)
ROWS = st.lists(
    st.tuples(
        st.one_of(st.just(""), MACS),
        st.one_of(st.just(""), st.ip_addresses(v=4).map(str)),
        st.sampled_from(["", "cam-1", "Plug_2", "N/A"]),
        st.sampled_from(["", "SN0001", "To be filled by O.E.M."]),
        WORDS,
        st.one_of(WORDS, st.sampled_from(['a "b"', "c, d", "e;f", "=1+1", "x\ny"])),
        st.sampled_from(["", "low", "High", "kritisch"]),
        st.sampled_from(["", "2026-11-01", "2026-11-02T10:00:00Z"]),
    ),
    min_size=1,
    max_size=12,
)


def written(rows, delimiter=","):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([HEADER, *rows])
    return stream.getvalue().encode()


def read(reader, suffix, save):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"input.{suffix}"
        save(path)
        return reader.read(path, EVIDENCE, report=lambda _: None)


def read_csv(data):
    return read(inventory_csv, "csv", lambda path: path.write_bytes(data))


def told(inventory, *, is_placed=False):
    """The observations without their places; subjects made of a row's number are named alike."""
    rows = inventory.observations.to_pylist()
    return sorted(
        (
            row["subject_kind"],
            EVIDENCE[:12] if row["subject"].startswith(EVIDENCE[:12] + ":") else row["subject"],
            row["property"],
            row["value"],
            str(row["first_seen_at"]),
            str(row["last_seen_at"]),
            row["locator"] if is_placed else 0,
        )
        for row in rows
    )


@settings(deadline=None, max_examples=40)
@given(ROWS, st.randoms())
def test_order_of_rows_does_not_matter(rows, chance):
    other = list(rows)
    chance.shuffle(other)
    assert told(read_csv(written(rows))) == told(read_csv(written(other)))


@settings(deadline=None, max_examples=40)
@given(ROWS, st.sampled_from(",;\t|"))
def test_what_python_writes_is_read_back(rows, delimiter):
    inventory = read_csv(written(rows, delimiter))
    seen = {(row["property"], row["value"]) for row in inventory.observations.to_pylist()}
    places = {row[5].strip() for row in rows if row[5].strip() and not identifiers.is_placeholder(row[5])}
    assert places <= {value for name, value in seen if name == "inventory.location"}
    macs = {identifiers.mac(row[0]) for row in rows if row[0]}
    assert macs == {
        row["subject"] for row in inventory.observations.to_pylist() if row["subject_kind"] == "mac"
    }


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_locator_is_the_line(rows):
    data = written(rows)
    lines = data.decode().replace("\r\n", "\n").replace('""', '"').split("\n")
    for row in read_csv(data).observations.to_pylist():
        if row["property"] == "inventory.vendor":
            assert row["value"] in lines[row["locator"] - 1]


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_workbook_equals_csv(rows):
    def save(path):
        workbook = openpyxl.Workbook()
        for row in (HEADER, *rows):
            workbook.active.append([None if cell == "" else cell for cell in row])
        for line in workbook.active.iter_rows():
            for cell in line:
                if cell.value is not None:
                    cell.data_type = "s"
        workbook.save(path)

    assert told(read(inventory_xlsx, "xlsx", save)) == told(read_csv(written(rows)))


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_parquet_equals_csv(rows):
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(HEADER)})
    assert told(read(inventory_parquet, "parquet", lambda path: pq.write_table(table, path))) == told(
        read_csv(written(rows))
    )


def test_fast_and_careful_reading_agree(monkeypatch):
    chance = random.Random(3)
    rows = [
        (
            f"00:1b:63:00:00:{n:02x}",
            f"10.0.0.{n}",
            f"h-{n}",
            f"SN000{n}",
            chance.choice("ABC"),
            'x "y", z',
            "low",
            "",
        )
        for n in range(1, 200)
    ]
    fast = read_csv(written(rows))
    monkeypatch.setattr(inventory_csv, "_fast", lambda *_: None)
    assert told(read_csv(written(rows)), is_placed=True) == told(fast, is_placed=True)
