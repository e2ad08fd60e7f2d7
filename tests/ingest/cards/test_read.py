"""Exports of connectivity platforms: forms that are read, and what is said of bad ones, in one line each."""

import gzip
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.ingest.cards.read import read
from beholden.ingest.cards.texts import Worlds

CARD, OTHER = "8944500102198304826", "8949020000000000005"
IMEI = "490154203237518"
WORLDS = Worlds({"262": "DE", "310": "US"}, {"meter": "meter", "smart meter": "meter"})
DAY = (date(2026, 10, 3) - date(1970, 1, 1)).days


@pytest.fixture
def exported(tmp_path):
    """Write files, read them, and give what was read, its rows and what was told."""

    def run(**files):
        given, parts = tmp_path / "given", tmp_path / "parts"
        given.mkdir(), parts.mkdir()
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (given / name.replace("_", ".")).write_bytes(data)
        told = []
        found = read(
            [str(given)], parts, WORLDS, lambda problem: told.append(str(problem).partition("given/")[2])
        )
        rows = [row for part in found.parts for row in pq.read_table(part.path).to_pylist()]
        return found, rows, told

    return run


def test_a_row_of_use(exported):
    _, (row,), told = exported(
        u_csv=f"ICCID;IMSI;IMEI;APN;MCCMNC;Date;Volume_tx;Volume_rx;SMS MO;SMS MT\n"
        f"{CARD}F;262011234567890;{IMEI};Meters.Example.mnc001.mcc262.gprs;26201;2026-10-03;100;20;1;2\n"
    )
    assert told == []
    assert (row["card"], row["imsi"], row["imei"], row["imei_stated"]) == (
        CARD,
        "262011234567890",
        IMEI,
        None,
    )
    assert (row["apn"], row["country"], row["day"]) == ("meters.example", "DE", DAY)
    assert (row["bytes_up"], row["bytes_down"], row["bytes"], row["sms"]) == (100, 20, 120, 3)
    assert (row["is_shared"], row["place"]) == (False, 1)


@pytest.mark.parametrize(
    "day",
    [
        "2026-10-03",
        "2026-10-03T12:59:05Z",
        "20261003",
        "1791028745",
        "1791028745000",
        "03.10.2026",
        "13/10/2026",
    ],
)
def test_days_in_many_forms(exported, day):
    _, (row,), told = exported(u_csv=f"iccid,date,bytes\n{CARD},{day},1\n")
    assert (row["day"], told) == (DAY + 10 * day.startswith("13/"), [])


def test_a_day_that_may_be_two(exported):
    found, rows, told = exported(u_csv=f"iccid,date,bytes\n{CARD},03/10/2026,1\n")
    assert (rows, found.n_rejected) == ([], 1)
    assert "day and month cannot be told apart" in told[0]


def test_units_and_names_of_countries(exported):
    _, rows, _ = exported(u_csv=f"sim number,day,data usage (MB),country\n{CARD},2026-10-03,1.5,Germany\n")
    assert (rows[0]["bytes"], rows[0]["bytes_up"], rows[0]["country"]) == (1_500_000, None, "DE")


def test_title_lines_and_packing(exported):
    text = f"Usage report\n\nICCID,Date,Bytes\n{CARD},2026-10-03,5\n"
    _, rows, told = exported(u_csv_gz=gzip.compress(text.encode()))
    assert ([row["bytes"] for row in rows], told) == ([5], [])


def test_parquet_with_types_of_its_own(exported, tmp_path):
    table = pa.table(
        {
            "iccid": pa.array([CARD]).dictionary_encode(),
            "imei": pa.array([int(IMEI)]),
            "day": pa.array([date(2026, 10, 3)]),
            "bytes": pa.array([7.0]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    _, (row,), told = exported(u_parquet=(tmp_path / "t.parquet").read_bytes())
    assert (row["card"], row["imei"], row["day"], row["bytes"], told) == (CARD, IMEI, DAY, 7, [])


def test_a_card_known_by_its_subscriber_alone(exported):
    _, rows, told = exported(
        u_csv=f"iccid,imsi,date,bytes\n{CARD[:-1]}9,262011234567890,2026-10-03,1\n,262011234567891,2026-10-03,1\n"
    )
    assert [row["card"] for row in rows] == ["imsi 262011234567890", "imsi 262011234567891"]
    assert told == [f"u.csv, row 1: '{CARD[:-1]}9' is no ICCID, 1 such rows; not known"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "u.csv: empty file; nothing read"),
        ("\x00\x01\x02\x03" * 30, "u.csv: binary data, neither Parquet nor text; nothing read"),
        ("name,size\na,1\n", ("u.csv: no column for a card (ICCID or IMSI) with a day of use, or with what it is "
                             "meant for; nothing read")),
        ("iccid,date,bytes\n", "u.csv: columns and no rows; nothing read"),
        (f"iccid,date,bytes\n{CARD},2026-10-03,-5\n", "u.csv, row 1: negative bytes, 1 rows from here on; left out"),
        (f"iccid,date,bytes\n{CARD},2026-10-03,many\n",
         "u.csv, row 1: bytes that is no number, 1 rows from here on; left out"),
        (f"iccid,date,bytes\n{CARD},soon,5\n", "u.csv, row 1: 'soon' is no date; left out"),
        (f"iccid,date,bytes,imei\n{CARD},2026-10-03,5,35AB\n",
         "u.csv, row 1: '35AB' is no IMEI, 1 such rows; kept as stated, the module is not known"),
        (f"iccid,date,bytes\n{CARD},2026-10-03,5\n{CARD},2026-10-03,5\n",
         "u.csv: 1 rows stand twice; one of each kept"),
        (f"iccid,date,bytes\n{CARD},2026-10-03,5\n{CARD},1,2,3\n",
         "u.csv, row 2: 4 cells, header has 3; left out"),
    ],
    ids=["empty", "binary", "other", "header", "negative", "number", "date", "imei", "twice", "width"],
)  # fmt: skip
def test_bad_input_in_one_line(exported, lines, said):
    assert exported(u_csv=lines)[2] == [said]


def test_damaged_parquet(exported, tmp_path):
    pq.write_table(pa.table({"iccid": [CARD] * 9, "day": ["2026-10-03"] * 9}), tmp_path / "t.parquet")
    data = (tmp_path / "t.parquet").read_bytes()
    _, rows, told = exported(a_parquet=data[:-30], b_parquet=data[:4] + b"\xff" * 60 + data[64:])
    assert rows == []
    assert len(told) == 2
    assert "not readable as Parquet" in told[0]
    assert "damaged" in told[1]


def test_of_damaged_parquet_the_other_row_groups_are_kept(exported, tmp_path):
    rows = pa.table({"iccid": [CARD] * 40, "day": [f"2026-10-{day:02}" for day in range(1, 21) for _ in "ab"],
                     "bytes": list(range(40))})  # fmt: skip
    pq.write_table(rows, tmp_path / "t.parquet", row_group_size=10, compression="gzip", use_dictionary=False)
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    column = pq.read_metadata(tmp_path / "t.parquet").row_group(1).column(1)
    begin = column.data_page_offset + 30
    data[begin : begin + 20] = b"\xff" * 20
    found, rows, told = exported(a_parquet=bytes(data))
    assert sorted(row["bytes"] for row in rows) == [*range(10), *range(20, 40)]
    assert sorted(row["place"] for row in rows) == [*range(1, 11), *range(21, 41)]
    (line,) = told
    assert line.startswith("a.parquet, row 11: rows 11 to 20 damaged: ")
    assert line.endswith("; left out")
    assert found.n_rows == 30


def test_files_of_other_columns_and_the_same_twice(exported):
    one = f"iccid,date,bytes\n{CARD},2026-10-03,5\n"
    found, rows, told = exported(
        a_csv=one, b_csv=one, c_csv="IMSI,Tag,Upload\n262011234567890,2026-10-04,9\n"
    )
    assert len(found.sources) == 2
    assert [(row["bytes"], row["bytes_up"]) for row in rows] == [(5, None), (9, 9)]
    assert told == ["b.csv: the same content as another file; read once"]


def test_rows_of_one_card_and_day_are_marked(exported):
    lines = f"iccid,date,apn,bytes\n{CARD},2026-10-03,a,5\n{CARD},2026-10-03,b,5\n{CARD},2026-10-04,a,5\n"
    _, rows, told = exported(u_csv=lines)
    assert sorted((row["day"] - DAY, row["apn"], row["is_shared"]) for row in rows) == [
        (0, "a", True), (0, "b", True), (1, "a", False)]  # fmt: skip
    assert told == []


def test_sessions_of_as_many_bytes_are_not_the_same_row(exported):
    lines = f"iccid,start_time,bytes\n{CARD},2026-10-03T01:00:00Z,5\n{CARD},2026-10-03T02:00:00Z,5\n"
    _, rows, told = exported(u_csv=lines)
    assert (len(rows), told) == (2, [])


def test_parts_that_reach_over_the_same_days(exported):
    def days(first, last):
        return "iccid,date,bytes\n" + "".join(
            f"{CARD},2026-10-{day:02},5\n" for day in range(first, last + 1)
        )

    found, _, _ = exported(a_csv=days(1, 5), b_csv=days(5, 7), c_csv=days(8, 9), d_csv=days(20, 28))
    alone, others = found.by_overlap()
    assert [path.stem[-1] for path in alone] == ["2", "3"]
    assert [path.stem[-1] for path in others] == ["0", "1"]


def test_a_list_of_cards(exported):
    found, rows, told = exported(
        l_csv=f"ICCID,IMSI,Bound IMEI,Device type,Fleet,Allowed APNs,Allowed countries,State\n"
        f"{CARD},262011234567890,{IMEI},Smart Meter,north,a.example|b.example,DE Poland,Active\n"
        f"{OTHER[:-1]}6,,,teapot,,,,\n"
    )
    cards, limits = found.lists()
    assert rows == []
    first, second = cards.to_pylist()
    assert first == {
        "card": CARD,
        "imsi": "262011234567890",
        "kind": "meter",
        "group": "north",
        "state": "active",
    }
    assert second["kind"] is None
    allowed = {(row["what"], row["value"]) for row in limits.to_pylist()}
    assert allowed == {
        ("imei", IMEI), ("apn", "a.example"), ("apn", "b.example"), ("country", "DE"), ("country", "PL")}  # fmt: skip
    assert told == ["l.csv: 1 kinds of device not known ('teapot'); kind left open"]


def test_a_later_list_overrules(exported):
    found, _, _ = exported(
        a_csv=f"iccid,type,kind\n{CARD},x,meter\n", b_csv=f"iccid,state,kind\n{CARD},closed,\n"
    )
    (card,) = found.lists()[0].to_pylist()
    assert (card["kind"], card["state"]) == ("meter", "closed")
