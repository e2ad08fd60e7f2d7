"""Until when what is supported: by the longest cycle that a version begins with, and by the day of a build."""

import json
import shutil
from datetime import date

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ROOT

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import compile_all
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.originals import READERS
from beholden.knowledge.support import Supports, built_on, support_table

CYCLE = ("product", "cycle", "released", "support_end", "eol")
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def supports():
    return Supports(Knowledge.open(ROOT).rows("support"), frozenset({"router", "firmware"}))


@pytest.mark.parametrize(
    ("name", "firmware", "cycle"),
    [
        ("Android 9", "", "9"),
        ("android 8.1.0", "", "8.1"),
        ("Android", "9.0.1", None),  # the firmware of a device is not its system's version
        ("RouterOS", "6.49.10", "6.49"),
        ("RouterOS v7.20.1", "", "7.20"),
        ("RouterOS 7.2", "7.20.1", "7.2"),
        ("OpenWrt", "v19.07.3", "19.07"),
        ("OpenWrt 19.0", "", None),
        ("Linux 4.14", "", "4.14"),
        ("Linux 4.1", "", None),  # no cycle, and not the beginning of 4.14
        ("Linux 4.14.98", "", "4.14"),
        ("Linux", "", None),
        ("Linuxen 4.14", "", None),
        ("Windows Embedded Compact 7", "", "Compact 7"),
        ("Windows XP", "", "XP"),
        ("Windows Server 2012", "", "2012"),
        ("Windows 10", "", None),  # its editions end on other days
        ("iOS", "", None),
        ("Windows CE 6.0", "", "6"),
        ("Windows CE 5.0", "", None),
        ("VxWorks 5.5", "", None),
    ],
)
def test_a_system_is_found_by_its_version(supports, name, firmware, cycle):
    found = supports.system(name, firmware)
    assert (found.row["cycle"] if found else None) == cycle


def test_a_model_is_its_company_s(supports):
    assert supports.model("d-link", "D-Link", "D-Link DIR-645 router").row["eol"] == "2022-02-10"
    assert supports.model("d-link", "D-Link", "DIR-645L") is None
    assert supports.model("netgear", "NETGEAR", "DIR-645") is None


@pytest.mark.parametrize(
    ("version", "built"),
    [
        ("V5.5.82 build 190909", date(2019, 9, 9)),
        ("1.0.4 Build 20200827 rel.41106", date(2020, 8, 27)),
        ("2021-03-01", date(2021, 3, 1)),
        ("20231305", None),
        ("build 20271124", None),  # after today
        ("build 991301", None),
        ("1.4.1", None),
        ("120200827", None),
        ("build 20991231 of 2020.01.02", date(2020, 1, 2)),
    ],
)
def test_a_build_names_its_day(version, built):
    assert built_on(version, TODAY) == built


@given(st.text(max_size=60))
def test_any_text_names_a_day_up_to_today_or_none(text):
    built = built_on(text, TODAY)
    assert built is None or date(2000, 1, 1) <= built <= TODAY


def test_facts_are_many_and_hold_together():
    rows = [*read_csv(ROOT, "parts/support.csv")]
    assert len(rows) >= 150
    for row in rows:
        ends = [row[name] for name in ("released", "eol") if row[name]]
        assert ends == sorted(ends), row.place
        assert row["source"]
        assert row["url"].startswith("https://")


def published(*releases):
    return json.dumps(
        {"schema_version": "1.2.1", "result": [{"name": "openwrt", "releases": list(releases)}]}
    )


def test_the_publisher_s_cycles_are_read(tmp_path):
    path = tmp_path / "full.json"
    one = {"name": "24.10", "releaseDate": "2025-02-04", "eoasFrom": "2026-03-05", "eolFrom": "2026-09-05"}
    path.write_text(published(one, {"name": "25.12", "releaseDate": "2026-03-05", "eolFrom": None}), "utf-8")
    assert READERS["support"]([path], tmp_path)["support_cycles"].to_pylist() == [
        dict(zip(CYCLE, row, strict=True))
        for row in (
            ("openwrt", "24.10", "2025-02-04", "2026-03-05", "2026-09-05"),
            ("openwrt", "25.12", "2026-03-05", "", ""),
        )
    ]
    path.write_text(published(one | {"eolFrom": "soon"}), "utf-8")
    with pytest.raises(ValueError, match="date"):
        support_table(path)


def test_what_the_publisher_says_now_overrules_and_adds(tmp_path):
    root = tmp_path / "knowledge"
    shutil.copytree(ROOT, root)
    path = tmp_path / "full.json"
    path.write_text(
        published({"name": "24.10", "eolFrom": "2027-01-01"}, {"name": "30.01", "eolFrom": None}), "utf-8"
    )
    pq.write_table(support_table(path), root / "registries" / "support_cycles.parquet")
    rows = {
        row["cycle"]: row["eol"]
        for row in compile_all(root)["support"].to_pylist()
        if row["name"] == "OpenWrt"
    }
    assert (rows["24.10"], rows["30.01"], rows["19.07"]) == ("2027-01-01", None, "2022-04-30")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("X,nobody-at-all,,,,2020-01-01,,cisa-kev,,2020", "no company"),
        ("X,,1,soon,,,,cisa-kev,,2020", "date"),
    ],
)
def test_what_cannot_be_taken_is_told(tmp_path, line, said):
    root = tmp_path / "knowledge"
    shutil.copytree(ROOT, root)
    with (root / "parts" / "support.csv").open("a", encoding="utf-8") as out:
        out.write(line + "\n")
    with pytest.raises(KnowledgeError, match=said):
        compile_all(root)
