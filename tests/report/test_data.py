"""What the report is made from: words that cannot be mistaken, sums that agree."""

from collections import Counter
from typing import Any


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
    operators = {row["jurisdiction"] for row in clinic_data["flows"]}
    assert {row["binds"] for row in clinic_data["regimes"]} <= owners | operators
    facts = {fact["fact_id"] for fact in clinic_data["facts"]}
    assert all(row["fact_id"] in facts for row in clinic_data["regimes"])


def test_only_missing_knowledge_is_wanted(clinic_data: dict[str, Any]) -> None:
    for row in clinic_data["wanted"]:
        proof = clinic_data["proofs"][row["device_id"]]
        opinion = next(
            one
            for one in proof["contributions"]
            if (one["category"], one["proposition"], one["factor"])
            == (row["category"], row["next_best_evidence"], row["factor"])
        )
        assert opinion["uncertainty"] > 0
