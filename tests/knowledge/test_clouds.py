"""Domains and registry entries: of known companies, with sources."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.knowledge.folder import put

from beholden.knowledge.clouds import load_domains, load_prefixes, load_rulings
from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError

DOMAINS = "suffix,operator,service,is_hosting,note,source,url,date"
RULINGS = "organisation,prefix,company,role,note,source,url,date"


def call(load, root):
    ledger = Ledger(load_sources(root))
    return load(root, ledger, load_companies(root, ledger))


def registry(root, *rows):
    (root / "registries").mkdir(exist_ok=True)
    names = ("prefix", "organisation", "country")
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
    pq.write_table(table, root / "registries" / "ieee.parquet")


def test_a_domain_is_lower_case_and_names_its_operator(root):
    put(root, "clouds/domains.csv", f"{DOMAINS}\nCloud.Example,acme,control,yes,,s,,2026\n")
    (row,) = call(load_domains, root)
    assert (row["suffix"], row["operator"], row["is_hosting"]) == ("cloud.example", "acme", True)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("cloud.example,nobody,control,no,,s,,2026", "no company 'nobody'"),
        ("cloud.example,acme,control,no,,,,2026", "no known source"),
        ("cloud.example,acme,control,no,,s,,1.1.2026", "the date"),
        ("cloud.example,acme,empire,no,,s,,2026", "no service 'empire'"),
        ("github.io,acme,platform,no,,s,,2026", "github.io is a public suffix"),
        ("com,acme,platform,no,,s,,2026", "com is a public suffix"),
    ],
)
def test_a_domain_that_does_not_resolve_is_refused(root, line, wrong):
    put(root, "clouds/domains.csv", f"{DOMAINS}\n{line}\n")
    with pytest.raises(KnowledgeError, match=rf"domains\.csv:2: {wrong}"):
        call(load_domains, root)


def test_a_domain_that_stands_twice_is_refused(root):
    row = "cloud.example,acme,control,no,,s,,2026"
    put(root, "clouds/domains.csv", f"{DOMAINS}\n{row}\nCloud.{row[6:]}\n")
    with pytest.raises(KnowledgeError, match=r"domains\.csv:3: cloud.example stands twice"):
        call(load_domains, root)


def test_an_operator_may_be_unknown_while_tenants_are_known_to_stand_there(root):
    put(root, "clouds/domains.csv", f"{DOMAINS}\ncloud.example,,hosting,yes,,s,,2026\n")
    (row,) = call(load_domains, root)
    assert (row["operator"], row["is_hosting"]) == (None, True)


@pytest.mark.parametrize("line", ["Acme,,nobody,maker,,s,,2026", "Acme,,acme,emperor,,s,,2026"])
def test_a_ruling_of_an_unknown_company_or_role_is_refused(root, line):
    put(root, "parts/oui_rulings.csv", f"{RULINGS}\n{line}\n")
    with pytest.raises(KnowledgeError, match=r"oui_rulings\.csv:2: company or role"):
        call(load_rulings, root)


def test_a_registry_entry_means_what_ruling_or_roles_say_and_nothing_else(root):
    put(
        root,
        "parts/oui_rulings.csv",
        f"{RULINGS}\nBoards Inc,,acme,module,,s,,2026\n,AABBCC,shield,chip,,s,,2026\n",
    )
    registry(
        root,
        ("001122", "Acme Works Ltd", "QM"),
        ("334455", "BOARDS INC", "QM"),
        ("AABBCC", "Acme Works Ltd", "QM"),
        ("667788", "Holding plc", "QN"),
        ("99AABB", "Somebody else", None),
    )
    rows = {row["prefix"]: (row["company"], row["role"]) for row in call(load_prefixes, root).to_pylist()}
    assert rows == {
        "001122": ("acme", "maker"),
        "334455": ("acme", "module"),
        "AABBCC": ("shield", "chip"),
        "667788": ("holding", None),
        "99AABB": (None, None),
    }


def test_without_a_registry_there_are_no_prefixes(root):
    assert call(load_prefixes, root).num_rows == 0


def test_shipped_domains_are_many_once_each_and_plain_names(shipped):
    suffixes = shipped["domains"]["suffix"].to_pylist()
    assert len(suffixes) >= 60
    assert len(set(suffixes)) == len(suffixes)
    assert all("." in one and one == one.strip(".").lower() and "*" not in one for one in suffixes)
