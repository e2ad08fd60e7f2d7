"""The tables of knowledge that inventories are read with."""

from beholden.ingest.tabular.headers import fold, property_of
from beholden.ingest.tabular.stated import countries, criticalities
from beholden.knowledge.base import knowledge_root
from beholden.knowledge.files import read_csv

INVENTORY_COLUMNS = list(read_csv(knowledge_root(), "vocabulary/inventory_columns.csv"))
COUNTRIES = list(read_csv(knowledge_root(), "places/countries.csv"))


def test_a_name_means_one_property():
    names = [fold(row["name"]) for row in INVENTORY_COLUMNS]
    assert len(names) == len(set(names)) > 150
    assert all(names)


def test_properties_are_of_the_model():
    assert all(property_of(row["property"]) == row["property"] for row in INVENTORY_COLUMNS)


def test_a_country_name_means_one_country():
    means = {}
    for row in COUNTRIES:
        for name in (
            row["iso2"],
            row["iso3"],
            row["name"],
            row["official_name"],
            *row["other_names"].split("|"),
        ):
            if name:
                assert means.setdefault(name.casefold(), row["iso2"]) == row["iso2"], name
    assert len(COUNTRIES) == 249


def test_countries_by_other_names():
    assert countries(["Deutschland", "UK", "usa", "South  Korea", "no", "Schweiz", "Atlantis", None]) == [
        "DE", "GB", "US", "KR", "NO", "CH", None, None
    ]  # fmt: skip


def test_scales_of_criticality():
    assert criticalities(["1", "3", "5", "high"]) == ["0", "0.5", "1", "0.75"]
    assert criticalities(["1", "10"]) == ["0", "1"]
    assert criticalities(["0", "0,5", "1"]) == ["0", "0.5", "1"]
    assert criticalities(["0", "5", "10"]) == ["0", "0.5", "1"]
    assert criticalities(["11", "-1", "nan", "?"]) == [None] * 4
