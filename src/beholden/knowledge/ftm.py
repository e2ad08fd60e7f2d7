"""Companies and their ties as FollowTheMoney entities, and entities from and to files.

Plain JSON, one entity a line, as OpenSanctions publishes its own data and GLEIF's and ICIJ's (schemata
Company, PublicBody, Ownership, UnknownLink: https://followthemoney.tech/explorer/). The package is not
needed. How such a file becomes knowledge: `beholden.knowledge.ftm_pack`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeGuard

from beholden.knowledge.companies import COMPANY_PACKS
from beholden.knowledge.facts import Source
from beholden.knowledge.files import Row, read_csv
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id

Entity = Mapping[str, Any]

OWN = "beholden-"
"""How ids of our own companies begin."""

_OWNERSHIPS = ("owned_by", "controlled_by", "state_holding")


def export(root: Path, sources: Mapping[str, Source]) -> Iterator[Entity]:
    """Give all companies, with their spellings, and all ties, those that ended too, as entities."""
    spellings: dict[str, list[str]] = {}
    for row in read_csv(root, "companies/aliases.csv"):
        spellings.setdefault(row["company"], []).append(row["alias"])
    for pack in COMPANY_PACKS:
        for row in read_csv(root, pack):
            yield _entity(
                OWN + row["company"],
                "PublicBody" if row["roles"] == "state" else "Company",
                _origin(row, sources)
                | {
                    "name": [row["name"], row["legal_name"]],
                    "alias": spellings.get(row["company"], []),
                    "mainCountry": [row["jurisdiction"].lower()],
                    "jurisdiction": [(row["registered_in"] or row["jurisdiction"]).lower()],
                    "classification": row["roles"].split(),
                },
            )
    for row in read_csv(root, "companies/relations.csv"):
        yield _tie(row, sources)


def _tie(row: Row, sources: Mapping[str, Source]) -> Entity:
    is_ownership = row["relation"] in _OWNERSHIPS
    ends = ("asset", "owner") if is_ownership else ("subject", "object")
    percentage = f"{Decimal(row['share']) * 100:f}" if row["share"] else ""
    return _entity(
        content_id("tie", *row.cells.values()),
        "Ownership" if is_ownership else "UnknownLink",
        _origin(row, sources)
        | {
            ends[0]: [OWN + row["child"]],
            ends[1]: [OWN + row["parent"]],
            "role": [row["relation"]],
            "percentage": [percentage],
            "startDate": [row["valid_from"]],
            "endDate": [row["valid_to"]],
        },
    )


def _origin(row: Row, sources: Mapping[str, Source]) -> dict[str, list[str]]:
    source = sources[row["source"]]
    return {
        "publisher": [source.publisher],
        "sourceUrl": [row["url"] or source.url],
        "modifiedAt": [row["date"] or source.date],
    }


def _entity(entity_id: str, schema: str, properties: Mapping[str, Iterable[str]]) -> Entity:
    stated = {name: [value for value in values if value] for name, values in properties.items()}
    return {"id": entity_id, "schema": schema, "properties": {name: v for name, v in stated.items() if v}}


def write_entities(path: Path, entities: Iterable[Entity]) -> int:
    """Write entities, one a line; gives their number."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for count, entity in enumerate(entities, 1):  # noqa: B007 - the count is wanted
            stream.write(json.dumps(entity, ensure_ascii=False, sort_keys=True) + "\n")
    return count


def read_entities(path: Path, report: Report) -> Iterator[Entity]:
    """Read entities, one a line; a line that is none is reported and left out."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            try:
                entity = json.loads(line) if line.strip() else None
            except ValueError:
                entity = line
            if _is_entity(entity):
                yield entity
            elif entity is not None:
                report(Problem(path.name, f"line {number}", "no FollowTheMoney entity", "left out"))


def _is_entity(entity: object) -> TypeGuard[Entity]:
    return (
        isinstance(entity, dict)
        and isinstance(entity.get("id"), str)
        and isinstance(entity.get("schema"), str)
        and isinstance(entity.get("properties"), dict)
    )
