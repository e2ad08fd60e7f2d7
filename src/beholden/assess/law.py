"""Whose law the controllers, parts, operators and places of a device answer to.

Strength comes from published fields of the law (knowledge/law), and counts where the profile
names the jurisdiction. It says what a law allows, never what anybody does.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.engine import Frame
from beholden.knowledge.base import Knowledge
from beholden.knowledge.law import is_in_force

_ROLES = {
    "controller.compelled": ("maker", "owner"),
    "module.compelled": ("module_maker",),
    "chip.compelled": ("chip_maker",),
}
_NO_DATA = (53, 123)
"""DNS and NTP: a question for a name or the time takes no data of the device along."""

_NOT_OF_CONCERN = "not of concern to this profile"
_SCHEMA = pa.schema(
    [
        pa.field("jurisdiction", pa.string()),
        pa.field("strength", pa.float64()),
        pa.field("flaw_strength", pa.float64()),
        pa.field("known_share", pa.float64()),
        pa.field("regime", pa.string()),
        pa.field("flaw_regime", pa.string()),
        pa.field("fact_id", pa.string()),
        pa.field("flaw_fact_id", pa.string()),
    ]
)


def measure(context: Context) -> Iterator[Frame]:
    """Measure controller, module, chip, operator and storage under law, and the duty to tell the state of flaws."""
    law = context.engine.keep(
        context.engine.bind(regimes(context.knowledge, context.today, context.is_concern))
    )
    known = context.attributions.filter(~nw.col("jurisdiction").is_null())
    compelled = law.filter(~nw.col("strength").is_null())
    for name, roles in _ROLES.items():
        held = known.filter(nw.col("role").is_in(list(roles))).join(compelled, on="jurisdiction", how="inner")
        yield _of_company(held, name)
    telling = law.filter(~nw.col("flaw_strength").is_null())
    makers = known.filter(nw.col("role") == "maker").join(telling, on="jurisdiction", how="inner")
    yield _flaws(makers)
    carries_data = ~nw.col("server_port").is_in(list(_NO_DATA)) & ~nw.col("service").fill_null("").is_in(
        ["ntp", "dns"]
    )
    met = context.exposures.filter(~nw.col("is_inbound"), carries_data)
    yield _operators(met.join(compelled, on="jurisdiction", how="inner", suffix="_law"), context)
    placed = compelled.rename({"jurisdiction": "address_country"})
    yield _storage(met.join(placed, on="address_country", how="inner", suffix="_law"))


def regimes(knowledge: Knowledge, today: date, is_concern: Callable[[str], bool]) -> pa.Table:
    """Give per jurisdiction the strongest instrument in force, with strength 0 where it is not of concern.

    What no row of knowledge says stays null, and gives no signal.
    """
    rows = knowledge.rows("regimes")
    best: dict[str, dict[str, object]] = {}
    for row in rows:
        if is_in_force(row, today.isoformat()):
            held = best.setdefault(
                row["binds"], dict.fromkeys(_SCHEMA.names) | {"jurisdiction": row["binds"]}
            )
            _strengthen(held, row)
    for jurisdiction, held in best.items():
        if not is_concern(jurisdiction):
            held |= {"strength": 0.0, "flaw_strength": 0.0, "known_share": 1.0}
            held |= {name: held[name] or _NOT_OF_CONCERN for name in ("regime", "flaw_regime")}
    return pa.Table.from_pylist(list(best.values()), schema=_SCHEMA)


def _strengthen(held: dict[str, Any], row: dict[str, Any]) -> None:
    """Take a row's instrument where it is stronger than the one held."""
    text = f"{row['instrument']} {row['article'] or ''}".strip()
    if row["strength"] is not None and row["strength"] > (held["strength"] or -1.0):
        held |= {name: row[name] for name in ("strength", "known_share", "fact_id")} | {"regime": text}
    if row["flaw_strength"] is not None and row["flaw_strength"] > (held["flaw_strength"] or -1.0):
        held |= {"flaw_strength": row["flaw_strength"], "flaw_fact_id": row["fact_id"], "flaw_regime": text}


def _of_company(held: Frame, name: str) -> Frame:
    return signal(
        held,
        name,
        strength=nw.col("strength"),
        confidence=nw.col("confidence") * nw.col("known_share"),
        detail=nw.concat_str(
            nw.col("role").str.replace_all("_", " "),
            nw.lit(" "),
            nw.col("name"),
            nw.lit(" ("),
            nw.col("jurisdiction"),
            nw.lit("), "),
            nw.col("regime"),
        ),
        path=nw.concat_str(nw.col("path"), nw.lit(" "), nw.col("fact_id").fill_null("")),
    )


def _flaws(makers: Frame) -> Frame:
    return signal(
        makers,
        "vulnerability_to_state",
        strength=nw.col("flaw_strength"),
        confidence=nw.col("confidence"),
        detail=nw.concat_str(
            nw.col("name"), nw.lit(" ("), nw.col("jurisdiction"), nw.lit("), "), nw.col("flaw_regime")
        ),
        path=nw.concat_str(nw.col("path"), nw.lit(" "), nw.col("flaw_fact_id").fill_null("")),
    )


def _operators(held: Frame, context: Context) -> Frame:
    names = context.engine.bind(
        context.knowledge.table("companies")
        .select(["company", "name"])
        .rename_columns(["operator_id", "operator"])
    )
    joined = held.join(names, on="operator_id", how="inner")
    return signal(
        joined,
        "operator.compelled",
        strength=nw.col("strength"),
        confidence=nw.col("known_share"),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(
            nw.lit("sends to "),
            nw.coalesce("name", "address"),
            nw.lit(", run by "),
            nw.col("operator"),
            nw.lit(" ("),
            nw.col("jurisdiction"),
            nw.lit("), "),
            nw.col("regime"),
        ),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.coalesce("name", "address"),
        path=nw.concat_str(nw.col("fact_id").fill_null(""), nw.lit(" "), nw.col("fact_id_law").fill_null("")),
    )


def _storage(held: Frame) -> Frame:
    return signal(
        held,
        "storage.compelled",
        strength=nw.col("strength"),
        confidence=nw.col("known_share"),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(
            nw.lit("sends to "),
            nw.col("address"),
            nw.lit(", registered in "),
            nw.col("address_country"),
            nw.lit(", "),
            nw.col("regime"),
        ),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.col("address"),
        path=nw.col("fact_id_law").fill_null(""),
    )
