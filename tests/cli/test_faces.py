"""Every verb in words and as JSON; the JSON face is the one that is documented."""

import json
import re

import pytest

from beholden.model.risks import CATEGORIES

TEXT, NUMBER, YES = str, (int, float), bool


def maybe(kind):
    return ("maybe", kind)


COMPANY = {"name": TEXT, "company": maybe(TEXT), "jurisdiction": maybe(TEXT), "confidence": NUMBER}
CLOUD = {
    "operator": maybe(TEXT), "company": maybe(TEXT), "jurisdiction": maybe(TEXT), "address_country": maybe(TEXT),
    "address_owners": [TEXT], "services": [TEXT], "domains": [TEXT], "bytes_up": int, "bytes_down": int,
}  # fmt: skip
FLAW = {
    "cve": TEXT, "product": TEXT, "component": maybe(TEXT), "version": maybe(TEXT), "affected": maybe(TEXT),
    "status": TEXT, "is_affected": YES, "justification": maybe(TEXT), "stated_by": maybe(TEXT), "is_exploited": YES,
    "cvss": maybe(NUMBER), "epss": maybe(NUMBER), "due_if_exposed": maybe(TEXT), "due_if_internal": maybe(TEXT),
}  # fmt: skip
LISTING = {
    "list": TEXT, "title": TEXT, "entity": TEXT, "since": maybe(TEXT), "condition": maybe(TEXT), "role": TEXT,
    "in_force_for_profile": YES,
}  # fmt: skip
RISK = {
    "likelihood": NUMBER, "risk": NUMBER, "lower": NUMBER, "upper": NUMBER, "impact": NUMBER, "coverage": NUMBER,
    "conflict": YES, "context": YES, "next_best_evidence": maybe(TEXT), "findings": [TEXT],
}  # fmt: skip
DEVICE = {
    "device": TEXT, "macs": [TEXT], "ips": [TEXT], "hostnames": [TEXT], "serials": [TEXT], "imeis": [TEXT],
    "site": maybe(TEXT), "country": maybe(TEXT), "business_unit": maybe(TEXT), "function": maybe(TEXT),
    "criticality": maybe(NUMBER), "is_router": YES, "is_randomised": YES, "kind": maybe(TEXT),
    "model": maybe(TEXT), "os": maybe(TEXT), "firmware": maybe(TEXT), "platform": maybe(TEXT),
    "brand": maybe(COMPANY), "maker": maybe(COMPANY), "owner": maybe(COMPANY), "module": maybe(COMPANY),
    "chip": maybe(COMPANY), "clouds": [CLOUD], "listings": [LISTING], "flaws": [FLAW], "index": NUMBER,
    "lower": NUMBER, "upper": NUMBER, "coverage": NUMBER, "risks": dict.fromkeys(CATEGORIES, RISK),
}  # fmt: skip


def assert_shape(value, shape, where="$"):
    """Compare a JSON value with a shape: same keys, right kinds, null only where it may be."""
    if isinstance(shape, tuple) and shape[0] == "maybe":
        if value is not None:
            assert_shape(value, shape[1], where)
    elif isinstance(shape, dict):
        assert isinstance(value, dict), where
        assert set(value) == set(shape), where
        for name, inner in shape.items():
            assert_shape(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for place, one in enumerate(value):
            assert_shape(one, shape[0], f"{where}[{place}]")
    else:
        assert isinstance(value, shape), f"{where}: {value!r}"
        assert shape is YES or not isinstance(value, bool), where


@pytest.fixture(scope="module")
def devices(beholden, clinic_store):
    return beholden.json("show", "devices", "--store", clinic_store)


def test_devices_have_the_documented_shape(devices):
    assert_shape(devices, [DEVICE])
    assert len(devices) >= 19


def test_devices_numbers_hold_together(devices):
    for one in devices:
        assert 0 <= one["lower"] <= one["index"] <= one["upper"] <= 100
        for risk in one["risks"].values():
            assert 0 <= risk["lower"] <= risk["risk"] <= risk["upper"] <= 1
        assert one["index"] == pytest.approx(100 * max(r["risk"] for r in one["risks"].values()), abs=0.01)
    assert [one["index"] for one in devices] == sorted((one["index"] for one in devices), reverse=True)


def test_jurisdictions_are_two_letters(devices):
    for one in devices:
        held = [one[role] for role in ("brand", "maker", "owner", "module", "chip")] + one["clouds"]
        for part in held:
            if part and part["jurisdiction"] is not None:
                assert re.fullmatch("[A-Z]{2}", part["jurisdiction"])


@pytest.mark.parametrize("what", ["devices", "makers", "flows", "findings", "scans"])
def test_show_in_words_fits_80_columns(beholden, clinic_store, what):
    said = beholden.good("show", what, "--store", clinic_store).splitlines()
    assert len(said) >= 2
    assert max(map(len, said)) <= 80


@pytest.mark.parametrize("what", ["devices", "makers", "flows", "findings", "scans"])
def test_show_json_is_an_array_of_rows(beholden, clinic_store, what):
    rows = beholden.json("show", what, "--store", clinic_store)
    assert rows
    assert all(isinstance(row, dict) for row in rows)
    assert len({tuple(sorted(row)) for row in rows}) == 1, "rows of one listing have the same keys"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("kind=camera", lambda row: row["kind"] == "camera"),
        ("maker.jurisdiction=CN", lambda row: row["maker"] and row["maker"]["jurisdiction"] == "CN"),
        ("maker.jurisdiction!=CN", lambda row: not row["maker"] or row["maker"]["jurisdiction"] != "CN"),
        ("brand=null", lambda row: row["brand"] is None),
        ("index>20", lambda row: row["index"] > 20),
        ("index<=20", lambda row: row["index"] <= 20),
        ("clouds.jurisdiction=CN", lambda row: any(c["jurisdiction"] == "CN" for c in row["clouds"])),
        ("hostnames~hub", lambda row: any("hub" in name.lower() for name in row["hostnames"])),
        ("risks.exfiltration.coverage>0.5", lambda row: row["risks"]["exfiltration"]["coverage"] > 0.5),
    ],
)
def test_where(beholden, clinic_store, devices, condition, holds):
    kept = beholden.json("show", "devices", "--where", condition, "--store", clinic_store)
    assert kept == [row for row in devices if holds(row)]
    assert 0 < len(kept) < len(devices)


def test_where_twice_is_and(beholden, clinic_store, devices):
    words = ("--where", "is_router=true", "--where", "macs~00:1e:42")
    kept = beholden.json("show", "devices", *words, "--store", clinic_store)
    assert kept == [one for one in devices if one["macs"] == ["00:1e:42:33:10:40"]]
    assert len(kept) == 1


@pytest.mark.parametrize("condition", ["kind", "index>many", "=x"])
def test_where_that_is_none(beholden, clinic_store, condition):
    done = beholden.run("show", "devices", "--where", condition, "--store", clinic_store)
    assert done.returncode == 1
    assert done.stderr.startswith("beholden: --where")


def test_scan_json_and_summary(beholden, clinic, tmp_path):
    words = ("scan", clinic / "tiny.pcap", "--store", tmp_path, "--no-report")
    digest = beholden.json(*words)
    assert digest["is_new"] is True
    assert digest["n_devices"] == 2
    assert digest["report"] is None
    assert list(digest["risks"]) == list(CATEGORIES)
    said = beholden.good(*words).splitlines()
    assert "nothing new" in said[0]
    assert len(said) <= 24
    assert max(map(len, said)) <= 80


def test_summary_of_the_clinic_fits_80_by_24(beholden, clinic, tmp_path):
    done = beholden.run("scan", clinic / "clinic.pcapng", clinic / "inventory.csv", "--store", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    report = lines.pop()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    for category in CATEGORIES:
        assert any(line.startswith(category) for line in lines)
    path = report.removeprefix("report ")
    assert report != path
    text = (tmp_path / path).read_text("utf-8")
    assert text.lstrip().lower().startswith("<!doctype html>")


def test_report_is_one_file_without_outside_parts(beholden, clinic_store, tmp_path):
    target = tmp_path / "report.html"
    beholden.good("report", "--store", clinic_store, "--out", target)
    text = target.read_text("utf-8")
    assert "<svg" in text
    assert not re.search(r"""<(script|link|img|iframe)[^>]*\b(src|href)=["']?(https?:)?//""", text)


def test_explain_computes_again_what_it_prints(beholden, clinic_store):
    proof = beholden.json("explain", "c0:56:e3:7b:10:11", "--store", clinic_store)
    assert [risk["agrees"] for risk in proof["risks"]] == [True] * len(CATEGORIES)
    assert {risk["category"] for risk in proof["risks"]} == set(CATEGORIES)
    finding = next(
        f for r in proof["risks"] for p in r["propositions"] for f in p["findings"] if f["evidence"]
    )
    place = finding["evidence"][0]
    assert re.fullmatch("[0-9a-f]{64}", place["sha256"])
    assert place["file"].endswith(("clinic.pcapng", "inventory.csv"))
    facts = [fact for row in proof["provenance"] for fact in row["facts"]]
    assert facts
    for fact in facts:
        assert fact["text"]
        assert fact["publisher"]
        assert re.match(r"\d{4}", fact["date"])


def test_explain_every_device_agrees(beholden, clinic_store, devices):
    for one in devices[::4]:
        proof = beholden.json("explain", one["device"], "--store", clinic_store)
        assert all(risk["agrees"] for risk in proof["risks"])
        assert proof["index"] == one["index"]


def test_explain_in_words_and_of_one_risk(beholden, clinic_store):
    said = beholden.good("explain", "192.168.10.11", "--risk", "exfiltration", "--store", clinic_store)
    assert "exfiltration: risk" in said
    assert "coercion: risk" not in said
    assert "agrees with the stored score" in said


def test_explain_what_is_not_there_or_not_one(beholden, clinic_store):
    missing = beholden.run("explain", "02:00:00:00:00:01", "--store", clinic_store)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no device" in missing.stderr


def test_judge_in_words_and_json(beholden, tmp_path):
    words = ("judge", "split", "serial:X-100", "--reason", "two boxes", "--author", "a", "--store", tmp_path)
    made = beholden.json(*words)
    assert made["action"] == "split"
    listed = beholden.json("judge", "list", "--store", tmp_path)
    assert [row["judgement_id"] for row in listed] == [made["judgement_id"]]
    assert listed[0]["reason"] == "two boxes"
    again = beholden.run(*words)
    assert made["judgement_id"] in again.stderr
    assert len(beholden.json("judge", "list", "--store", tmp_path)) == 1


def test_knowledge_show(beholden):
    counts = beholden.json("knowledge", "show")
    assert counts["tables"]["companies"] >= 150
    assert sum(counts["facts by publisher"].values()) == counts["tables"]["facts"]
    assert counts["knowledge_id"] in beholden.good("knowledge", "show")


def test_knowledge_check(beholden):
    assert beholden.json("knowledge", "check")["ok"] is True


def test_knowledge_lookup(beholden):
    found = beholden.json("knowledge", "lookup", "5c:cf:7f:07:ae:fb")
    assert found["is"] == "mac"
    assert found["chain"][0]["jurisdiction"] == "CN"
    assert found["facts"]
    said = beholden.good("knowledge", "lookup", "8.8.8.8")
    assert "address_owner" in said


@pytest.mark.parametrize("value", ["no such company at all", "02:00:5e:00:53:01", "name.invalid"])
def test_knowledge_lookup_of_the_unknown_stays_unknown(beholden, value):
    found = beholden.json("knowledge", "lookup", value)
    assert (found["company"], found["chain"], found["listings"]) == (None, [], [])


def test_evidence_names_readers_and_protocols(beholden):
    document = beholden.json("evidence")
    said = beholden.good("evidence")
    for row in [*document["readers"], *document["protocols"]]:
        assert row["name"] in said


def test_doctor(beholden, tmp_path):
    rows = beholden.json("doctor", "--store", tmp_path)
    assert rows["packet kernels"] == "compiled"
    assert "packet kernels" in beholden.good("doctor", "--store", tmp_path)


def test_talk_goes_to_standard_error(beholden, clinic, tmp_path):
    (tmp_path / "notes.txt").write_text("a text that is no table\n")
    store = tmp_path / "s"
    done = beholden.run("scan", clinic / "tiny.pcap", tmp_path / "notes.txt", "--store", store, "--json",
                        "--no-report")  # fmt: skip
    assert json.loads(done.stdout)["n_problems"] == 1
    assert "notes.txt" in done.stderr
