"""Bad input gets one clear line; what can be read is kept."""

import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.formats import recognise
from beholden.ingest.readers import inventory_csv, inventory_parquet, inventory_xlsx
from beholden.ingest.tabular.headers import read_mapping
from beholden.model.errors import BeholdenError

ROW = b"00:1b:63:aa:bb:%02x,Model %d\n"


@pytest.fixture
def read(tmp_path):
    def run(reader, data, mapping=None):
        path = tmp_path / "input"
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            data(path)
        problems = []
        inventory = reader.read(path, "e" * 64, report=problems.append, mapping=mapping)
        return inventory, [str(one) for one in problems]

    return run


def values(inventory, name):
    return [row["value"] for row in inventory.observations.to_pylist() if row["property"] == name]


def test_ten_thousand_columns(read):
    names = ",".join(f"c{n}" for n in range(9_998))
    inventory, problems = read(
        inventory_csv, f"{names},mac,model\n{',' * 9_998}00:1b:63:aa:bb:01,M\n".encode()
    )
    assert values(inventory, "inventory.model") == ["M"]
    assert len(problems) == 1
    assert "9,998 of 10,000 columns" in problems[0]
    assert len(problems[0]) < 400


def test_megabyte_cell(read):
    data = b"mac,model\n" + ROW % (1, 1) + b"00:1b:63:aa:bb:02," + b"x" * 1_000_000 + b"\n" + ROW % (3, 3)
    inventory, problems = read(inventory_csv, data)
    assert [len(value) for value in values(inventory, "inventory.model")] == [7, 4096, 7]
    assert len(problems) == 1
    assert "line 3: a cell of 1,000,000 characters" in problems[0]


def test_problems_are_capped(read):
    inventory, problems = read(
        inventory_csv, b"mac,model\n" + b"".join(b"bad %d,M\n" % n for n in range(100))
    )
    assert inventory.n_records == 100
    assert len(problems) == 6
    assert "95 more" in problems[-1]


def test_ragged_rows_are_capped(read):
    _, problems = read(inventory_csv, b"mac,model\n" + b"00:1b:63:aa:bb:01\n" * 50)
    assert len(problems) == 6


def test_stray_quote_loses_one_cell_only(read):
    data = b'mac,model\n00:1b:63:aa:bb:01,"open\n' + b"".join(ROW % (n, n) for n in range(2, 250))
    inventory, problems = read(inventory_csv, data)
    assert inventory.n_records == 249
    assert len(values(inventory, "inventory.model")) == 249
    assert len(problems) == 1


def test_lone_carriage_returns(read):
    inventory, _ = read(inventory_csv, b"mac,model\r00:1b:63:aa:bb:01,A\r00:1b:63:aa:bb:02,B\r")
    assert values(inventory, "inventory.model") == ["A", "B"]


def test_mapping(read, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text('[columns]\n"Kennung" = "serial"\n"Farbe" = "inventory.model"\n')
    inventory, problems = read(inventory_csv, b"Kennung,Farbe\nAB1234,red\n", read_mapping(path))
    assert not problems
    assert inventory.observations["subject"].to_pylist() == ["AB1234"]
    path.write_text('[columns]\n"Kennung" = "colour"\n')
    with pytest.raises(BeholdenError, match="no property"):
        read_mapping(path)
    path.write_text("x = 1")
    with pytest.raises(BeholdenError, match="not a mapping file"):
        read_mapping(path)


def test_criticality_without_a_scale_is_unknown(read):
    inventory, problems = read(inventory_csv, b"mac,criticality\n00:1b:63:aa:bb:01,1\n00:1b:63:aa:bb:02,1\n")
    assert not values(inventory, "inventory.criticality")
    assert len(problems) == 1
    inventory, _ = read(inventory_csv, b"mac,criticality\n00:1b:63:aa:bb:01,1\n00:1b:63:aa:bb:02,5\n")
    assert values(inventory, "inventory.criticality") == ["0", "1"]


def test_sheets(read):
    def save(path):
        workbook = openpyxl.Workbook()
        workbook.active.append(["just", "notes"])
        for title, address in (("Floor 1", "00:1b:63:aa:bb:01"), ("Floor 2", "00:1b:63:aa:bb:02")):
            sheet = workbook.create_sheet(title)
            sheet.append(["Devices of this floor"])
            sheet.append(["MAC", "IMEI", "Model", "Seen"])
            sheet.append([address, 490154203237518, 12.0, "x"])
        workbook.save(path)

    inventory, problems = read(inventory_xlsx, save)
    assert values(inventory, "inventory.model") == ["12", "12"]
    assert values(inventory, "inventory.imei") == ["490154203237518"] * 2
    assert inventory.observations["locator"].unique().to_pylist() == [3]
    assert len(problems) == 2
    assert "sheet 'Floor 1', row 2" in problems[0]


def zipped(path):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", "x")


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", "x")
        made.writestr("xl/worksheets/sheet1.xml", bytes(3_000_000))


def lying(path):
    """A bomb whose directory says that it is small."""
    bomb(path)
    data = path.read_bytes()
    path.write_bytes(data.replace((3_000_000).to_bytes(4, "little"), (300).to_bytes(4, "little")))


def later(path):
    """An archive of a version that is not known: what unpacks it raises an exception of its own."""
    zipped(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 236
    path.write_bytes(data)
    assert recognise(bytes(data), path) == (None, "damaged ZIP archive: zip file version 23.6")


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (zipped, "ZIP archive without a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        (b"", "empty"),
        (b"PK\x03\x04rest", "not a whole ZIP"),
        (later, "zip file version 23.6"),
        (bomb, "3,000,001 bytes uncompressed, limit 1,000,000"),
        (lying, "ZIP"),
    ],
)
def test_no_workbook(read, monkeypatch, data, wrong):
    monkeypatch.setattr(inventory_xlsx, "LIMIT_BYTES", 1_000_000)
    inventory, problems = read(inventory_xlsx, data)
    assert inventory.observations.num_rows == 0
    assert len(problems) == 1
    assert wrong in problems[0]


def test_parquet_of_nested_types(read):
    table = pa.table(
        {
            "mac": [["00:1b:63:aa:bb:01", "00:1b:63:aa:bb:02"], None, []],
            "serial": pa.array(["AB1", None, "AB3"]).dictionary_encode(),
            "imei": pa.array([490154203237518.0, None, None]),
            "model": [{"a": 1}, None, None],
            "last seen": pa.array([1, 2, 3], pa.timestamp("ns", "Europe/Berlin")),
        }
    )
    inventory, problems = read(inventory_parquet, lambda path: pq.write_table(table, path))
    assert inventory.observations["subject"].unique().to_pylist() == ["00:1b:63:aa:bb:01", "AB3"]
    assert values(inventory, "mac") == ["00:1b:63:aa:bb:02"]
    assert values(inventory, "inventory.imei") == ["490154203237518"]
    assert inventory.n_records == 3
    assert inventory.n_rejected == 1
    assert len(problems) == 1
    assert "column 'model' holds struct" in problems[0]


def test_parquet_whose_text_is_none(read, tmp_path):
    whole = tmp_path / "whole"
    pq.write_table(
        pa.table({"mac": ["00:1b:63:aa:bb:01"], "model": ["what is bent"]}), whole, compression=None
    )
    inventory, problems = read(inventory_parquet, whole.read_bytes().replace(b"what", b"wh\xc6t"))
    assert values(inventory, "mac") == ["00:1b:63:aa:bb:01"]
    assert "column 'model' holds bytes that are no text" in problems[0]


def test_truncated_parquet(read, tmp_path):
    whole = tmp_path / "whole"
    pq.write_table(pa.table({"mac": ["00:1b:63:aa:bb:01"] * 100}), whole)
    inventory, problems = read(inventory_parquet, whole.read_bytes()[:-30])
    assert inventory.observations.num_rows == 0
    assert len(problems) == 1


@pytest.mark.parametrize("reader", [inventory_csv, inventory_xlsx, inventory_parquet])
def test_total(reader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("total")

    @settings(deadline=None)
    @given(
        st.one_of(
            st.binary(max_size=200), st.text(max_size=200).map(lambda text: b"mac,ip\n" + text.encode())
        )
    )
    def run(data):
        path = folder / "input"
        path.write_bytes(data)
        reader.read(path, "e" * 64, report=str)

    run()
