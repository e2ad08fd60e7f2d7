"""Models that public advisories and reports name as used by a botnet (parts/advised_models.csv)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.flaws_names import product_key

Rows = list[dict[str, object]]


def load_advised(
    root: Path, ledger: Ledger, companies: Companies, kinds: Iterable[Mapping[str, object]]
) -> Rows:
    """Compile model, company ('' where nobody's name is on it), campaign, begins, kinds and fact_id.

    Raises KnowledgeError for an unknown company or kind, and a model of nobody without kinds: others bear its name.
    """
    known = {row["kind"] for row in kinds}
    rows: Rows = []
    for row in read_csv(root, "parts/advised_models.csv"):
        if row["company"] and row["company"] not in companies.companies:
            raise KnowledgeError(f"{row.place}: no company {row['company']!r}")
        if not set(row["kinds"].split()) <= known or not (row["company"] or row["kinds"]):
            raise KnowledgeError(f"{row.place}: kinds that are not known, or neither company nor kinds")
        company = companies.companies[row["company"]].name if row["company"] else "any brand"
        whose = f"{row['model']}{' and what begins so' if row['begins'] == 'yes' else ''} ({company})"
        note = f"; {row['note']}" if row["note"] else ""
        rows.append(
            {
                **{name: row[name] for name in ("model", "company", "campaign", "kinds")},
                "begins": row["begins"] == "yes",
                "fact_id": ledger.add(row, f"{row['campaign']} used {whose}{note}"),
            }
        )
    return rows


class Advised:
    """Finds the rows that name a model."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], words: frozenset[str]) -> None:
        self._words = words
        self._by_company: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
        for row in rows:
            self._by_company[row["company"]].append((product_key(row["model"], words), row))

    def naming(self, company: str, name: str, model: str, kind: str) -> Iterator[Mapping[str, Any]]:
        """Give the rows that name a model of a company, whose own name may lead it, or of nobody in a kind of device."""
        key = product_key(model, self._words, name)
        for whose in {company, ""}:
            for named, row in self._by_company.get(whose, ()):
                is_it = key == named or (
                    row["begins"] and key.startswith(named) and not key[len(named)].isdigit()
                )
                if is_it and (not row["kinds"] or kind in row["kinds"].split()):
                    yield row
