"""Write docs/knowledge-lookups.md: what a registry alone misleads about, and how much of it is resolved."""  # noqa: INP001

import tomllib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from generate import DOCS, ROOT, code, table

from beholden.knowledge.base import Knowledge
from beholden.pipeline.knowing import look_up

PAGE = DOCS / "knowledge-lookups.md"
CASES = ROOT / "tests" / "knowledge" / "misleading.toml"
NOTE = "<!-- Written by docs/lookups.py; `python docs/lookups.py` writes it anew. -->\n\n"
MOST = 200
_LEFT_OUT = ("value", "is", "chain", "behind", "listings", "laws", "facts", "candidates")
Row = Mapping[str, Any]


def cases() -> list[Row]:
    """Read the cases and their answers."""
    found: list[Row] = tomllib.loads(CASES.read_text("utf-8"))["case"]
    return found


def page(knowledge: Knowledge) -> str:
    """Make the page."""
    return (
        NOTE + "# Where a look-up of the prefix alone misleads\n\n"
        "What `beholden knowledge lookup` says of ten values, with the chain and its sources. "
        "A test keeps the answers as they are.\n"
        + "".join(f"\n## {one['title']}\n\n{_case(one, knowledge)}" for one in cases())
        + f"\n## The {MOST} organisations with most prefixes\n\n{_organisations(knowledge)}"
        + f"\n## Vendors of exploited flaws\n\n{_vendors(knowledge)}"
    )


def _case(case: Row, knowledge: Knowledge) -> str:
    address = case.get("address")
    found = look_up(knowledge, case["value"], address)
    command = f"beholden knowledge lookup {case['value']}" + (f" --at {address}" if address else "")
    said = [
        (name, code(value)) for name, value in found.items() if name not in _LEFT_OUT and value is not None
    ]
    parts = [
        f"{case['misleads']}\n\n```\n{command}\n```\n",
        table(("", "says"), said),
        _listed("Chain", (f"{one['role']}: {_company(one)}" for one in found["chain"])),
        _listed("Behind the brand's products", dict.fromkeys(map(_behind, found["behind"]))),
        _listed("Lists", (f"{one['title']}: {one['entity']}" for one in found["listings"])),
        _listed("Law", map(_law, found["laws"])),
        _listed("Facts", map(_fact, found["facts"])),
    ]
    return "\n".join(part for part in parts if part)


def _listed(title: str, lines: Any) -> str:  # noqa: ANN401 - any iterable of text
    text = "".join(f"- {line}\n" for line in lines)
    return f"{title}:\n\n{text}" if text else ""


def _company(row: Row) -> str:
    return f"{row['name']} ({row['jurisdiction'] or 'seat unknown'})"


def _behind(row: Row) -> str:
    role = row["role"].replace("_", " ")
    return f"{role}: {_company(row)}, known by {row['evidence'].replace('_', ' ')}, confidence {row['confidence']:g}"


def _law(row: Row) -> str:
    return f"{row['jurisdiction']}: {row['instrument']} {row['article'] or ''}".rstrip()


def _fact(row: Row) -> str:
    text = f"{row['text']} ({row['publisher']}, {row['date']})"
    return f"{text} <{row['url']}>" if row["url"] else text


def _organisations(knowledge: Knowledge) -> str:
    companies = {row["company"]: row for row in knowledge.rows("companies")}
    prefixes = knowledge.table("prefixes").to_pylist()
    known = {row["organisation"]: companies.get(row["company"]) for row in prefixes}
    most = Counter(row["organisation"] for row in prefixes).most_common(MOST)
    resolved = [(name, n) for name, n in most if known[name]]
    n, of = sum(n for _, n in resolved), sum(n for _, n in most)
    rows = [(name, n, *_owner(known[name])) for name, n in most]
    return (
        f"{len(resolved)} of {MOST} are resolved ({n:,} of their {of:,} prefixes); "
        f"of {len({row['organisation'] for row in prefixes}):,} organisations in all "
        f"{sum(one is not None for one in known.values()):,}.\n\n"
        + table(("organisation", "prefixes", "company", "ultimate owner", "jurisdiction"), rows)
    )


def _owner(row: Row | None) -> tuple[str, str, str]:
    if row is None:
        return "unknown", "", ""
    return row["name"], row["owner_name"], row["owner_jurisdiction"] or "unknown"


def _vendors(knowledge: Knowledge) -> str:
    rows = Counter(row["vendor"] for row in knowledge.rows("kev"))
    known = {name for name in rows if knowledge.spellings.find(name)}
    n = sum(rows[name] for name in known)
    return (
        f"Of {len(rows)} names of vendors in the catalogue of known exploited vulnerabilities {len(known)} are a "
        f"company's; they stand in {n:,} of {rows.total():,} entries. "
        "The share of the CVE Program's records of connected devices stands on the page on "
        "[quality](knowledge-quality.md#companies-owners-names).\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(Knowledge.open()), "utf-8")
