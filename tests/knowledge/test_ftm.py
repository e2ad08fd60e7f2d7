"""FollowTheMoney: what goes out comes back the same; what others publish loads as it comes."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.companies import COMPANY_PACKS, chain_rows, load_companies
from beholden.knowledge.facts import Ledger, Source, load_sources
from beholden.knowledge.files import read_csv
from beholden.knowledge.ftm import export, read_entities, write_entities
from beholden.knowledge.ftm_pack import Import
from beholden.knowledge.names import Spellings

SOURCE = Source(
    "file", "A file", "A publisher", "https://publisher.example/file", "2026-11-24", "CC0", "official"
)

FOREIGN = [
    {"id": "NK-1", "schema": "Company", "caption": "Globex", "properties": {
        "name": ["Globex", "Globex Holding AG"], "alias": ["ГЛОБЕКС"], "jurisdiction": ["ch"], "country": ["ch"],
        "modifiedAt": ["2026-03-04T10:00:00"], "sourceUrl": ["https://publisher.example/globex"]}},
    {"id": "lei-QX", "schema": "Company", "properties": {"name": ["ACME WORKS LTD."], "jurisdiction": ["qm"]}},
    {"id": "gov-1", "schema": "PublicBody", "properties": {"name": ["Ministry of Works"], "country": ["ch"]}},
    {"id": "o-1", "schema": "Ownership", "properties": {
        "owner": ["NK-1"], "asset": ["lei-QX"], "percentage": ["62.5"], "startDate": ["2019-05"]}},
    {"id": "o-2", "schema": "Ownership", "properties": {
        "owner": ["gov-1"], "asset": ["NK-1"], "percentage": ["over half"], "endDate": ["soon"]}},
    {"id": "o-3", "schema": "Ownership", "properties": {"owner": ["nobody"], "asset": ["NK-1"]}},
    {"id": "u-1", "schema": "UnknownLink", "properties": {"subject": ["NK-1"], "object": ["gov-1"], "role": ["friend"]}},
    {"id": "p-1", "schema": "Person", "properties": {"name": ["A. Person"]}},
]  # fmt: skip


def rows_of(root, pack, *without):
    return [{k: v for k, v in row.cells.items() if k not in without} for row in read_csv(root, pack)]


def imported(tmp_path, entities, known=None):
    pack = Import(SOURCE, known or Spellings())
    pack.take(entities)
    pack.write(tmp_path / "pack")
    return pack, tmp_path / "pack"


def test_what_is_exported_comes_back_the_same(tmp_path):
    path = tmp_path / "companies.ftm.json"
    count = write_entities(path, export(ROOT, load_sources(ROOT)))
    problems = []
    _, folder = imported(tmp_path, read_entities(path, problems.append))
    ours = [row for pack in COMPANY_PACKS for row in rows_of(ROOT, pack, "source", "url", "date")]
    theirs = rows_of(folder, "companies/companies.csv", "source", "url", "date")
    assert theirs == sorted(ours, key=lambda row: row["company"])
    ties = rows_of(folder, "companies/relations.csv", "source", "url", "date")
    assert sorted(map(str, ties)) == sorted(
        map(str, rows_of(ROOT, "companies/relations.csv", "source", "url", "date"))
    )
    ids = [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]
    assert len(set(ids)) == len(ids) == count == len(theirs) + len(ties)
    assert problems == []


def test_the_pack_of_ones_own_export_leads_to_the_same_owners(tmp_path):
    _, folder = imported(tmp_path, export(ROOT, load_sources(ROOT)))
    put(folder, "vocabulary/legal_forms.csv", (ROOT / "vocabulary/legal_forms.csv").read_text("utf-8"))
    books = [load_companies(one, Ledger(load_sources(one))) for one in (ROOT, folder)]
    owners = [{row["company"]: (row["maker"], row["owner"]) for row in chain_rows(book)} for book in books]
    assert owners[0] == owners[1]


def test_what_others_publish_loads_as_it_comes(root, tmp_path):
    known = load_companies(root, Ledger(load_sources(root))).spellings
    pack, folder = imported(tmp_path, FOREIGN, known)
    assert [(row["company"], row["jurisdiction"], row["roles"], row["date"]) for row in pack.rows["companies"]] == [
        ("nk-1", "CH", "", "2026-03-04"),
        ("gov-1", "CH", "state", "2026-11-24"),
    ]  # fmt: skip
    ties = [
        (row["child"], row["parent"], row["share"], row["valid_from"], row["valid_to"])
        for row in pack.rows["relations"]
    ]
    assert ties == [("acme", "nk-1", "0.625", "2019-05", ""), ("nk-1", "gov-1", "", "", "")]
    assert [row["alias"] for row in pack.rows["aliases"]] == ["ГЛОБЕКС"]
    assert pack.left_out == {"Person": 1, "Ownership": 1, "UnknownLink": 1}
    assert load_sources(folder)["file"] == SOURCE


def test_a_spelling_of_a_known_company_is_not_taken_from_it(root, tmp_path):
    known = load_companies(root, Ledger(load_sources(root))).spellings
    entity = {
        "id": "x",
        "schema": "Company",
        "properties": {"name": ["Other"], "alias": ["Acme", "Other One"]},
    }
    twin = {"id": "y", "schema": "Company", "properties": {"name": ["Twin"], "alias": ["OTHER ONE"]}}
    pack, _ = imported(tmp_path, [entity, twin], known)
    assert [(row["company"], row["alias"]) for row in pack.rows["aliases"]] == [("x", "Other One")]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": 1, "schema": "Company", "properties": {}}', '"text"', "\0"]
)
def test_a_line_that_is_no_entity_is_reported_and_the_rest_kept(tmp_path, line):
    path = tmp_path / "file.json"
    path.write_text(f"{line}\n\n{json.dumps(FOREIGN[0])}\n", "utf-8")
    problems = []
    assert [entity["id"] for entity in read_entities(path, problems.append)] == ["NK-1"]
    assert [problem.place for problem in problems] == ["line 1"]


@given(
    properties=st.dictionaries(
        st.sampled_from(["name", "alias", "jurisdiction", "percentage", "asset", "owner", "startDate"]),
        st.one_of(st.none(), st.text(), st.lists(st.one_of(st.text(), st.integers(), st.none()))),
    ),
    schema=st.sampled_from(["Company", "Ownership", "UnknownLink", "Thing"]),
)
def test_any_entity_is_taken_or_left_out(properties, schema):
    pack = Import(SOURCE, Spellings())
    pack.take([{"id": "a", "schema": schema, "properties": properties}])
    assert len(pack.rows["companies"]) + pack.left_out.total() == 1


def test_the_package_reads_what_is_exported():
    model = pytest.importorskip("followthemoney", reason="followthemoney is not installed (extra ftm)").model
    for entity in export(ROOT, load_sources(ROOT)):
        proxy = model.get_proxy(dict(entity))
        proxy.schema.validate({"properties": entity["properties"]})
        for name, values in entity["properties"].items():
            assert set(proxy.get(name)) <= set(values), entity["id"]


def test_files_of_the_pack_have_the_columns_of_the_shipped_ones(tmp_path):
    _, folder = imported(tmp_path, [])
    for name in ("companies", "aliases", "relations"):
        with (
            (folder / f"companies/{name}.csv").open() as made,
            (ROOT / f"companies/{name}.csv").open() as ours,
        ):
            assert next(csv.reader(made)) == next(csv.reader(ours))
