"""Who runs which domain, and which registry entry stands for which company."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.knowledge.companies import Companies
from beholden.knowledge.facts import Ledger
from beholden.knowledge.files import KnowledgeError, Row, read_csv
from beholden.knowledge.schemas import SCHEMAS
from beholden.knowledge.suffixes import Names, registrable

_SERVICES = ("control", "video", "relay", "update", "telemetry", "advertising", "ntp", "dns", "hosting",
             "platform", "store")  # fmt: skip
_ROLES = ("maker", "module", "chip", "odm")


def load_domains(root: Path, ledger: Ledger, companies: Companies) -> list[dict[str, object]]:
    """Read curated domain suffixes: operator (null where it is not known), service, and whether tenants stand under it.

    Raises KnowledgeError for a suffix that stands twice, and for one under which anybody may hold a name by
    the public suffix list but whose row does not say so.
    """
    found = list(read_csv(root, "clouds/domains.csv"))
    suffixes = [row["suffix"].lower() for row in found]
    own = registrable(Names(pa.array(suffixes, pa.string()))).to_pylist()
    rows: dict[str, dict[str, object]] = {}
    for row, suffix, domain in zip(found, suffixes, own, strict=True):
        is_hosting = row["is_hosting"] == "yes"
        if domain is None and not is_hosting:
            raise KnowledgeError(f"{row.place}: {suffix} is a public suffix, so its names are its tenants'")
        if suffix in rows:
            raise KnowledgeError(f"{row.place}: {suffix} stands twice")
        if row["service"] not in _SERVICES:
            raise KnowledgeError(f"{row.place}: no service {row['service']!r}")
        rows[suffix] = {
            "suffix": suffix,
            "operator": row["operator"] or None,
            "service": row["service"],
            "is_hosting": is_hosting,
            "fact_id": ledger.add(row, f"{suffix} is run by {_operator(row, companies)} ({row['service']})"),
        }
    return list(rows.values())


def _operator(row: Row, companies: Companies) -> str:
    slug = row["operator"]
    if not slug:
        return "an operator that is not known"
    if slug not in companies.companies:
        raise KnowledgeError(f"{row.place}: no company {slug!r}")
    return companies.companies[slug].name


def load_rulings(root: Path, ledger: Ledger, companies: Companies) -> dict[str, tuple[str, str, str]]:
    """Read what registry entries mean: organisation or prefix → (company, role, fact)."""
    rulings: dict[str, tuple[str, str, str]] = {}
    for row in read_csv(root, "parts/oui_rulings.csv"):
        key = (row["prefix"] or row["organisation"]).strip()
        if row["company"] not in companies.companies or row["role"] not in _ROLES:
            raise KnowledgeError(f"{row.place}: company or role is not known")
        text = f"{key} in the IEEE registry stands for {row['company']} as {row['role']}. {row['note']}"
        rulings[key.upper()] = (row["company"], row["role"], ledger.add(row, text.strip()))
    return rulings


def load_prefixes(root: Path, ledger: Ledger, companies: Companies) -> pa.Table:
    """Give every IEEE prefix with its organisation, and company and role where they are known.

    Columns: prefix (6, 7 or 9 hex digits, upper case), organisation, country, company, role, fact_id.
    The role is the ruling's, else what the company's roles leave no doubt about; it is null otherwise.
    """
    path = root / "registries" / "ieee.parquet"
    if not path.exists():
        return SCHEMAS["prefixes"].empty_table()
    registry = pq.read_table(path)
    rulings = load_rulings(root, ledger, companies)
    distinct = pc.unique(registry["organisation"].combine_chunks()).to_pylist()
    meaning = {str(name): meaning_of(str(name), rulings, companies) for name in distinct}
    by_prefix = {key: ruling for key, ruling in rulings.items() if _is_prefix(key)}
    prefixes, names = registry["prefix"].to_pylist(), registry["organisation"].to_pylist()
    resolved = [
        by_prefix.get(str(prefix)) or meaning[str(name)] for prefix, name in zip(prefixes, names, strict=True)
    ]
    return pa.table(
        {
            "prefix": registry["prefix"],
            "organisation": registry["organisation"],
            "country": registry["country"],
            "company": pa.array([row[0] for row in resolved], pa.string()),
            "role": pa.array([row[1] for row in resolved], pa.string()),
            "fact_id": pa.array([row[2] for row in resolved], pa.string()),
        }
    )


def _is_prefix(key: str) -> bool:
    return len(key) in (6, 7, 9) and all(digit in "0123456789ABCDEF" for digit in key)


def meaning_of(
    organisation: str, rulings: dict[str, tuple[str, str, str]], companies: Companies
) -> tuple[str | None, str | None, str | None]:
    """Give company, role and fact of an organisation as a registry names it: as ruled, else by the company's roles."""
    ruling = rulings.get(organisation.strip().upper())
    if ruling is not None:
        return ruling
    company = companies.find(organisation)
    if company is None:
        return None, None, None
    roles = companies.companies[company].roles
    fact_id = companies.companies[company].fact_id
    if "odm" in roles:  # what it makes is mostly sold under others' names
        return company, "odm", fact_id
    for role in ("module", "chip"):
        if role in roles and not roles & {"brand", "maker"}:
            return company, role, fact_id
    return company, "maker" if roles & {"brand", "maker"} else None, fact_id
