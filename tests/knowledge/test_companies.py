"""Companies, spellings and chains: what does not resolve is refused, what resolves leads to one owner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ALIAS_HEAD, COMPANIES, RELATION_HEAD, RELATIONS, ROOT, put

from beholden.knowledge.companies import Companies, Relation, chain_rows, load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.names import normalise


def load(root):
    return load_companies(root, Ledger(load_sources(root)))


def chain(root, company):
    return next(row for row in chain_rows(load(root)) if row["company"] == company)


def test_the_chain_from_brand_to_maker_to_owner(root):
    row = chain(root, "shield")
    assert (row["maker"], row["owner"]) == ("acme", "holding")
    assert (row["jurisdiction"], row["maker_jurisdiction"], row["owner_jurisdiction"]) == ("QO", "QM", "QN")
    assert row["group"] == "shield acme holding"
    assert len(row["maker_path"].split()) == len(row["owner_path"].split()) == 3


def test_without_ties_a_company_is_its_own_maker_and_owner(root):
    row = chain(root, "holding")
    assert (row["maker"], row["owner"], row["group"]) == ("holding", "holding", "holding")


@pytest.mark.parametrize(
    "name", ["Acme", "ACME Ltd.", "acme works", "Acme, Works. LTD", "Acme of the East", "ａｃｍｅ"]
)
def test_spellings_are_found(root, name):
    assert load(root).find(name) == "acme"


@pytest.mark.parametrize("name", ["Acmex", "An Acme", "Acme West", "", "Ltd"])
def test_no_name_is_found_inside_another(root, name):
    assert load(root).find(name) is None


@pytest.mark.parametrize(
    ("pack", "line", "wrong"),
    [
        ("companies/companies.csv", "other,Other,,QM,,maker,,,2026", r"companies\.csv:5: no known source"),
        ("companies/companies.csv", "other,Other,,QM,,maker,s,,soon", r"companies\.csv:5: the date"),
        ("companies/companies.csv", "acme,Acme,,QM,,maker,s,,2026", r"companies\.csv:5: .*stands twice"),
        ("companies/companies.csv", ",Nameless,,QM,,maker,s,,2026", r"companies\.csv:5: .*empty"),
        ("companies/aliases.csv", "nobody,Nobody,s,2026", r"aliases\.csv:3: no company 'nobody'"),
        (
            "companies/aliases.csv",
            "shield,Acme of the East,s,2026",
            r"aliases\.csv:3: .*of acme and of shield",
        ),
        (
            "companies/aliases.csv",
            "shield,ACME - of the east,s,2026",
            r"aliases\.csv:3: .*acme and of shield",
        ),
        ("companies/relations.csv", "acme,nobody,owned_by,1,,,s,,2026", r"relations\.csv:4: no company"),
        ("companies/relations.csv", "nobody,acme,owned_by,1,,,s,,2026", r"relations\.csv:4: no company"),
        ("companies/relations.csv", "holding,acme,owned_by,1,,,s,,2026", "turns in a circle"),
        ("companies/relations.csv", "holding,holding,controlled_by,,,,s,,2026", "turns in a circle"),
        ("companies/relations.csv", "acme,shield,brand_of,,,,s,,2026", "turns in a circle"),
        (
            "companies/relations.csv",
            "shield,holding,owned_by,1,,,,,2026",
            r"relations\.csv:4: no known source",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused(root, pack, line, wrong):
    path = root / pack
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(KnowledgeError, match=wrong):
        load(root)


def test_a_tie_that_ended_is_a_fact_but_leads_nowhere(root):
    put(root, "companies/relations.csv", RELATIONS.replace("2020,,s", "2020,2024,s", 1))
    row = chain(root, "acme")
    assert row["owner"] == "acme"


def test_the_larger_share_wins_then_control(root):
    more = "acme,shield,owned_by,0.2,,,s,,2026\n"
    put(
        root, "companies/relations.csv", RELATIONS.replace("shield,acme,brand_of,,2020,,s,,2026\n", "") + more
    )
    assert chain(root, "acme")["owner"] == "holding"
    ties = f"{RELATION_HEAD}\nacme,holding,owned_by,,,,s,,2026\nacme,shield,controlled_by,,,,s,,2026\n"
    put(root, "companies/relations.csv", ties)
    assert chain(root, "acme")["owner"] == "shield"


def test_a_bare_name_that_two_companies_bear_is_nobodys(root):
    put(root, "companies/aliases.csv", f"{ALIAS_HEAD}\nacme,Twin Ltd,s,2026\nshield,Twin Inc,s,2026\n")
    book = load(root)
    assert (book.find("TWIN ltd."), book.find("Twin, Inc"), book.find("Twin"), book.find("Twin plc")) == (
        "acme",
        "shield",
        None,
        None,
    )


def test_an_explicit_alias_goes_before_anothers_own_name(root):
    put(root, "companies/aliases.csv", f"{ALIAS_HEAD}\nholding,Shield,s,2026\n")
    assert load(root).find("Shield") == "holding"


@given(name=st.text(max_size=30))
def test_normalising_twice_is_normalising_once(name):
    once = normalise(name, {"ltd", "inc"})
    assert normalise(once, {"ltd", "inc"}) == once


@given(
    shares=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("efgh"), st.floats(0, 1)), max_size=12)
)
def test_the_owner_does_not_depend_on_the_order_of_the_ties(shares):
    def owners(ties):
        book = Companies()
        for child, parent, share in ties:
            book.relations.setdefault(child, []).append(Relation(child, parent, "owned_by", share, "f"))
        return [[tie.parent for tie in book.owner_path(one)] for one in "abcd"]

    assert owners(shares) == owners(shares[::-1])


def test_the_shipped_companies_are_many_and_from_many_places(shipped):
    rows = shipped["companies"].to_pylist()
    assert len(rows) >= 150
    assert len({row["jurisdiction"] for row in rows if row["jurisdiction"]}) >= 15


def test_shipped_jurisdictions_are_two_letters(shipped):
    for row in shipped["companies"].to_pylist():
        code = row["jurisdiction"]
        assert code is None or (len(code) == 2 and code.isalpha() and code.isupper()), row["company"]


def test_every_shipped_path_names_facts_that_exist(shipped):
    facts = set(shipped["facts"]["fact_id"].to_pylist())
    for row in shipped["companies"].to_pylist():
        assert facts.issuperset(f"{row['maker_path']} {row['owner_path']} {row['fact_id']}".split()), row[
            "company"
        ]


def test_columns_of_the_small_folder_are_those_of_the_shipped_one():
    with (ROOT / "companies/companies.csv").open(encoding="utf-8") as stream:
        assert stream.readline().strip() == COMPANIES.splitlines()[0]


def put_ties(root, *lines):
    put(root, "companies/relations.csv", "\n".join([RELATION_HEAD, *lines, ""]))


def test_an_owner_of_less_than_half_is_a_fact_but_no_step_of_the_chain(root):
    put_ties(root, "acme,holding,owned_by,0.49,,,s,,2026")
    assert chain(root, "acme")["owner"] == "acme"
    put_ties(root, "acme,holding,controlled_by,0.49,,,s,,2026")
    assert chain(root, "acme")["owner"] == "holding"
    put_ties(root, "acme,holding,owned_by,,,,s,,2026")
    assert chain(root, "acme")["owner"] == "holding"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("acme,holding,owned_by,1.2,,,s,,2026", "the share '1.2'"),
        ("acme,holding,owned_by,half,,,s,,2026", "the share 'half'"),
        ("acme,holding,owned_by,1,soon,,s,,2026", "the date 'soon'"),
        ("acme,holding,owned_by,1,2020,2019-05,s,,2026", "ends on 2019-05, before it begins"),
        (
            "acme,holding,owned_by,1,,,s,,2026\nacme,holding,controlled_by,,,,s,,2026",
            r"csv:3: acme and holding are tied twice",
        ),
    ],
)
def test_shares_and_dates_of_a_tie_are_checked(root, line, wrong):
    put_ties(root, line)
    with pytest.raises(KnowledgeError, match=wrong):
        load(root)


def test_a_circle_at_one_date_is_refused_and_a_turn_over_time_is_not(root):
    put_ties(root, "acme,holding,owned_by,1,2001,2005,s,,2026", "holding,acme,owned_by,1,2005,,s,,2026")
    assert chain(root, "holding")["owner"] == "acme"
    put_ties(root, "acme,holding,owned_by,1,2001,2006,s,,2026", "holding,acme,owned_by,1,2005,2007,s,,2026")
    with pytest.raises(KnowledgeError, match="turns in a circle"):
        load(root)


def test_the_owner_on_a_date(root):
    put_ties(root, "acme,holding,owned_by,1,2001,2005-06,s,,2026", "acme,shield,owned_by,1,2005-06,,s,,2026")
    book = load(root)
    owners = [
        [tie.parent for tie in book.on(date).owner_path("acme")] for date in ("2000", "2004", "2005-07")
    ]
    assert owners == [[], ["holding"], ["shield"]]


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Zócalo S.A. de C.V.", "zocalo"),
        ("株式会社ツバメ", "ツバメ"),
        ("ツバメ株式会社", "ツバメ"),
        ("杭州燕子科技股份有限公司", "杭州燕子科技"),
        ("(주)제비전자", "제비전자"),
        ("주식회사 제비전자", "제비전자"),
        ("ООО «Ласточка»", "ласточка"),
        ("АО Ласточка", "ласточка"),
        ("Jaskółka Sp. z o.o.", "jaskołka"),
        ("Kırlangıç A.Ş.", "kırlangıc"),
        ("PT. Layang Tbk", "layang tbk"),
        ("GmbH", "gmbh"),
        ("株式会社", "株式会社"),
        ("L.G. Electronics, Inc.", "lg electronics"),
        ("swallow_works", "swallow works"),
    ],
)
def test_legal_forms_are_taken_off_in_all_scripts(name, bare):
    forms = {row["form"] for row in read_csv(ROOT, "vocabulary/legal_forms.csv")}
    assert normalise(name, forms) == bare
    assert normalise(bare, forms) == bare
