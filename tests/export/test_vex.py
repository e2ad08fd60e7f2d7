"""Answers on flaws: what is said of which product, that published schemas take it, and that it reads back the same."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.export import csaf, cyclonedx, openvex
from beholden.export.vex import Author, Product, answers
from beholden.ingest.formats import reader_of, recognise
from beholden.ingest.read import Options
from beholden.knowledge.vex import product, said

WHEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
AUTHOR = Author("A user", "urn:example")
FORMS = {"csaf": csaf.document, "cyclonedx": cyclonedx.document, "openvex": openvex.document}
CAM = {
    "device": "d1",
    "brand": {"name": "Acme"},
    "maker": None,
    "model": "AC-100",
    "os": None,
    "firmware": "1.4.1",
}
BLANK = {"device": "d2", "brand": None, "maker": None, "model": None, "os": None, "firmware": None}
OPENVEX = {
    "required": ["@context", "@id", "author", "timestamp", "version", "statements"],
    "properties": {
        "@id": {"format": "iri"},
        "statements": {
            "minItems": 1,
            "items": {
                "required": ["vulnerability", "status"],
                "allOf": [
                    {"if": {"properties": {"status": {"const": "not_affected"}}},
                     "then": {"anyOf": [{"required": ["justification"]}, {"required": ["impact_statement"]}]}},
                    {"if": {"properties": {"status": {"const": "affected"}}}, "then": {"required": ["action_statement"]}},
                ],
                "properties": {
                    "status": {"enum": ["not_affected", "affected", "fixed", "under_investigation"]},
                    "justification": {"enum": [
                        "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
                        "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
                    ]},
                },
            },
        },
    },
}  # fmt: skip
"""What OpenVEX 0.2.0 demands (https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md)."""


def flaw(cve, status, name="AC-100", version="1.4.1", device="d1", **more):
    empty = dict.fromkeys(
        ("component", "justification", "cpe", "affected", "stated_by", "stated_at", "due_if_exposed")
    )
    return {
        **empty,
        "device_id": device,
        "cve": cve,
        "status": status,
        "name": name,
        "version": version,
        **more,
    }


ROWS = [
    flaw("CVE-2026-0001", "affected", affected="before 1.4.2", due_if_exposed="14 days",
         cpe="cpe:2.3:o:acme:ac-100_firmware:*:*:*:*:*:*:*:*"),
    flaw("CVE-2026-0001", "possible", name="CamOS", version=None),
    flaw("CVE-2026-0002", "possible"),
    flaw("CVE-2026-0003", "not_affected", justification="code_not_reachable", stated_by="Acme", stated_at=WHEN),
    flaw("CVE-2026-0003", "not_affected", justification="requires_environment", stated_by="Acme",
         component="busybox@1.35", name="busybox", version="1.35"),
    flaw("CVE-2026-0004", "fixed", stated_by="Acme"),
    flaw("ACME-9", "under_investigation", device="d2", name="busybox", version="", component="busybox@", stated_at=WHEN),
]  # fmt: skip
ANSWERS = answers("s1", WHEN, AUTHOR, [CAM, BLANK], ROWS)


def test_it_affects_only_where_the_version_is_known_to_have_it():
    told = {(row.product, row.flaw): row.status for row in ANSWERS.rows}
    cam = Product("Acme", "AC-100", "1.4.1")
    assert told == {
        (cam, "CVE-2026-0001"): "affected",
        (Product("Acme", "CamOS", ""), "CVE-2026-0001"): "under_investigation",
        (cam, "CVE-2026-0002"): "under_investigation",
        (cam, "CVE-2026-0003"): "not_affected",
        (cam._replace(part="busybox@1.35"), "CVE-2026-0003"): "not_affected",
        (cam, "CVE-2026-0004"): "fixed",
        (Product("", "device d2", "", "busybox@"), "ACME-9"): "under_investigation",
    }


def test_devices_of_one_product_are_answered_once():
    twice = answers(
        "s1", WHEN, AUTHOR, [CAM, CAM | {"device": "d3"}], [ROWS[0], ROWS[0] | {"device_id": "d3"}]
    )
    assert len(twice.rows) == 1


def schema_of(form):
    """Give the published schema of a form with what it refers to, from packages that carry it."""
    if form == "openvex":
        return OPENVEX, {}
    package = pytest.importorskip("csaf_vex" if form == "csaf" else "cyclonedx", reason="carries the schema")
    folder = Path(package.__file__).parent / ("verification/schemas" if form == "csaf" else "schema/_res")
    files = {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    main = files["csaf_2_0.json" if form == "csaf" else "bom-1.6.SNAPSHOT.schema.json"]
    return main, {one["$id"]: one for one in files.values() if "$id" in one}


@pytest.mark.parametrize("form", FORMS)
def test_published_schemas_take_it(form):
    jsonschema = pytest.importorskip("jsonschema", reason="checks schemas")
    referencing = pytest.importorskip("referencing", reason="finds what schemas refer to")
    schema, others = schema_of(form)
    resources = [(name, referencing.Resource.from_contents(one)) for name, one in others.items()]
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    checker = kind(schema, registry=referencing.Registry().with_resources(resources))
    document = json.loads(json.dumps(FORMS[form](ANSWERS)))
    assert [one.message for one in checker.iter_errors(document)] == []
    broken = {
        name: value for name, value in document.items() if name not in ("document", "bomFormat", "author")
    }
    assert list(checker.iter_errors(broken))


def read_back(tmp_path, form):
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(FORMS[form](ANSWERS)), "utf-8")
    kind, _ = recognise(path.read_bytes(), path)
    assert kind == form
    rows = (
        reader_of(kind).read(path, "e" * 64, report=pytest.fail, options=Options()).observations.to_pylist()
    )
    return [row for row in rows if row["property"] in ("vex.statement", "sbom.flaw")], rows


@pytest.mark.parametrize("form", ["csaf", "openvex"])
def test_it_reads_back_as_it_was_written(tmp_path, form):
    statements, rows = read_back(tmp_path, form)
    cam = {
        (said(row["value"]).flaw, said(row["value"]).state, said(row["value"]).component)
        for row in statements
        if (product(row["subject"]).name, product(row["subject"]).version) == ("AC-100", "1.4.1")
    }
    assert cam == {
        ("CVE-2026-0001", "affected", ""),
        ("CVE-2026-0002", "under_investigation", ""),
        ("CVE-2026-0003", "not_affected", ""),
        ("CVE-2026-0003", "not_affected", "busybox@1.35"),
        ("CVE-2026-0004", "fixed", ""),
    }
    assert [row["value"] for row in rows if row["property"] == "vex.author"] == ["A user"]


def test_what_cannot_be_written_is_one_line():
    nothing = answers("s1", WHEN, AUTHOR, [], [])
    for form in ("csaf", "openvex"):
        with pytest.raises(ValueError, match="no flaw"):
            FORMS[form](nothing)


@given(
    st.lists(
        st.tuples(st.sampled_from(ROWS), st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=6
    )
)
def test_any_names_are_written_in_every_form(made):
    rows = [row | {"name": name, "version": version} for row, name, version in made]
    told = answers("s", WHEN, AUTHOR, [CAM, BLANK], rows)
    for document in FORMS.values():
        assert json.dumps(document(told)) == json.dumps(document(told))
