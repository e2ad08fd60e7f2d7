"""Profiles change weights, lists and jurisdictions of concern; never the evidence."""

import tomllib

import pytest

from beholden.model.risks import CATEGORIES

SHIPPED = ("article", "eu", "neutral", "us-federal")
OWN = """
name = "harbour"
title = "The clinic's own eyes"
home = "DE"
concern_mode = "all_but_home"
lists = []
gamma = 2
default_criticality = 0.5
[severities]
prepositioning = 1
exfiltration = 5
lock_in = 1
coercion = 1
mapping = 1
silk_road = 1
normative = 1
privacy = 5
"""


def scan(beholden, clinic, store, profile):
    words = ("--profile", profile, "--store", store, "--no-report")
    digest = beholden.json("scan", clinic / "clinic.pcapng", *words)
    return digest, beholden.json("show", "devices", "--store", store)


@pytest.mark.parametrize("profile", SHIPPED)
def test_shipped_profiles_find_the_same_devices(beholden, clinic, tmp_path, profile):
    digest, devices = scan(beholden, clinic, tmp_path, profile)
    assert digest["profile"] == profile
    _, article = scan(beholden, clinic, tmp_path, "article")
    same = ("device", "macs", "ips", "brand", "maker", "owner", "kind", "clouds")
    assert sorted(str([one[name] for name in same]) for one in devices) == sorted(
        str([one[name] for name in same]) for one in article
    )


def test_own_profile(beholden, clinic, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    digest, devices = scan(beholden, clinic, tmp_path / "s", path)
    assert digest["profile"] == "harbour"
    severities = tomllib.loads(OWN)["severities"]
    for one in devices:
        for category in CATEGORIES:
            risk = one["risks"][category]
            expected = severities[category] / 5 * risk["likelihood"] * risk["impact"]
            assert risk["risk"] == pytest.approx(expected, abs=1e-9)
        assert not any(entry["in_force_for_profile"] for entry in one["listings"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "profile"),
        (OWN.replace("privacy = 5", ""), "severities"),
        (OWN.replace("all_but_home", "whim"), "concern_mode"),
    ],
)
def test_own_profile_that_does_not_hold_together(beholden, clinic, tmp_path, text, says):
    path = tmp_path / "own.toml"
    path.write_text(text)
    done = beholden.run("scan", clinic / "tiny.pcap", "--profile", path, "--store", tmp_path / "s")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_profile_that_is_not_there_names_those_that_are(beholden, clinic, tmp_path):
    done = beholden.run("scan", clinic / "tiny.pcap", "--profile", "mars", "--store", tmp_path)
    assert done.returncode == 1
    for name in SHIPPED:
        assert name in done.stderr


def test_as_of_ages_evidence_and_is_another_scan(beholden, clinic, tmp_path):
    words = ("scan", clinic / "clinic.pcapng", "--store", tmp_path, "--no-report")
    now = beholden.json(*words)
    later = beholden.json(*words, "--as-of", "2036-01-01")
    assert later["scan"] != now["scan"]
    width = [sum(r["sum_upper"] - r["sum_lower"] for r in one["risks"].values()) for one in (now, later)]
    assert width[1] > width[0], "old evidence says less"
