"""The strength of a law comes from its published fields; no country is known to the function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.law import SCORED, is_in_force, load_points, load_regimes, strength

POINTS = load_points(ROOT)
VALUES = {name: sorted({value for field, value in POINTS if field == name}) for name in SCORED}
HEAD = (
    "regime,jurisdiction,instrument,article,in_force_from,in_force_to,compelled_access,secrecy_duty,"
    "extraterritorial,capability_duty,vulnerability_to_state,vulnerability_hours,review,summary,source,url,date"
)
fields = st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in SCORED})
codes = st.from_regex(r"[A-Z]{2}", fullmatch=True)


def regimes(root):
    return load_regimes(root, Ledger(load_sources(root)))


def lay(root, *lines):
    put(root, "law/regime_function.csv", (ROOT / "law/regime_function.csv").read_text("utf-8"))
    put(root, "law/vulnerability_function.csv", (ROOT / "law/vulnerability_function.csv").read_text("utf-8"))
    return put(root, "law/regimes.csv", "\n".join((HEAD, *lines)) + "\n")


def test_the_function_reads_no_country_and_only_the_fields_it_says():
    assert {field for field, _ in POINTS} == set(SCORED)
    assert not any(len(value) == 2 and value.isupper() for _, value in POINTS)


@given(stated=fields, jurisdiction=codes, other=codes)
def test_renaming_the_jurisdiction_changes_nothing(stated, jurisdiction, other):
    one, two = ({**stated, "jurisdiction": code, "instrument": code} for code in (jurisdiction, other))
    assert strength(one, POINTS) == strength(two, POINTS)


@given(
    stated=fields,
    name=st.sampled_from([name for name in SCORED if name != "compelled_access"]),
    data=st.data(),
)
def test_more_points_in_one_field_never_weaken(stated, name, data):
    other = data.draw(st.sampled_from(VALUES[name]))
    change = POINTS[name, other] - POINTS[name, stated[name]]
    before, after = strength(stated, POINTS), strength({**stated, name: other}, POINTS)
    assert 0 <= before <= 1
    assert (after - before) * change >= 0


@given(stated=fields, data=st.data())
def test_more_access_never_weakens(stated, data):
    other = data.draw(st.sampled_from(VALUES["compelled_access"]))
    change = POINTS["compelled_access", other] - POINTS["compelled_access", stated["compelled_access"]]
    assert (strength({**stated, "compelled_access": other}, POINTS) - strength(stated, POINTS)) * change >= 0


@given(stated=fields)
def test_what_compels_nothing_has_no_strength(stated):
    assert strength({**stated, "compelled_access": "none"}, POINTS) == 0
    assert strength({**stated, "compelled_access": ""}, POINTS) == 0


def test_an_instrument_of_a_bloc_binds_its_members(root):
    put(root, "law/blocs.csv", "bloc,member,source,url,date\nQB,QM,s,,2026\nQB,QN,s,,2026\n")
    lay(root, "a,QB,Act,1,2020,,executive,yes,none,no,none,,none,Text,s,,2026")
    rows = regimes(root)
    assert [row["binds"] for row in rows] == ["QB", "QM", "QN"]
    assert len({row["strength"] for row in rows}) == 1


def test_unknown_access_has_no_strength_at_all_and_no_review_is_half_known(root):
    lay(
        root,
        "a,QM,Act,1,2020,,unknown,yes,none,no,,,none,Text,s,,2026",
        "b,QN,Act,1,2020,,executive,,,,on_discovery,48,,Text,s,,2026",
    )
    one, two = regimes(root)
    assert (one["strength"], one["flaw_strength"], one["known_share"]) == (None, None, 0.8)
    assert (two["flaw_strength"], two["vulnerability_hours"], two["known_share"]) == (1.0, 48.0, 0.2)
    assert two["strength"] > 0


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("a,,Act,1,2020,,executive,yes,none,no,none,,none,Text,s,,2026", "jurisdiction and instrument"),
        ("a,QM,,1,2020,,executive,yes,none,no,none,,none,Text,s,,2026", "jurisdiction and instrument"),
        ("a,QM,Act,1,2020,,executive,yes,none,no,none,,none,Text,,,2026", "no known source"),
        (",QM,Act,1,2020,,executive,yes,none,no,none,,none,Text,s,,2026", "the regime ''"),
        ("a,QM,Act,1,then,,executive,yes,none,no,none,,none,Text,s,,2026", "in_force_from 'then'"),
        ("a,QM,Act,1,2020,,king,yes,none,no,none,,none,Text,s,,2026", "compelled_access has no 'king'"),
        ("a,QM,Act,1,2020,,executive,yes,none,no,none,,nobody,Text,s,,2026", "review has no 'nobody'"),
        ("a,QM,Act,1,2020,,executive,yes,none,no,later,,none,Text,s,,2026", "vulnerability_to_state has no"),
    ],
)
def test_a_law_without_place_name_source_or_known_values_is_refused(root, line, wrong):
    lay(root, line)
    with pytest.raises(KnowledgeError, match=rf"regimes\.csv:2: .*{wrong}"):
        regimes(root)


def test_shipped_laws_are_of_many_jurisdictions(shipped):
    rows = shipped["regimes"].to_pylist()
    assert len({row["jurisdiction"] for row in rows}) >= 25
    assert all(row["strength"] is None or 0 <= row["strength"] <= 1 for row in rows)
    for jurisdiction in ("CN", "EU", "US"):
        assert len({row["regime"] for row in rows if row["jurisdiction"] == jurisdiction}) >= 6


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, True),
        ("2026-07-01", None, True),
        ("2026-07-02", None, False),
        ("2026-07", "2026-07", True),
        (None, "2026-06-30", False),
        (None, "2026", True),
        (None, "2025", False),
    ],
)
def test_a_law_is_in_force_from_its_beginning_to_the_end_of_its_last_day_month_or_year(since, until, holds):
    assert is_in_force({"in_force_from": since, "in_force_to": until}, "2026-07-01") is holds
