"""Every scalar is read as a string: neither a country nor a number is guessed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.files import KnowledgeError, read_csv, read_toml, read_yaml

TRAPS = (
    "NO",
    "no",
    "on",
    "01234567",
    "12:34:56",
    "0x1F",
    "1e3",
    "1_000",
    ".5",
    "2026-11-24",
    "null",
    "~",
    "true",
)


def leaves(document):
    if isinstance(document, dict):
        return [leaf for pair in document.items() for one in pair for leaf in leaves(one)]
    if isinstance(document, list):
        return [leaf for one in document for leaf in leaves(one)]
    return [document]


@pytest.mark.parametrize("text", TRAPS)
def test_yaml_scalars_stay_as_written(tmp_path, text):
    path = tmp_path / "one.yaml"
    path.write_text(f"value: {text}\nvalues: [{text}, {text}]\n{text}: key\n", "utf-8")
    assert read_yaml(path) == {"value": text, "values": [text, text], text: "key"}


@given(text=st.from_regex(r"[A-Za-z0-9.+_][A-Za-z0-9.+_:]{0,14}[A-Za-z0-9.+_]", fullmatch=True))
def test_any_plain_yaml_scalar_stays_as_written(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("yaml") / "one.yaml"
    path.write_text(f"- {text}\n", "utf-8")
    assert read_yaml(path) == [text]


@pytest.mark.parametrize("text", TRAPS)
def test_csv_cells_stay_as_written(tmp_path, text):
    put(tmp_path, "a.csv", f"name,other\n{text}, {text} \n")
    (row,) = read_csv(tmp_path, "a.csv")
    assert (row["name"], row["other"], row["not there"]) == (text, text, "")


def test_every_scalar_of_the_shipped_yaml_is_text():
    for path in (
        *sorted((ROOT / "rules").glob("*/*.yaml")),
        *sorted((ROOT / "fingerprints").glob("ssdp*.yaml")),
    ):
        assert all(isinstance(leaf, str) for leaf in leaves(read_yaml(path))), path


def test_a_row_knows_its_line(tmp_path):
    put(tmp_path, "a.csv", 'name,other\n"two\nlines",x\nlast,y\n')
    rows = list(read_csv(tmp_path, "a.csv"))
    assert [row.place for row in rows] == ["a.csv:3", "a.csv:4"]


def test_a_pack_that_is_not_there_has_no_rows(tmp_path):
    assert list(read_csv(tmp_path, "none.csv")) == []


def test_more_cells_than_columns_are_refused_with_their_place(tmp_path):
    put(tmp_path, "a.csv", "name\none\ntwo,three\n")
    with pytest.raises(KnowledgeError, match=r"a\.csv:3: more cells"):
        list(read_csv(tmp_path, "a.csv"))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_yaml, "a: [1"),
        (read_yaml, "a: b: c"),
        (read_yaml, "!!python/object:os.system {}"),
        (read_toml, "a = = 1"),
    ],
)
def test_what_cannot_be_parsed_is_refused_with_the_file(tmp_path, read, text):
    path = tmp_path / "bad"
    path.write_text(text, "utf-8")
    with pytest.raises(KnowledgeError, match=r"bad: "):
        read(path)
