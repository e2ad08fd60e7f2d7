"""Profiles choose weights and lists; what they choose is checked."""

import shutil

import pytest
from tests.knowledge.folder import ROOT

from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile, shipped_profiles
from beholden.model.errors import BeholdenError
from beholden.model.risks import CATEGORIES

GOOD = 'name = "mine"\nhome = "QM"\nconcern_mode = "listed"\nconcern = ["QN"]\n[severities]\n' + "".join(
    f"{name} = 3\n" for name in CATEGORIES
)


@pytest.fixture
def profiles(tmp_path):
    """Give knowledge of the shipped profiles alone."""
    for path in (ROOT / "profiles").glob("*.toml"):
        shutil.copyfile(path, tmp_path / path.name)
    return Knowledge(tmp_path)


def own(profiles, text):
    path = profiles.folder.parent / "own.toml"
    path.write_text(text, "utf-8")
    return load_profile(profiles, str(path))


def test_every_shipped_profile_loads_and_names_known_lists(profiles, shipped):
    lists = set(shipped["lists"]["list"].to_pylist())
    assert len(shipped_profiles(profiles)) >= 4
    for name in shipped_profiles(profiles):
        profile = load_profile(profiles, name)
        assert profile.name == name
        assert lists.issuperset(profile.lists)
        assert all(1 <= value <= 5 for value in profile.severities.values())


def test_the_neutral_profile_names_nobody(profiles):
    profile = load_profile(profiles, "neutral")
    assert (profile.concern, profile.home) == ((), "")
    assert all(profile.is_concern(code) for code in ("QM", "QN", "QO"))


def test_the_neutral_profile_shows_every_list_whoever_keeps_it(profiles, shipped):
    assert set(load_profile(profiles, "neutral").lists) == set(shipped["lists"]["list"].to_pylist())


def test_listed_concern_is_what_is_listed_and_nothing_else(profiles):
    profile = own(profiles, GOOD)
    assert [profile.is_concern(code) for code in ("QN", "QM", "QO")] == [True, False, False]


def test_all_but_home_spares_home_and_the_members_of_its_bloc(profiles):
    profile = own(profiles, GOOD.replace("listed", "all_but_home"))
    assert [profile.is_concern(code, ("QO",)) for code in ("QM", "QO", "QN")] == [False, False, True]


def test_a_changed_profile_has_another_id(profiles):
    assert own(profiles, GOOD).profile_id != own(profiles, GOOD.replace("QN", "QO")).profile_id
    assert own(profiles, GOOD).profile_id == own(profiles, GOOD).profile_id


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (GOOD.replace("privacy = 3\n", ""), "severities lacks or does not know privacy"),
        (GOOD + "mischief = 3\n", "does not know mischief"),
        (GOOD.replace('"listed"', '"some"'), "concern_mode is one of"),
        ("name = = 1", "own.toml: "),
    ],
)
def test_a_profile_that_does_not_hold_together_is_refused(profiles, text, wrong):
    with pytest.raises(BeholdenError, match=wrong):
        own(profiles, text)


@pytest.mark.parametrize("name", ["nobody", "claims", "../article", "own.toml"])
def test_a_profile_that_is_not_there_is_refused_with_the_names_of_those_that_are(profiles, name):
    with pytest.raises(BeholdenError, match=f"no profile '{name}'.*article, .*neutral"):
        load_profile(profiles, name)
