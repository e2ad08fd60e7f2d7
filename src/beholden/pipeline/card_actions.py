"""Files of bulk actions that a connectivity platform can take; nothing is sent anywhere."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from beholden.knowledge.cards import ACTIONS
from beholden.pipeline.card_days import days_as_text

COLUMNS = ("iccid", "imsi", "imei", "site", "owner", "action", "reason", "rule", "until")
"""Columns of each file; `imei` is the module that a card is bound to, or was first used in.

`site` and `owner` are of the device it is in, where a scan has that device.
"""
BY_A_PERSON = "review"
"""What no platform does: it stands in the JSON alone."""
_BY_IMSI = "imsi "
_CONTROL = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]+"
_FORMULA = r"^([=+\-@])"


def write_actions(findings: pa.Table, folder: Path, least: float) -> dict[str, int]:
    """Write <action>.csv for each action, and actions.json; gives the number of cards in each.

    A card stands once in a file, for the strongest of its findings from `least` on. No cell begins a formula.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = _once(findings.filter(pc.greater_equal(findings["strength"], least)))
    counts = {}
    for action in ACTIONS:
        of = rows.filter(pc.equal(rows["action"], action))
        counts[action] = of.num_rows
        if action != BY_A_PERSON:
            pacsv.write_csv(of.select(COLUMNS), folder / f"{action}.csv")
    document = {"actions": [_plain(row) for row in rows.to_pylist()]}
    (folder / "actions.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return counts


def _once(findings: pa.Table) -> pa.Table:
    """Give one row per card and action, as the columns of the files, with strength."""
    kept = findings.sort_by([("strength", "descending"), ("rule_id", "ascending")])
    names = ["imsi", "imei", "site", "owner", "detail", "rule_id", "until", "strength"]
    single = kept.group_by(["card", "action"], use_threads=False).aggregate(
        [(name, "first") for name in names]
    )
    single = single.sort_by([("action", "ascending"), ("card", "ascending")])
    card = single["card"]
    is_number = pc.invert(pc.starts_with(card, _BY_IMSI))
    made = {
        "iccid": pc.if_else(is_number, card, pa.scalar(None, pa.string())),
        "imsi": single["imsi_first"],
        "imei": single["imei_first"],
        **{name: harmless(single[f"{name}_first"]) for name in ("site", "owner")},
        "action": single["action"],
        "reason": harmless(single["detail_first"]),
        "rule": single["rule_id_first"],
        "until": days_as_text(single["until_first"]),
        "strength": single["strength_first"],
    }
    return pa.table(made)


def harmless(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take control characters out of text, and put ' before what a spreadsheet would take for a formula."""
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _CONTROL, " "))
    return pc.replace_substring_regex(bare, _FORMULA, r"'\1")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
