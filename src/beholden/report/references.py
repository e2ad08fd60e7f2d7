"""Numbers for evidence and facts, so that a page names each source once and points to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beholden.engine.places import counts
from beholden.report.words import base_name

Row = Mapping[str, Any]


class References:
    """Numbers evidence as it stands, and facts in the order in which the page first names them."""

    def __init__(self, evidence: Sequence[Row], facts: Iterable[Row]) -> None:
        self._evidence = {row["evidence_id"]: (place, row) for place, row in enumerate(evidence, 1)}
        self._facts = {row["fact_id"]: row for row in facts}
        self._numbers: dict[str, int] = {}

    def facts(self, ids: Iterable[str | None]) -> list[int]:
        """Give the numbers of facts named by ids or by paths of ids; what is not there is left out."""
        known = (one for text in ids if text for one in text.split() if one in self._facts)
        return [self._numbers.setdefault(one, len(self._numbers) + 1) for one in dict.fromkeys(known)]

    def place(self, row: Row) -> dict[str, Any] | None:
        """Give where in the evidence a row was seen; None where it rests on no evidence."""
        if row["evidence_id"] not in self._evidence:
            return None
        number, evidence = self._evidence[row["evidence_id"]]
        return {
            "number": number,
            "file": base_name(evidence["name"]),
            "kind": counts(evidence["kind"]),
            "at": row["locator"],
        }

    def used(self) -> list[dict[str, Any]]:
        """Give the facts named so far with their numbers, one group per source, in order of first use."""
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        for fact_id, number in self._numbers.items():
            fact = self._facts[fact_id]
            key = (fact["publisher"], fact["title"], fact["licence"])
            group = groups.setdefault(
                key, {"publisher": key[0], "title": key[1], "licence": key[2], "facts": []}
            )
            link = web_address(fact["url"])
            group["facts"].append({"number": number, "text": fact["text"], "url": link, "date": fact["date"]})
        return sorted(groups.values(), key=lambda group: (str(group["publisher"]), str(group["title"])))


def web_address(url: str | None) -> str | None:
    """Give an address that a page may link to: http or https, nothing else."""
    return url if url and url.startswith(("https://", "http://")) else None
