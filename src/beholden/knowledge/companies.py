"""Companies, their spellings, and the chains from brand to maker to ultimate owner.

The closure is computed here, when knowledge is built, for the relations that are
in force (no valid_to). Where a company has several parents the largest share
wins, then control over ownership over a state holding; ties break by name. An owner
of less than half is a fact, but no step of the chain: whoever controls is said to control.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beholden.knowledge.facts import Ledger, is_date
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.names import Spellings, normalise

COMPANY_PACKS = (
    "companies/companies.csv",
    "companies/white_label_makers.csv",
    "listings/companies.csv",
    "vocabulary/companies.csv",
)
_TO_MAKER = ("brand_of", "brand_licensed_to")
_UPWARD = ("controlled_by", "owned_by", "state_holding")
_ASIDE = ("successor_of",)
"""Ties that lead to no owner."""

RELATIONS = (*_TO_MAKER, *_UPWARD, *_ASIDE)

_MAX_DEPTH = 12
_HALF = 0.5


@dataclass(frozen=True)
class Company:
    """One company as knowledge states it."""

    company: str
    name: str
    jurisdiction: str
    registered_in: str
    roles: frozenset[str]
    fact_id: str


@dataclass(frozen=True)
class Relation:
    """One tie from a child to a parent; share 0 is not known, dates may be a year, a month or a day, or empty."""

    child: str
    parent: str
    relation: str
    share: float
    fact_id: str
    valid_from: str = ""
    valid_to: str = ""

    @property
    def leads_up(self) -> bool:
        """Tell whether the chain follows this tie."""
        return self.relation != "owned_by" or not 0 < self.share < _HALF

    def holds_on(self, date: str) -> bool:
        """Tell whether the tie was in force on a date."""
        return self.valid_from <= date and (not self.valid_to or date < self.valid_to)


@dataclass
class Companies:
    """All companies, spellings and ties."""

    companies: dict[str, Company] = field(default_factory=dict)
    spellings: Spellings = field(default_factory=Spellings)
    spelling_facts: dict[tuple[str, str], str] = field(default_factory=dict)
    relations: dict[str, list[Relation]] = field(default_factory=dict)
    ended: list[Relation] = field(default_factory=list)

    def find(self, name: str) -> str | None:
        """Give the company with this spelling, None where none or several are known."""
        return self.spellings.find(name)

    def step(self, company: str, kinds: Iterable[str]) -> Relation | None:
        """Give the strongest tie of these kinds that leads up from a company."""
        order = {kind: place for place, kind in enumerate(kinds)}
        ties = [tie for tie in self.relations.get(company, []) if tie.relation in order and tie.leads_up]
        return min(ties, key=lambda tie: (-tie.share, order[tie.relation], tie.parent), default=None)

    def climb(self, company: str, kinds: tuple[str, ...]) -> list[Relation]:
        """Follow the strongest ties of these kinds to the top; raises KnowledgeError on a cycle."""
        path: list[Relation] = []
        visited = {company}
        here = company
        while (tie := self.step(here, kinds)) is not None:
            if tie.parent in visited or len(path) >= _MAX_DEPTH:
                raise KnowledgeError(f"companies/relations.csv: the chain of {company} turns in a circle")
            path.append(tie)
            visited.add(tie.parent)
            here = tie.parent
        return path

    def ties(self) -> list[Relation]:
        """Give all ties, those that ended too."""
        return [*(tie for ties in self.relations.values() for tie in ties), *self.ended]

    def on(self, date: str) -> "Companies":
        """Give the ties as they were on a date."""
        then = Companies()
        for tie in self.ties():
            if tie.holds_on(date):
                then.relations.setdefault(tie.child, []).append(tie)
        return then

    def maker_path(self, company: str) -> list[Relation]:
        """Give the ties from a brand to its maker; empty where the brand makes its own."""
        return self.climb(company, _TO_MAKER)

    def owner_path(self, company: str) -> list[Relation]:
        """Give the ties from a maker to its ultimate owner; empty where it has none."""
        return self.climb(company, _UPWARD)


def load_companies(root: Path, ledger: Ledger) -> Companies:
    """Read companies, aliases and relations; raises KnowledgeError for what does not resolve."""
    forms = frozenset(row["form"] for row in read_csv(root, "vocabulary/legal_forms.csv"))
    book = Companies(spellings=Spellings(forms))
    for pack in COMPANY_PACKS:
        for row in read_csv(root, pack):
            _add_company(book, row, ledger)
    for row in read_csv(root, "companies/aliases.csv"):
        _add_alias(book, row, ledger)
    for pack in COMPANY_PACKS:
        for row in read_csv(root, pack):
            _claim_own_names(book, row)
    for row in read_csv(root, "companies/relations.csv"):
        _add_relation(book, row, ledger)
    _check_circles(book)
    return book


def _check_circles(book: Companies) -> None:
    """Refuse chains that turn in a circle, today or on any date at which a tie began."""
    for company in book.companies:
        book.owner_path(company)
        book.maker_path(company)
    begun: dict[str, set[str]] = {}
    for tie in book.ties():
        begun.setdefault(tie.valid_from, set()).add(tie.child)
    for date, children in begun.items():
        then = book.on(date)
        for child in children:
            then.owner_path(child)
            then.maker_path(child)


def _add_company(book: Companies, row: Row, ledger: Ledger) -> None:
    slug = row["company"]
    if not slug or slug in book.companies:
        raise KnowledgeError(f"{row.place}: the company {slug!r} is empty or stands twice")
    seat = row["jurisdiction"] or "an unknown jurisdiction"
    fact_id = ledger.add(row, f"{row['legal_name'] or row['name']} has its seat in {seat}")
    book.companies[slug] = Company(
        slug,
        row["name"],
        row["jurisdiction"],
        row["registered_in"],
        frozenset(row["roles"].split()),
        fact_id,
    )


def _claim_own_names(book: Companies, row: Row) -> None:
    """Claim a company's names as spellings, where no alias gave them to another company."""
    fact_id = book.companies[row["company"]].fact_id
    for spelling in (row["name"], row["legal_name"]):
        if book.spellings.add(spelling, row["company"]) is None:
            book.spelling_facts.setdefault((normalise(spelling), row["company"]), fact_id)


def _add_alias(book: Companies, row: Row, ledger: Ledger) -> None:
    company = row["company"]
    if company not in book.companies:
        raise KnowledgeError(f"{row.place}: no company {company!r}")
    holder = book.spellings.add(row["alias"], company)
    if holder is not None:
        raise KnowledgeError(f"{row.place}: {row['alias']!r} is a spelling of {holder} and of {company}")
    fact_id = ledger.add(row, f"{row['alias']} is a spelling of {book.companies[company].name}")
    book.spelling_facts.setdefault((normalise(row["alias"]), company), fact_id)


def _add_relation(book: Companies, row: Row, ledger: Ledger) -> None:
    child, parent = row["child"], row["parent"]
    if child not in book.companies or parent not in book.companies:
        raise KnowledgeError(f"{row.place}: no company {child!r} or {parent!r}")
    if row["relation"] not in RELATIONS:
        raise KnowledgeError(f"{row.place}: no relation {row['relation']!r}")
    names = book.companies[child].name, book.companies[parent].name
    fact_id = ledger.add(row, f"{names[0]} is {row['relation'].replace('_', ' ')} {names[1]}")
    tie = Relation(
        child, parent, row["relation"], _share(row), fact_id, _day(row, "valid_from"), _day(row, "valid_to")
    )
    if tie.valid_to and tie.valid_to < tie.valid_from:
        raise KnowledgeError(f"{row.place}: it ends on {tie.valid_to}, before it begins")
    if tie.valid_to:
        book.ended.append(tie)
    elif any(known.parent == parent for known in book.relations.get(child, ())):
        raise KnowledgeError(f"{row.place}: {child} and {parent} are tied twice today")
    else:
        book.relations.setdefault(child, []).append(tie)


def _share(row: Row) -> float:
    try:
        share = float(row["share"] or 0)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise KnowledgeError(f"{row.place}: the share {row['share']!r} is none from 0 to 1")
    return share


def _day(row: Row, column: str) -> str:
    if row[column] and not is_date(row[column]):
        raise KnowledgeError(f"{row.place}: the date {row[column]!r} cannot be read")
    return row[column]


def chain_rows(book: Companies) -> list[Mapping[str, object]]:
    """Give one row per company: its maker and its maker's ultimate owner, with the facts that lead there."""
    rows: list[Mapping[str, object]] = []
    for slug, company in sorted(book.companies.items()):
        to_maker = book.maker_path(slug)
        maker = to_maker[-1].parent if to_maker else slug
        to_owner = book.owner_path(maker)
        owner = to_owner[-1].parent if to_owner else maker
        rows.append(
            {
                "company": slug,
                "name": company.name,
                "jurisdiction": company.jurisdiction or None,
                "roles": " ".join(sorted(company.roles)),
                "fact_id": company.fact_id,
                "maker": maker,
                "maker_name": book.companies[maker].name,
                "maker_jurisdiction": book.companies[maker].jurisdiction or None,
                "maker_path": _facts(book, to_maker, slug, maker),
                "owner": owner,
                "owner_name": book.companies[owner].name,
                "owner_jurisdiction": book.companies[owner].jurisdiction or None,
                "owner_path": _facts(book, to_owner, maker, owner),
                "group": " ".join(
                    [slug, *(tie.parent for tie in to_maker), *(tie.parent for tie in to_owner)]
                ),
            }
        )
    return rows


def _facts(book: Companies, ties: list[Relation], start: str, end: str) -> str:
    ids = [book.companies[start].fact_id, *(tie.fact_id for tie in ties), book.companies[end].fact_id]
    return " ".join(dict.fromkeys(ids))
