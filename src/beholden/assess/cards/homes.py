"""Home networks of cards: whose they are, where, and how strongly a law of concern reaches them."""

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge
from beholden.knowledge.networks import Network, networks

_OF_IMSI, _OF_CARD = 6, 9
"""Digits that a network's code has at most (ITU-T E.212), and an issuer's (E.118)."""
_SCHEMA = pa.schema(
    [
        pa.field("prefix", pa.string()),
        pa.field("home", pa.string()),
        pa.field("strength", pa.float64()),
        pa.field("told", pa.string()),
        pa.field("path", pa.string()),
    ]
)


class Homes:
    """Finds home networks by the beginning of an IMSI, where none is known the issuer by that of a card's number."""

    def __init__(self, knowledge: Knowledge, law: pa.Table) -> None:
        """Take knowledge, and the law by jurisdiction as `assess.law.regimes` gives it."""
        self._law = {row["jurisdiction"]: row for row in law.to_pylist() if row["strength"]}
        self._companies = {row["company"]: row for row in knowledge.rows("companies")}
        self._networks = networks(knowledge)
        self._issuers = {
            row["prefix"]: Network(row["issuer"] or "", row["country"], row["company"], row["fact_id"])
            for row in knowledge.rows("card_issuers")
        }

    @property
    def prefix(self) -> nw.Expr:
        """Give the beginning that a card's home is found by, of the columns `imsi` and `card`."""
        by_card = nw.col("card").str.slice(0, _OF_CARD)
        return (
            nw.when(nw.col("imsi").is_null()).then(by_card).otherwise(nw.col("imsi").str.slice(0, _OF_IMSI))
        )

    def of(self, engine: Engine, cards: Frame) -> pa.Table:
        """Give for each beginning among cards: home (country), strength of the law, in words, and facts."""
        distinct = engine.collect(cards.select(prefix=self.prefix).unique())["prefix"].to_pylist()
        rows = [self._row(prefix) for prefix in sorted(one for one in distinct if one)]
        return pa.Table.from_pylist([row for row in rows if row], schema=_SCHEMA)

    def _row(self, prefix: str) -> dict[str, Any] | None:
        home = self._find(prefix)
        if home is None:
            return None
        bound = max(self._bound(home), key=lambda one: one[0], default=(0.0, "", ""))
        told = f"{home.name} ({bound[1]})" if bound[1] else home.name
        paths = " ".join(one for one in (home.fact_id, bound[2]) if one)
        return {"prefix": prefix, "home": home.country, "strength": bound[0], "told": told, "path": paths}

    def _find(self, prefix: str) -> Network | None:
        known, least = (self._issuers, 5) if len(prefix) == _OF_CARD else (self._networks, 5)
        return next(
            (known[prefix[:n]] for n in range(len(prefix), least - 1, -1) if prefix[:n] in known), None
        )

    def _bound(self, home: Network) -> Iterator[tuple[float, str, str]]:
        """Give law over the network's country, its company and the owner: strength, in words, facts."""
        if home.country is not None and home.country in self._law:
            yield self._under(home.country, "in ", "")
        company = self._companies.get(home.company or "")
        if company:
            for who, seat in (
                (company["name"], "jurisdiction"),
                (company["owner_name"], "owner_jurisdiction"),
            ):
                if company[seat] in self._law:
                    yield self._under(company[seat], f"{who}, ", company["owner_path"] or company["fact_id"])

    def _under(self, jurisdiction: str, before: str, facts: str) -> tuple[float, str, str]:
        law = self._law[jurisdiction]
        path = " ".join(one for one in (facts, law["fact_id"]) if one)
        return law["strength"], f"{before}{jurisdiction}, {law['regime']}", path
