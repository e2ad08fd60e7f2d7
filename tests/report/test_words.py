"""How numbers and texts are written."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from beholden.model.risks import CATEGORIES, FACTORS
from beholden.report import words


@pytest.mark.parametrize(
    ("n_bytes", "written"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1396, "1.4 kB"), (538_000, "538 kB"), (10**15, "1000 TB")],
)
def test_size(n_bytes: int, written: str) -> None:
    assert words.size(n_bytes).replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("part", "base", "written"),
    [(0, 20, "0 %"), (7, 20, "35 %"), (1, 1000, "<1 %"), (1, 0, "–"), (3, 3, "100 %")],
)
def test_share(part: int, base: int, written: str) -> None:
    assert words.share(part, base).replace("\N{NO-BREAK SPACE}", " ") == written


def test_minus_zero_is_zero() -> None:
    assert words.number(-0.0) == "0.00"


def test_instants_are_utc() -> None:
    there = datetime(2026, 11, 24, 6, 0, tzinfo=timezone(timedelta(hours=5)))
    assert (
        words.when(there) == words.when(datetime(2026, 11, 24, 1, 0, tzinfo=UTC)) == "2026-11-24 01:00:00 UTC"
    )
    assert words.when(datetime(2026, 11, 24, 1, 0)) == "2026-11-24 01:00:00 UTC"  # noqa: DTZ001 - a naive one is UTC
    assert words.when(None) == "–"


@given(st.text())
def test_clean_keeps_what_can_be_seen(text: str) -> None:
    cleaned = words.clean(text)
    assert len(cleaned) == len(text)
    assert words.clean(cleaned) == cleaned


@given(st.text(max_size=100), st.integers(1, 60))
def test_cut_fits(text: str, width: int) -> None:
    assert len(words.cut(text, width)) <= width


def test_what_a_template_made_stays() -> None:
    made = Markup("<b>\u200b</b>")
    assert words.finalize(made) is made
    assert words.finalize(None) == ""
    assert words.finalize("\u202e") == "·"


def test_every_risk_and_factor_has_words() -> None:
    assert tuple(words.RISKS) == CATEGORIES
    assert set(FACTORS) == {"V", "R", "L", "O"}


def test_clean_replaces_control_and_format_characters_alone() -> None:
    kept = {chr(code) for code in range(sys.maxunicode + 1) if words.clean(chr(code)) == chr(code)}
    assert kept == {
        one for one in map(chr, range(sys.maxunicode + 1)) if one in "\n\t" or category(one)[0] != "C"
    }
