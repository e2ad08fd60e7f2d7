"""FollowTheMoney entities as a user's pack of knowledge: companies, spellings and ties of one named source."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from beholden.knowledge.companies import RELATIONS
from beholden.knowledge.facts import Source, is_date
from beholden.knowledge.ftm import OWN, Entity
from beholden.knowledge.names import Spellings

_COMPANIES = frozenset({"Company", "LegalEntity", "Organization", "PublicBody"})
_TIES = frozenset({"Ownership", "UnknownLink"})
_COLUMNS = {
    "companies": (
        "company", "name", "legal_name", "jurisdiction", "registered_in", "roles", "source", "url", "date",
    ),
    "aliases": ("company", "alias", "source", "date"),
    "relations": (
        "child", "parent", "relation", "share", "valid_from", "valid_to", "source", "url", "date",
    ),
}  # fmt: skip


@dataclass
class Import:
    """A pack of knowledge made of entities; a company that is known by one of its names keeps its id."""

    source: Source
    known: Spellings
    rows: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    left_out: Counter[str] = field(default_factory=Counter)
    _ids: dict[str, str] = field(default_factory=dict, init=False)
    _mine: Spellings = field(default_factory=Spellings, init=False)

    def take(self, entities: Iterable[Entity]) -> None:
        """Take companies first, then the ties between those that were taken; the rest is counted in left_out."""
        ties = []
        for entity in entities:
            if entity["schema"] in _COMPANIES and _first(entity, "name"):
                self._take_company(entity)
            elif entity["schema"] in _TIES:
                ties.append(entity)
            else:
                self.left_out[entity["schema"]] += 1
        for entity in ties:
            self._take_tie(entity)

    def _take_company(self, entity: Entity) -> None:
        names = _values(entity, "name")
        found = {company for name in names if (company := self.known.find(name))}
        slug = found.pop() if len(found) == 1 else _slug(entity["id"])
        self._ids[entity["id"]] = slug
        if self.known.find(names[0]) != slug:
            self.rows["companies"].append(self._company(slug, names, entity))
        for alias in [*names[2:], *_values(entity, "alias"), *_values(entity, "previousName")]:
            if self.known.find(alias) is None and self._mine.add(alias, slug) is None:
                row = {"company": slug, "alias": alias, "source": self.source.source_id}
                self.rows["aliases"].append(row | {"date": self._date(entity)})

    def _company(self, slug: str, names: Sequence[str], entity: Entity) -> dict[str, str]:
        seat = _country(entity, "mainCountry", "jurisdiction", "country")
        registered = _country(entity, "jurisdiction")
        state = "state" if entity["schema"] == "PublicBody" else ""
        return {
            "company": slug,
            "name": names[0],
            "legal_name": names[1] if len(names) > 1 else "",
            "jurisdiction": seat,
            "registered_in": registered if registered != seat else "",
            "roles": " ".join(_values(entity, "classification")) if _is_own(entity) else state,
        } | self._origin(entity)

    def _take_tie(self, entity: Entity) -> None:
        is_ownership = entity["schema"] == "Ownership"
        child = self._ids.get(_first(entity, "asset" if is_ownership else "subject"))
        parent = self._ids.get(_first(entity, "owner" if is_ownership else "object"))
        role = _first(entity, "role")
        relation = role if role in RELATIONS else "owned_by" if is_ownership else ""
        if not child or not parent or not relation or child == parent:
            self.left_out[entity["schema"]] += 1
            return
        self.rows["relations"].append(
            {
                "child": child,
                "parent": parent,
                "relation": relation,
                "share": _share(_first(entity, "percentage")),
                "valid_from": _date(_first(entity, "startDate")),
                "valid_to": _date(_first(entity, "endDate")),
            }
            | self._origin(entity)
        )

    def _origin(self, entity: Entity) -> dict[str, str]:
        url = _first(entity, "sourceUrl")
        return {"source": self.source.source_id, "url": url, "date": self._date(entity)}

    def _date(self, entity: Entity) -> str:
        return _date(_first(entity, "modifiedAt")) or _date(_first(entity, "retrievedAt")) or self.source.date

    def write(self, folder: Path) -> None:
        """Write the pack: its companies, spellings and ties, and the source they all name."""
        (folder / "companies").mkdir(parents=True, exist_ok=True)
        (folder / "sources").mkdir(exist_ok=True)
        for name, rows in self.rows.items():
            columns = _COLUMNS[name]
            with (folder / "companies" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(sorted(rows, key=lambda row: [row[column] for column in columns]))
        stated = {name: value for name, value in asdict(self.source).items() if name != "source_id"}
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in stated.items()]
        text = "\n".join([f"[sources.{self.source.source_id}]", *lines, ""])
        (folder / "sources" / f"{self.source.source_id}.toml").write_text(text, "utf-8")


def _is_own(entity: Entity) -> bool:
    return str(entity["id"]).startswith(OWN)


def _slug(entity_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", entity_id.removeprefix(OWN).lower()).strip("-")


def _values(entity: Entity, name: str) -> list[str]:
    values = entity["properties"].get(name)
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


def _first(entity: Entity, name: str) -> str:
    return next(iter(_values(entity, name)), "")


def _country(entity: Entity, *names: str) -> str:
    codes = (_first(entity, name)[:2].upper() for name in names)
    return next((code for code in codes if code), "")


def _date(text: str) -> str:
    return text[:10] if text and is_date(text[:10]) else ""


def _share(text: str) -> str:
    try:
        share = Decimal(text) / 100
    except InvalidOperation:
        return ""
    return f"{share.normalize():f}" if 0 < share <= 1 else ""
