"""The compiled registries: small, sorted, and saying what the originals say."""

import gzip
import json
from ipaddress import ip_address
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from beholden.knowledge.files import read_csv
from beholden.knowledge.registries import (
    asn_names,
    ieee_table,
    kev_table,
    main,
    mcc_mnc_table,
    range_table,
    write,
)

ROOT = Path(__file__).parents[2] / "knowledge"
FOLDER = ROOT / "registries"
LIMIT = 7 * 1024 * 1024


def packed(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_prefixes_keep_their_length_and_unknown_places_stay_unknown(tmp_path):
    entries = {
        "00AA00": "Maker, Inc.\nStreet 1\nTown\nGermany",
        "00AA011": "Private",
        "00AA01222": "Other\nNowhere 5",
    }
    table = ieee_table(packed(tmp_path / "o.json.gz", json.dumps(entries)), {"germany": "DE"})
    assert table.to_pylist() == [
        {
            "prefix": "00AA00",
            "bits": 24,
            "organisation": "Maker, Inc.",
            "address": "Street 1, Town",
            "country": "DE",
        },
        {"prefix": "00AA011", "bits": 28, "organisation": "Private", "address": "", "country": None},
        {"prefix": "00AA01222", "bits": 36, "organisation": "Other", "address": "Nowhere 5", "country": None},
    ]


def test_ranges_of_both_families(tmp_path):
    four = packed(tmp_path / "4.gz", '1.0.0.0,1.0.0.255,13335,"Cloud, Inc."\n')
    six = packed(tmp_path / "6.gz", "2001::,2001::ff,6939,Net\n")
    first, second = range_table(four, six, "asn").to_pylist()
    assert (first["family"], first["start4"], first["end4"], first["asn"]) == (4, 2**24, 2**24 + 255, 13335)
    assert (second["family"], second["start4"], second["asn"]) == (6, None, 6939)
    assert ip_address(second["start6"]) == ip_address("2001::")
    assert asn_names(four, six).to_pylist() == [
        {"asn": 6939, "organisation": "Net"},
        {"asn": 13335, "organisation": "Cloud, Inc."},
    ]


def test_a_range_that_reaches_into_the_next_is_cut(tmp_path):
    four = packed(tmp_path / "4.gz", "1.0.0.0,1.0.1.255,AU\n1.0.1.0,1.0.2.255,CN\n")
    six = packed(tmp_path / "6.gz", "")
    rows = range_table(four, six, "country").to_pylist()
    assert [(row["end4"] - row["start4"], row["country"]) for row in rows] == [(255, "AU"), (511, "CN")]


def test_codes_of_mobile_networks_stay_text(tmp_path):
    entry = {
        "mcc": "262",
        "mnc": "01",
        "brand": "B",
        "operator": "O",
        "countryName": "N",
        "countryCode": "DE-X",
    }
    (row,) = mcc_mnc_table(packed(tmp_path / "m.gz", json.dumps([entry]))).to_pylist()
    assert (row["mcc"], row["mnc"], row["country"], row["status"]) == ("262", "01", "DE", None)


def test_known_exploited_vulnerabilities(tmp_path):
    entry = dict.fromkeys(
        (
            "vendorProject",
            "product",
            "vulnerabilityName",
            "dateAdded",
            "dueDate",
            "knownRansomwareCampaignUse",
        ),
        "x",
    )
    text = json.dumps({"vulnerabilities": [entry | {"cveID": "CVE-2"}, entry | {"cveID": "CVE-1"}]})
    assert kev_table(packed(tmp_path / "k.gz", text))["cve"].to_pylist() == ["CVE-1", "CVE-2"]


def test_the_same_table_gives_the_same_bytes(tmp_path):
    table = pq.read_table(FOLDER / "kev.parquet")
    write(table, tmp_path / "a.parquet")
    write(table, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_missing_folder_is_refused(tmp_path):
    assert CliRunner().invoke(main, [str(tmp_path / "no"), str(tmp_path)]).exit_code == 2


@pytest.mark.parametrize("name", ["ip_asn", "ip_country"])
def test_committed_ranges_are_sorted_and_do_not_overlap(name):
    table = pq.read_table(FOLDER / f"{name}.parquet")
    for family, start, end in ((4, "start4", "end4"), (6, "start6", "end6")):
        rows = table.filter(pc.equal(table["family"], family))
        starts, ends = rows[start].combine_chunks(), rows[end].combine_chunks()
        assert pc.all(pc.less_equal(starts, ends)).as_py()
        assert pc.all(pc.less(ends.slice(0, len(ends) - 1), starts.slice(1))).as_py()


def test_committed_ranges_are_small():
    names = ("ip_asn", "ip_country", "asn")
    assert sum((FOLDER / f"{name}.parquet").stat().st_size for name in names) < LIMIT


def test_every_prefix_is_there_and_nearly_all_have_a_country():
    table = pq.read_table(FOLDER / "ieee.parquet")
    assert table.num_rows > 53_000
    assert table["prefix"].to_pylist() == sorted(table["prefix"].to_pylist())
    assert table["country"].null_count < 400
    assert set(table["bits"].to_pylist()) == {24, 28, 36}


def test_impacts_cover_every_kind_and_category():
    kinds = {row["kind"] for row in read_csv(ROOT, "vocabulary/kinds.csv")} | {""}
    rows = list(read_csv(ROOT, "vocabulary/impacts.csv"))
    assert len(rows) == len(kinds) * 8
    assert {row["kind"] for row in rows} == kinds
    assert all(0 <= float(row["impact"]) <= 1 and row["rationale"] and row["source"] for row in rows)
    said = {(row["kind"], row["category"]): float(row["impact"]) for row in rows}
    assert said["printer", "mapping"] == 0
    assert said["lidar", "mapping"] == said["router", "prepositioning"] == said["camera", "exfiltration"] == 1
    assert {impact for (kind, _), impact in said.items() if not kind} == {0.5}


def test_kinds_have_parents_that_exist_and_names_lead_to_kinds():
    rows = list(read_csv(ROOT, "vocabulary/kinds.csv"))
    kinds = {row["kind"] for row in rows}
    assert {row["parent"] for row in rows} <= kinds | {""}
    assert {row["kind"] for row in read_csv(ROOT, "vocabulary/kind_names.csv")} <= kinds
