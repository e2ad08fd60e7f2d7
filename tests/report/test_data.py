"""What the report is made from: words that cannot be mistaken, sums that agree."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.pipeline import reporting
from beholden.report import page

sys.path.append(str(Path(__file__).parents[1]))
from condensing import condense, spread

Scanned = tuple[Store, str]
Rows = dict[str, list[dict[str, Any]]]


def test_no_two_countries_share_a_name(clinic_data: dict[str, Any]) -> None:
    names = clinic_data["countries"]
    assert [name for name, n in Counter(names.values()).items() if n > 1] == []
    assert not [name for name in names.values() if ", " in name]
    assert names["KR"] != names["KP"]


def test_sums_agree_with_what_is_stored(clinic_data: dict[str, Any]) -> None:
    for proof in clinic_data["proofs"].values():
        assert set(proof["sums"]) == {row["category"] for row in proof["scores"]}
        assert all(one["gap"] <= 1e-9 for one in proof["sums"].values())


def test_instruments_bind_a_seat_that_is_shown(clinic_data: dict[str, Any]) -> None:
    owners = {(one["owner"] or {}).get("jurisdiction") for one in clinic_data["devices"]}
    operators = {row["jurisdiction"] for row in clinic_data["flows"]["destinations"]}
    assert {row["binds"] for row in clinic_data["regimes"]} <= owners | operators
    facts = {fact["fact_id"] for fact in clinic_data["facts"]}
    assert all(row["fact_id"] in facts for row in clinic_data["regimes"])


def test_only_missing_knowledge_is_wanted(clinic_data: dict[str, Any], clinic_rows: Rows) -> None:
    """What narrows most is unknown; devices and risk units are those of the scores, row by row."""
    opinions = {
        (row["device_id"], row["category"], row["proposition"]): row for row in clinic_rows["contributions"]
    }
    counts: Counter[tuple[str, str]] = Counter()
    units: Counter[tuple[str, str]] = Counter()
    for score in clinic_rows["scores"]:
        if score["next_best_evidence"]:
            at = score["category"], score["next_best_evidence"]
            opinion = opinions[score["device_id"], *at]
            assert opinion["uncertainty"] > 0
            counts[at] += 1
            units[at] += opinion["narrowing"] * score["severity"] / 5 * score["impact"]
    wanted = {(row["category"], row["proposition"]): row for row in clinic_data["wanted"]}
    assert {at: row["n_devices"] for at, row in wanted.items()} == counts
    assert {at: row["units"] for at, row in wanted.items()} == pytest.approx(units)


def test_at_most_so_many_are_shown_and_the_rest_is_in_the_sums(
    clinic: Scanned, knowledge: Knowledge, clinic_data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = {"ALL_SECTIONS": 6, "MOST_SECTIONS": 3, "ALL_SUMS": 4, "MOST_SUMS": 2}
    for name, most in (bounds | {"MOST_ROWS": 7, "MOST_UNKNOWN": 2}).items():
        monkeypatch.setattr(reporting, name, most)
    few = reporting.report_data(*clinic, knowledge)
    assert few["devices"] == clinic_data["devices"][:7]
    assert list(few["proofs"]) == [one["device"] for one in clinic_data["devices"][:3]]
    assert [one["sums"] is not None for one in few["proofs"].values()] == [True, True, False]
    assert few["unknown"]["devices"] == clinic_data["unknown"]["devices"][:2]
    assert few["unknown"]["n_devices"] == clinic_data["unknown"]["n_devices"] > 2
    for name in ("known", "owners", "kind_counts", "flows", "listings", "bounds", "wanted"):
        assert few[name] == clinic_data[name]


def test_a_condensed_scan_gives_the_same_report(
    clinic: Scanned, knowledge: Knowledge, tmp_path: Path
) -> None:
    store, scan_id = clinic
    whole, few = Store(tmp_path / "whole"), Store(tmp_path / "few")
    spread(store, scan_id, whole.scans / scan_id)
    condense(whole.scans / scan_id, few.scans / scan_id)
    pages = [page.render(reporting.report_data(one, scan_id, knowledge)) for one in (store, whole, few)]
    for one in (whole, few):
        one.close()
    assert pages[0] == pages[1] == pages[2]
