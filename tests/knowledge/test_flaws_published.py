"""Records of flaws as publishers offer them: fetched over HTTPS from a server on 127.0.0.1, read in bounded memory."""

import gzip
import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import put
from tests.knowledge.publishing import Answer, make_authority, serving

from beholden.knowledge import flaws_published
from beholden.knowledge.base import Knowledge, knowledge_root
from beholden.knowledge.flaws import tables_of_documents
from beholden.knowledge.flaws_published import cve_list, nvd
from beholden.knowledge.update import Publisher
from beholden.knowledge.updating import update

ORIGINAL = """
[originals.{name}]
source = "{source}"
title = "Flaws"
publisher = "A publisher"
url = "https://publisher.example/"
licence = "facts"
grade = "official"
reader = "{reader}"
tables = [{tables}]
files = [{{name = "{file}", url = "https://publisher.example/{file}", types = ["application/json"], limit_mib = 1}}]
"""
AFFECTED = {"vendor": "Acme", "product": "AC-100", "defaultStatus": "unaffected",
            "versions": [{"status": "affected", "version": "0", "lessThan": "2", "versionType": "custom"}]}  # fmt: skip
SSVC = {"other": {"type": "ssvc", "content": {"options": [
    {"Exploitation": "PoC"}, {"Automatable": "Yes"}, {"Technical Impact": "Total"}]}}}  # fmt: skip
SCORES = {"cvssV3_1": {"baseScore": 7.5}}, {"cvssV4_0": {"baseScore": 8.7}}
WEAK = [{"descriptions": [{"cweId": "CWE-78", "lang": "en"}]}]


def record(cve, state="PUBLISHED", metrics=(*SCORES, SSVC), **more):
    cna = {"affected": [AFFECTED], "problemTypes": WEAK, **more}
    about = {"cveId": cve, "state": state, "datePublished": "2026-01-02T00:00:00.000Z"}
    return {"cveMetadata": about, "containers": {"cna": cna, "adp": [{"metrics": list(metrics)}]}}


def archive(*records):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("cvelistV5-main/README.md", "x")
        bundle.writestr("cvelistV5-main/cves/delta.json", "{}")
        for one in records:
            cve = one["cveMetadata"]["cveId"]
            bundle.writestr(f"cvelistV5-main/cves/2026/0xxx/{cve}.json", json.dumps(one))
    return out.getvalue()


def match(product, **bounds):
    return {"vulnerable": True, "criteria": f"cpe:2.3:o:acme:{product}:*:*:*:*:*:*:*", **bounds}


def feed(*records):
    return json.dumps(
        {"format": "NVD_CVE", "vulnerabilities": [{"cve": one} for one in records]}, indent=1
    ).encode()


NVD = {
    "id": "CVE-2026-0001",
    "published": "2026-01-02T00:00:00.000",
    "vulnStatus": "Analyzed",
    "metrics": {"cvssMetricV31": [{"cvssData": {"baseScore": 9.8}}]},
    "weaknesses": [{"description": [{"value": "CWE-78"}, {"value": "NVD-CWE-noinfo"}]}],
    "configurations": [
        {"nodes": [{"cpeMatch": [
            match("ac-100_firmware:*", versionStartIncluding="1.0", versionEndExcluding="1.4"),
            match("ac-200_firmware:2.1"),
            match("ac-300_firmware:*", versionStartExcluding="1.0", versionEndIncluding="1.4"),
            match("ac-400_firmware:-"),
            match("ac-100:-") | {"vulnerable": False},
        ]}]}
    ],
}  # fmt: skip


def ranges(tables):
    return {
        row["product"]: (row["low"], row["high"], row["is_high_in"], row["is_known"])
        for row in tables["flaw_ranges"].to_pylist()
    }


def test_a_record_is_told_with_what_others_add_to_it(tmp_path):
    path = tmp_path / "list.zip"
    path.write_bytes(archive(record("CVE-2026-0001"), record("CVE-2026-0002", state="REJECTED")))
    tables = tables_of_documents(cve_list(path))
    (flaw,) = tables["flaws"].to_pylist()
    assert flaw.pop("cvss") == pytest.approx(8.7)
    assert flaw == {"cve": "CVE-2026-0001", "published": "2026-01-02", "exploitation": "poc", "is_automatable": True,
                    "is_total": True, "cwe": "CWE-78"}  # fmt: skip
    assert ranges(tables) == {"AC-100": (None, "2", False, True)}


def told(*products):
    return tables_of_documents([{"cve": "CVE-2026-0009", "affected": list(products)}])[
        "flaw_ranges"
    ].to_pylist()


def test_all_versions_beside_some_of_the_same_product_are_no_answer():
    every, one = {"status": "affected", "version": "*"}, {"status": "affected", "version": "14.0"}
    fixed = {"status": "unaffected", "version": "15.0"}
    named = {"vendor": "Acme", "product": "OS"}
    for more in (one, fixed):
        rows = told(named | {"versions": [every]}, {"vendor": "acme", "product": "os", "versions": [more]})
        assert [row["is_known"] for row in rows if row["product"] == "OS"] == [False]
    assert [row["is_known"] for row in told(named | {"versions": [every]})] == [True]
    other = {"vendor": "acme", "product": "box", "versions": [one]}
    assert all(row["is_known"] for row in told(named | {"versions": [every]}, other))


def test_of_several_cpe_names_the_product_s_own_is_told():
    names = [f"cpe:2.3:o:acme:box_{number}_firmware:*:*:*:*:*:*:*:*" for number in (100, 700)]
    versions = [{"status": "affected", "version": "0", "lessThan": "2"}]
    entry = {"vendor": "Acme", "cpes": names, "versions": versions}
    assert told(entry | {"product": "Box 700 firmware"})[0]["cpe"] == names[1]
    assert told(entry | {"product": "Something else"})[0]["cpe"] == names[0]


def test_nvd_s_matches_are_ranges(tmp_path):
    (tmp_path / "feed.json").write_bytes(feed(NVD, NVD | {"id": "CVE-2026-0009", "vulnStatus": "Rejected"}))
    tables = tables_of_documents(nvd([tmp_path / "feed.json"]))
    assert tables["flaws"]["cve"].to_pylist() == ["CVE-2026-0001"]
    assert ranges(tables) == {
        "ac-100_firmware": ("1.0", "1.4", False, True),
        "ac-200_firmware": ("2.1", "2.1", True, True),
        "ac-300_firmware": (None, None, True, False),  # a bound that is left out cannot be said
        "ac-400_firmware": (None, None, True, True),
    }


@given(st.lists(st.text(max_size=40), max_size=12), st.integers(1, 60))
def test_a_feed_is_read_in_pieces_of_any_size(tmp_path_factory, texts, size):
    path = tmp_path_factory.mktemp("feed") / "feed.json"
    told = [{"id": f"CVE-{number}", "text": text} for number, text in enumerate(texts)]
    path.write_bytes(feed(*told))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flaws_published, "_PIECE", size)
        assert [one["cve"] for one in flaws_published._items(path)] == told


@pytest.mark.parametrize("data", [b"", b"{}", b'{"vulnerabilities": [{"cve": ', b'{"vulnerabilities": [}'])
def test_a_cut_feed_is_an_error(tmp_path, data):
    (tmp_path / "feed.json").write_bytes(data)
    with pytest.raises(ValueError):  # noqa: PT011 - of JSON or ours
        list(nvd([tmp_path / "feed.json"]))


def test_a_record_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(flaws_published, "MOST_BYTES", 100)
    path = tmp_path / "list.zip"
    path.write_bytes(archive(record("CVE-2026-0001")))
    with pytest.raises(ValueError, match="bytes"):
        list(cve_list(path))
    (tmp_path / "feed.json").write_bytes(b'{"vulnerabilities": [{"a": "' + b"x" * (3 << 20))
    with pytest.raises(ValueError):  # noqa: PT011 - of JSON
        list(nvd([tmp_path / "feed.json"]))


SOURCES = {"flaws": "cve-program", "support_cycles": "endoflife-date"}
CASES = {
    "cve_list": ("cvelistV5.zip", archive(record("CVE-2026-0001")), "flaws"),
    "nvd": ("nvdcve.json.gz", gzip.compress(feed(NVD)), "flaws"),
    "support": (
        "endoflife.json",
        json.dumps(
            {"result": [{"name": "x", "releases": [{"name": "1", "eolFrom": "2020-01-01"}]}]}
        ).encode(),
        "support_cycles",
    ),
}


@pytest.mark.parametrize("reader", CASES)
def test_what_is_fetched_is_in_force(tmp_path, root, monkeypatch, reader):
    file, body, table = CASES[reader]
    tables = '"flaws", "flaw_ranges"' if table == "flaws" else f'"{table}"'
    put(
        root,
        "registries/originals.toml",
        ORIGINAL.format(name="one", reader=reader, file=file, tables=tables, source=SOURCES[table]),
    )
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "BEHOLDEN_PACKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    authority = make_authority(tmp_path / "ca")
    told = []
    with serving(authority.parent, {file: Answer(body)}) as (base, _):
        publisher = Publisher(base, authority)
        outcomes = update(
            root, tmp_path / "cache", publisher, ["one"], "2026-11-24", lambda one: told.append(str(one))
        )
    assert ([one.state for one in outcomes], told) == (["updated"], [])
    assert pq.read_table(knowledge_root() / "registries" / f"{table}.parquet").num_rows == 1
    if table == "flaws":
        assert Knowledge.open().table("flaws")["cve"].to_pylist() == ["CVE-2026-0001"]
