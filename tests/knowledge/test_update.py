"""Originals come over HTTPS from a server on 127.0.0.1; whatever is wrong with them, the old knowledge stays in force."""

import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge import folder
from tests.knowledge.folder import put
from tests.knowledge.publishing import Answer, make_authority, serving

from beholden.knowledge.base import Knowledge, knowledge_root, update_folder
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.originals import READERS, load_originals, tables_of
from beholden.knowledge.publications import delegated_table, epss_table, ieee_csv_table, usb_ids_table
from beholden.knowledge.update import Publisher
from beholden.knowledge.updating import records, update

ORIGINALS = Path(os.environ.get("BEHOLDEN_ORIGINALS", folder.ROOT.parents[1] / "shared" / "knowledge"))
TODAY = "2026-11-24"
KEV_FILE = "kev.json"
HEAD = """
[originals.kev]
source = "kev-source"
title = "Exploited"
publisher = "An agency"
url = "https://agency.example/"
licence = "CC0-1.0"
grade = "official"
reader = "kev"
tables = ["kev"]
least = 2
files = [{name = "kev.json", url = "https://agency.example/kev.json", types = ["application/json"], limit_mib = 1}]

[originals.net]
source = "net-source"
title = "Ranges"
publisher = "A registry"
url = "https://registry.example/"
licence = "facts"
grade = "official"
reader = "delegated"
tables = ["ip_country"]
[[originals.net.files]]
name = "delegated"
url = "https://registry.example/delegated"
checksum = "https://registry.example/delegated.md5"
types = ["text/plain"]
limit_mib = 1
"""
RANGES = b"2|ripencc|1|2|x|y|+0\nripencc|DE|ipv4|192.0.2.0|256|20200101|allocated|x\n"


def kev(*cves):
    rows = [
        {"cveID": cve, "vendorProject": "Acme", "product": "p", "vulnerabilityName": "n", "dateAdded": "2026-01-01",
         "dueDate": "2026-01-02", "knownRansomwareCampaignUse": "Unknown"}
        for cve in cves
    ]  # fmt: skip
    return json.dumps({"vulnerabilities": rows}).encode()


FOUR = kev("CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0004")
FIVE = kev("CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0004", "CVE-2026-0005")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def cache(tmp_path, root, monkeypatch):
    """Give an empty cache; knowledge is the small folder, with originals."""
    put(root, "registries/originals.toml", HEAD)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "BEHOLDEN_PACKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    return tmp_path / "cache"


@pytest.fixture
def fetch(cache, root, authority):
    """Give a function that updates from a server with these answers: outcomes by name, and the lines told."""

    def run(answers, *names, day=TODAY):
        told = []
        with serving(authority.parent, answers) as (base, _):
            outcomes = update(root, cache, Publisher(base, authority), names or ("kev",), day, told.append)
        return {one.name: one.state for one in outcomes}, [str(problem) for problem in told]

    return run


def in_force():
    return pq.read_table(knowledge_root() / "registries" / "kev.parquet")["cve"].to_pylist()


def test_what_is_fetched_is_in_force_with_checksum_date_and_licence(fetch, root):
    before = Knowledge.open().knowledge_id
    headers = {"Last-Modified": "Mon, 05 Oct 2026 10:00:00 GMT"}
    outcomes, told = fetch({KEV_FILE: Answer(FOUR, headers=headers)})
    assert (outcomes, told) == ({"kev": "updated"}, [])
    assert len(in_force()) == 4
    record = records(update_folder())["kev"]
    assert record["files"][0]["sha256"] == hashlib.sha256(FOUR).hexdigest()
    assert (record["date"], record["fetched"], record["licence"]) == ("2026-10-05", TODAY, "CC0-1.0")
    assert Knowledge.open().knowledge_id != before
    assert not (root / "registries/kev.parquet").exists()


def test_the_same_originals_change_nothing(fetch):
    answers = {KEV_FILE: Answer(FOUR), "delegated": Answer(RANGES, "text/plain"),
               "delegated.md5": Answer(b"MD5 (x) = " + hashlib.md5(RANGES).hexdigest().encode(), None)}  # noqa: S324 # fmt: skip
    assert fetch(answers, "kev", "net")[0] == {"kev": "updated", "net": "updated"}
    state, knowledge_id = update_folder(), Knowledge.open().knowledge_id
    assert fetch(answers, "kev", "net", day="2026-12-24")[0] == {"kev": "unchanged", "net": "unchanged"}
    assert (update_folder(), Knowledge.open().knowledge_id) == (state, knowledge_id)


def bomb():
    return gzip.compress(b" " * (40 << 20))


def sparse():
    """Give an archive whose member says it is a terabyte of holes."""
    member = tarfile.TarInfo("xml/x.xml")
    member.size = 0
    member.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 40),
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as bundle:
        bundle.addfile(member)
    return gzip.compress(out.getvalue())


HOSTILE = {
    "cut": (Answer(FIVE[:200], stated=len(FIVE)), "kev.json is cut|cannot be fetched"),
    "cut in a chunk": (Answer(FIVE[:200], is_chunked=True), "kev.json cannot be fetched"),
    "corrupt": (Answer(FIVE[:200]), "cannot be read: JSONDecodeError"),
    "corrupt gzip": (Answer(gzip.compress(FIVE)[:-20]), "cannot be read: EOFError"),
    "not even text": (Answer(bytes(range(256)) * 9), "cannot be read"),
    "too large": (Answer(b" " * (1 << 20) + FIVE), "kev.json is larger than 1 MiB"),
    "of another type": (Answer(FIVE, "text/html"), "kev.json comes as text/html, not as application/json"),
    "of no type": (Answer(FIVE, None), "comes as no type"),
    "elsewhere in clear": (
        Answer(status=302, headers={"Location": "http://127.0.0.1:9/kev.json"}), "which is not HTTPS"),
    "in a circle": (Answer(status=302, headers={"Location": "/mirror/kev.json"}), "cannot be|is answered 302"),
    "on this disk": (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "not allowed"),
    "a bomb": (Answer(bomb()), "kev.json would unpack to more than 16 MiB"),
    "holes": (Answer(sparse()), "would unpack to more than|cannot be read"),
    "encoded": (Answer(FIVE, headers={"Content-Encoding": "br"}), "comes encoded"),
    "of other columns": (Answer(FIVE.replace(b"vendorProject", b"vendor")), "cannot be read: KeyError 'vendorProject'"),
    "a list": (Answer(b"[" * 100_000), "cannot be read: RecursionError"),
    "of too few rows": (Answer(kev("CVE-2026-0009")), "has 1 rows where at least 2 are wanted"),
    "missing": (Answer(status=404), "kev.json is answered 404"),
    "broken there": (Answer(status=500), "kev.json is answered 500"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", HOSTILE)
def test_what_is_wrong_is_told_in_one_line_and_the_old_stays(fetch, wrong):
    answer, said = HOSTILE[wrong]
    fetch({KEV_FILE: Answer(FOUR)})
    state = update_folder()
    outcomes, told = fetch({KEV_FILE: answer})
    assert outcomes == {"kev": "refused"}
    (line,) = told
    assert "\n" not in line
    assert line.startswith("kev: ")
    assert line.endswith("the old knowledge stays in force")
    assert any(one in line for one in said.split("|")), line
    assert update_folder() == state
    assert len(in_force()) == 4
    assert sorted(path.name for path in state.parent.iterdir()) == sorted([state.name, "current"])


def test_a_server_that_drips_is_given_up(fetch, monkeypatch):
    monkeypatch.setattr("beholden.knowledge.update._PATIENCE", 0.2)
    outcomes, (line,) = fetch({KEV_FILE: Answer(FIVE[:100], pause=0.02)})
    assert outcomes == {"kev": "refused"}
    assert "takes longer than" in line


def test_a_state_that_was_swept_away_leaves_what_was_shipped(fetch, root):
    fetch({KEV_FILE: Answer(FOUR)})
    shutil.rmtree(update_folder())
    assert knowledge_root() == root
    assert fetch({KEV_FILE: Answer(FOUR)})[0] == {"kev": "updated"}


def test_one_that_is_refused_holds_back_no_other(fetch):
    outcomes, told = fetch({KEV_FILE: Answer(FOUR), "delegated": Answer(RANGES, "text/plain")}, "kev", "net")
    assert outcomes == {"kev": "updated", "net": "refused"}
    assert len(told) == 1
    assert len(in_force()) == 4


@pytest.mark.parametrize(("sum_", "said"), [(b"0" * 32, "does not agree"), (b"none", "has no checksum")])
def test_a_checksum_that_does_not_agree_refuses_the_file(fetch, sum_, said):
    answers = {"delegated": Answer(RANGES, "text/plain"), "delegated.md5": Answer(sum_, "text/plain")}
    outcomes, (line,) = fetch(answers, "net")
    assert outcomes == {"net": "refused"}
    assert said in line


def test_a_redirect_within_https_is_followed(fetch):
    answers = {KEV_FILE: Answer(status=302, headers={"Location": "/other/five"}), "five": Answer(FIVE)}
    assert fetch(answers)[0] == {"kev": "updated"}
    assert len(in_force()) == 5


def test_what_does_not_hold_together_is_not_put_in_force(fetch, root):
    put(root, "sources/two.toml", '[sources.half]\ntitle = "no more"\n')
    with pytest.raises(KnowledgeError):
        Knowledge.open()
    outcomes, (line,) = fetch({KEV_FILE: Answer(FOUR)})
    assert outcomes == {"kev": "refused"}
    assert "does not hold together" in line
    assert update_folder() is None


def test_a_server_that_the_authority_does_not_vouch_for_is_not_heard(cache, root, authority, tmp_path):
    other = make_authority(tmp_path / "other")
    told = []
    with serving(authority.parent, {KEV_FILE: Answer(FOUR)}) as (base, asked):
        for ca in (other, None):
            (outcome,) = update(root, cache, Publisher(base, ca), ["kev"], TODAY, told.append)
            assert outcome.state == "refused"
    assert asked == []
    assert all("certificate verify failed" in str(problem) for problem in told)


def test_what_cannot_be_right_is_refused_before_anything_is_asked(cache, root, authority, tmp_path):
    with pytest.raises(KnowledgeError, match="HTTPS alone"):
        Publisher("http://127.0.0.1:1")
    with pytest.raises(KnowledgeError, match="no certificate authorities"):
        Publisher(authorities=put(tmp_path, "no.pem", "x") / "no.pem")
    with pytest.raises(KnowledgeError, match="no publisher nobody; there are kev, net"):
        update(root, cache, Publisher(authorities=authority), ["nobody"], TODAY, print)
    put(
        root,
        "registries/originals.toml",
        HEAD.replace("https://agency.example/kev", "http://agency.example/kev"),
    )
    with pytest.raises(KnowledgeError, match="is not HTTPS"):
        load_originals(root)


def test_what_is_shipped_later_counts_more_than_an_older_update(fetch, root):
    fetch({KEV_FILE: Answer(FOUR)}, day="2026-03-01")
    assert len(in_force()) == 4
    newer = '[sources.kev-source]\ntitle = "t"\npublisher = "p"\ndate = "2026-04-01"\nlicence = "x"\ngrade = "press"\n'
    put(root, "sources/newer.toml", newer)
    assert not (knowledge_root() / "registries/kev.parquet").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from beholden.knowledge import updating
def die(*words, **how):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "current":
    Path.replace = die
else:
    setattr(updating, sys.argv[1], die)
updating.update(Path(sys.argv[2]), Path(sys.argv[3]), updating.Publisher(sys.argv[4], Path(sys.argv[5])),
                ["kev"], "2026-11-24", print)
"""


@pytest.mark.parametrize("where", ["tables_of", "write", "compile_all", "_swap", "current"])
def test_what_is_killed_half_way_leaves_the_old(fetch, cache, root, authority, where):
    fetch({KEV_FILE: Answer(FOUR)})
    state = update_folder()
    with serving(authority.parent, {KEV_FILE: Answer(FIVE)}) as (base, _):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, where, root, cache, base, authority], check=False
        )
    assert done.returncode == -signal.SIGKILL
    assert update_folder() == state
    assert len(in_force()) == 4
    assert fetch({KEV_FILE: Answer(FIVE)})[0] == {"kev": "updated"}
    assert len(in_force()) == 5


@pytest.mark.usefixtures("cache")
def test_the_verb_lists_fetches_and_refuses(authority, beholden):
    words = ("knowledge", "update")
    assert {row["state"] for row in beholden.json(*words, "--list")} == {"not fetched"}
    with serving(authority.parent, {KEV_FILE: Answer(FOUR), "delegated": Answer(status=404)}) as (
        base,
        asked,
    ):
        how = ("--from", base, "--ca", authority)
        said = beholden.good(*words, "kev", *how)
        assert hashlib.sha256(FOUR).hexdigest() in said
        assert asked == ["/mirror/kev.json"]
        done = beholden.run(*words, *how)
    assert done.returncode == 1
    assert done.stderr == "net: delegated is answered 404 Not Found; the old knowledge stays in force\n"
    assert "unchanged" in done.stdout
    states = {row["publisher"]: row["state"] for row in beholden.json(*words, "--list")}
    assert states == {"kev": "fetched", "net": "not fetched"}
    assert beholden.run(*words, "kev", "--from", "http://127.0.0.1:9").returncode == 1


BYTES = st.binary(max_size=300) | st.text(max_size=200).map(str.encode)


@given(body=BYTES, reader=st.sampled_from(sorted(READERS)))
def test_any_bytes_give_tables_or_one_error(tmp_path_factory, body, reader):
    made = tmp_path_factory.mktemp("bytes")
    original = load_originals(folder.ROOT)
    (one,) = (entry for entry in original.values() if entry.reader == reader)
    paths = []
    for file in one.files:
        paths.append(made / file.name)
        paths[-1].write_bytes(body)
    with pytest.raises(KnowledgeError):
        tables_of(one, paths, folder.ROOT)


def test_ieee_as_published(tmp_path):
    text = (
        "Registry,Assignment,Organization Name,Organization Address\n"
        'MA-L,00AA00,"Maker, Inc.",Street 1 San Jose CA US 95134\n'
        "MA-L,00aa01,Second,High Tech Campus 1 Eindhoven NL 5656 AE\n"
        "MA-L,00AA00,Later,x DE 1\n"
    )
    put(tmp_path, "oui.csv", text)
    put(
        tmp_path,
        "mam.csv",
        "Registry,Assignment,Organization Name,Organization Address\nMA-M,00AA012,Private,\n",
    )
    rows = ieee_csv_table(
        [tmp_path / "oui.csv", tmp_path / "mam.csv"], frozenset({"US", "CA", "NL", "AE", "DE"})
    )
    found = [(row["prefix"], row["bits"], row["organisation"], row["country"]) for row in rows.to_pylist()]
    assert found == [
        ("00AA00", 24, "Maker, Inc.", "US"),
        ("00AA01", 24, "Second", "NL"),
        ("00AA012", 28, "Private", None),
    ]


def test_delegated_statistics_as_published(tmp_path):
    lines = [
        "2|ripencc|20261124|5|19830705|20261123|+0100",
        "ripencc|*|ipv4|*|3|summary",
        "# a remark",
        "ripencc|DE|ipv4|192.0.2.0|128|20200101|allocated|a",
        "ripencc|DE|ipv4|192.0.2.128|128|20200101|assigned|b",
        "ripencc|FR|ipv4|198.51.100.0|768|20200101|allocated|c",
        "ripencc||ipv4|203.0.113.0|256||available|",
        "ripencc|SE|ipv6|2001:db8::|33|20200101|allocated|d",
        "ripencc|SE|asn|64496|1|20200101|allocated|e",
    ]
    put(tmp_path, "d", "\n".join(lines))
    rows = delegated_table([tmp_path / "d"]).to_pylist()
    assert [(row["family"], row["country"]) for row in rows] == [(4, "DE"), (4, "FR"), (6, "SE")]
    assert [row["end4"] - row["start4"] for row in rows[:2]] == [255, 767]
    assert int.from_bytes(rows[2]["end6"]) - int.from_bytes(rows[2]["start6"]) == (1 << 95) - 1


def test_usb_ids_and_scores_as_published(tmp_path):
    put(
        tmp_path,
        "u",
        "# x\n12d1  A maker\n\t1506  A modem\n\t\t00  an interface\n\nC 00  a class\n\t01  of it\n",
    )
    rows = usb_ids_table(tmp_path / "u").to_pylist()
    assert [(row["vendor"], row["product"], row["product_name"]) for row in rows] == [
        ("12d1", "", ""),
        ("12d1", "1506", "A modem"),
    ]
    put(
        tmp_path,
        "e",
        "#model_version:v2025,score_date:2026-11-24\ncve,epss,percentile\nCVE-2026-1,0.5,0.75\n",
    )
    assert epss_table(tmp_path / "e").to_pylist() == [{"cve": "CVE-2026-1", "epss": 0.5, "percentile": 0.75}]


def as_ieee_publishes(path):
    """Write the registry of the package `oui-data` as IEEE's three CSV files."""
    codes = {
        row["name"].casefold(): row["country"]
        for row in read_csv(folder.ROOT, "vocabulary/country_names.csv")
    }
    out = {digits: io.StringIO() for digits in (6, 7, 9)}
    writers = {digits: csv.writer(stream) for digits, stream in out.items()}
    names = {6: "MA-L", 7: "MA-M", 9: "MA-S"}
    for writer in writers.values():
        writer.writerow(["Registry", "Assignment", "Organization Name", "Organization Address"])
    for prefix, text in json.loads(gzip.decompress(path.read_bytes())).items():
        organisation, *lines = text.split("\n")
        code = codes.get(lines[-1].casefold(), "") if lines else ""
        words = " ".join(lines[:-1] if code else lines).split()
        end = len(words)
        while end and any(one.isdigit() for one in words[end - 1]):
            end -= 1  # IEEE writes the country before the postcode
        address = " ".join([*words[:end], *([code] if code else []), *words[end:]])
        writers[len(prefix)].writerow([names[len(prefix)], prefix, organisation, address])
    return {digits: stream.getvalue().encode() for digits, stream in out.items()}


@pytest.mark.skipif(
    not ORIGINALS.is_dir(), reason="needs the originals; BEHOLDEN_ORIGINALS names their folder"
)
def test_the_originals_themselves_over_https(cache, authority, monkeypatch):
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(folder.ROOT))
    ieee = as_ieee_publishes(ORIGINALS / "ieee-oui.json.gz")
    served = {
        "oui.csv": (ieee[6], "text/csv"),
        "mam.csv": (ieee[7], "text/csv"),
        "oui36.csv": (ieee[9], "text/csv"),
        "known_exploited_vulnerabilities.json": ("cisa-kev.json.gz", "application/json"),
        "asn-ipv4.csv": ("ip-asn-v4.csv.gz", "text/plain"),
        "asn-ipv6.csv": ("ip-asn-v6.csv.gz", "text/plain"),
        "asn-country-ipv4.csv": ("ip-country-v4.csv.gz", "text/plain"),
        "asn-country-ipv6.csv": ("ip-country-v6.csv.gz", "text/plain"),
        "mcc-mnc-list.json": ("mcc-mnc.json.gz", "text/plain"),
        "recog.tar.gz": ("recog-xml.tar.gz", "application/gzip"),
    }
    answers = {
        name: Answer(body if isinstance(body, bytes) else (ORIGINALS / body).read_bytes(), kind)
        for name, (body, kind) in served.items()
    }
    names = [
        name
        for name, one in load_originals(folder.ROOT).items()
        if {f.name for f in one.files} <= set(served)
    ]
    assert set(names) == {"ieee", "ip-location-db", "asn", "mcc-mnc", "kev", "recog"}
    told = []
    with serving(authority.parent, answers) as (base, _):
        outcomes = update(folder.ROOT, cache, Publisher(base, authority), names, TODAY, told.append)
    assert told == []
    assert {one.state for one in outcomes} == {"updated"}
    composed = knowledge_root() / "registries"
    for name in ("ip_asn", "asn", "ip_country", "mcc_mnc", "kev", "recog"):
        assert pq.read_table(composed / f"{name}.parquet").equals(
            pq.read_table(folder.ROOT / "registries" / f"{name}.parquet")
        ), name
    new, old = (pq.read_table(base / "ieee.parquet") for base in (composed, folder.ROOT / "registries"))
    assert new["prefix"].equals(old["prefix"])
    pairs = list(zip(new["country"].to_pylist(), old["country"].to_pylist(), strict=True))
    assert sum(one == two for one, two in pairs) / len(pairs) > 0.995
