"""Whether a device's system, model or firmware is still supported, as far as that is known."""

from collections.abc import Iterator
from datetime import date

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.assess.flaws import PRODUCT
from beholden.engine import Frame
from beholden.knowledge.support import Supported, Supports, built_on

_SIGNAL = "support.end"
_TOLD = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in (*PRODUCT, "detail", "fact")),
        pa.field("strength", pa.float64()),
    ]
)
_MONTH = 365.25 / 12
Said = tuple[float, str, str]
"""Strength, detail and fact."""


def measure(context: Context) -> Iterator[Frame]:
    """Tell of products whose support ended, or whose firmware is old; each product and version is asked once."""
    known = context.products.filter(nw.col("part") == "")
    distinct = context.engine.collect(known.select(*PRODUCT).unique()).to_pylist()
    teller = _Teller(context)
    rows = [
        {**one, "strength": strength, "detail": detail, "fact": fact}
        for one in distinct
        for strength, detail, fact in teller.said(one)
    ]
    told = context.engine.bind(pa.Table.from_pylist(rows, schema=_TOLD))
    yield signal(
        known.join(told, on=list(PRODUCT), how="inner"),
        _SIGNAL,
        strength=nw.col("strength"),
        detail=nw.col("detail"),
        path=nw.col("fact"),
    )


class _Teller:
    """What is known of the support of products on the day of the evidence."""

    def __init__(self, context: Context) -> None:
        knowledge = context.knowledge
        words = frozenset(knowledge.table("product_words")["word"].to_pylist())
        self._supports = Supports(knowledge.rows("support"), words)
        self._names = {row["company"]: row["name"] for row in knowledge.rows("companies")}
        self._today = context.today
        self._old, self._by_age, self._upstream = (
            context.number(_SIGNAL, name) for name in ("max_age_months", "by_age", "upstream")
        )

    def said(self, product: dict[str, str]) -> Iterator[Said]:
        """Say what a system's version, a model and the day of the firmware's build tell; nothing of what is not known."""
        company, name, version = (product[each] for each in ("company_id", "name", "version"))
        for found in (
            self._supports.system(name, version),
            self._supports.model(company, self._names.get(company, ""), name),
        ):
            if found:
                yield self._ended(name, found)
        built = built_on(version, self._today)
        if built:
            yield self._aged(version, built)

    def _ended(self, name: str, found: Supported) -> Said:
        row = found.row
        what = f"{row['name']} {row['cycle']}".strip() if row["is_system"] else name
        if not row["eol"]:
            return 0.0, f"{what}: no end of support stated", row["fact_id"]
        if date.fromisoformat(row["eol"]) > self._today:
            return 0.0, f"{what}: supported until {row['eol']}", row["fact_id"]
        return (
            self._upstream if row["is_upstream"] else 1.0,
            f"{what}: support ended {row['eol']}",
            row["fact_id"],
        )

    def _aged(self, version: str, built: date) -> Said:
        months = (self._today - built).days / _MONTH
        is_old = months > self._old
        return self._by_age if is_old else 0.0, f"firmware {version}: built {built.isoformat()}", ""
