"""Gather what the report of a scan says, from the scan's own tables, and write it as one HTML file.

Knowledge lends words only: titles, the profile's sentence, instruments of law, credits. Numbers come from the scan.
"""

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.members import owners
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge, knowledge_root
from beholden.knowledge.facts import load_sources
from beholden.knowledge.files import read_csv
from beholden.knowledge.profiles import load_profile
from beholden.model.errors import BeholdenError
from beholden.pipeline import totals
from beholden.pipeline.documents import Document, documents_of
from beholden.pipeline.laws import compelling
from beholden.pipeline.ranking import indexed, worst
from beholden.pipeline.scoring import read_settings
from beholden.pipeline.summary import label
from beholden.report import page
from beholden.score.explain_steps import recompute

ALL_SECTIONS = 200
MOST_SECTIONS = 100
"""Where there are more than `ALL_SECTIONS` devices, so many get a section of their own, the next a row of a table."""
MOST_ROWS = 500
"""Devices that are shown at all; of the others there are sums."""
MOST_UNKNOWN = 50
"""Devices of unknown brand or kind that are named."""
ALL_SUMS = 100
MOST_SUMS = 50
"""Where there are more than `ALL_SUMS` devices, only so many show their arithmetic: the page stays small."""
_OF_ROW = ("devices", "device_identifiers", "identifications", "attributions", "device_listings", "scores")
"""Tables that tell what a row says of a device; its section says what the others hold as well."""
_OF_SECTION = (
    "exposures", "device_flaws", "findings", "components", "contributions", "finding_evidence",
)  # fmt: skip
_ADDRESS_SOURCES = ("routeviews-dbip-asn", "nro-delegated-statistics")
"""Ids of knowledge/sources that tell owner and country of an address; they stand in no fact."""
_ATTRIBUTED = "CC-BY"


def write_report(store: Store, scan_id: str, knowledge: Knowledge, path: Path) -> Path:
    """Write the report of a scan as one self-contained HTML file, all or nothing, and give its path."""
    text = page.render(report_data(store, scan_id, knowledge))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=".report-", suffix=".html", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
    return path


def report_data(store: Store, scan_id: str, knowledge: Knowledge) -> Document:
    """Give everything the report is made from, as plain values: sums of all devices, documents of the worst."""
    run = store.read(scan_id, "runs").to_pylist()[0]
    ranked, kinds = indexed(store, scan_id), totals.known_kinds(store, scan_id)
    brands = totals.known_brands(store, scan_id)
    seated = totals.owner_seats(store, scan_id)
    listings = totals.listings(store, scan_id)
    flows = totals.exchanged(store, scan_id, kinds)
    known = {
        "brand": totals.n_devices(brands),
        "kind": totals.n_devices(kinds),
        "seat": sum(row["n_devices"] for row in seated if row["jurisdiction"]),
        "sends": totals.senders(store, scan_id),
        "listed": listings["n_devices"],
    }
    both = pc.and_(
        *(pc.is_in(ranked["like_id"], one["device_id"].combine_chunks()) for one in (kinds, brands))
    )
    unknown = ranked.filter(pc.invert(both))
    shown, questions = worst(ranked, MOST_ROWS), worst(unknown, MOST_UNKNOWN)
    n_sections = len(shown) if len(shown) <= ALL_SECTIONS else MOST_SECTIONS
    n_sums = len(shown) if len(shown) <= ALL_SUMS else MOST_SUMS
    named = sorted({*shown, *questions})
    tables = {name: store.read(scan_id, name, devices=named) for name in _OF_ROW}
    documents = {one["device"]: _row(one) for one in documents_of(tables)}
    tables |= {name: store.read(scan_id, name, devices=shown[:n_sections]) for name in _OF_SECTION}
    seats = {row["jurisdiction"] for row in [*seated, *flows["destinations"]]}
    texts, law_facts = _texts(knowledge, run, sorted(seat for seat in seats if seat))
    return {
        "run": run,
        "evidence": store.read(scan_id, "evidence").to_pylist(),
        "n_devices": ranked.num_rows,
        "known": known,
        "owners": seated,
        "kind_counts": totals.by_kind(kinds),
        "devices": [documents[one] for one in shown],
        "unknown": {"n_devices": unknown.num_rows, "devices": [documents[one] for one in questions]},
        "companies": totals.companies(store, scan_id),
        "flows": flows,
        "listings": listings,
        "rollups": _all_devices(store, scan_id, "rollups"),
        "bins": _all_devices(store, scan_id, "rollup_bins"),
        "bounds": totals.risk_bounds(store, scan_id),
        "wanted": totals.wanted(store, scan_id),
        "proofs": _proofs(shown[:n_sections], n_sums, tables, run["settings"]),
        "facts": store.read(scan_id, "facts").to_pylist() + law_facts,
        **texts,
    }


def _row(document: Document) -> Document:
    """Give what a row says of a device; what it exchanges and what was found stands with its proof."""
    risks = {
        category: {name: value for name, value in risk.items() if name != "findings"}
        for category, risk in document["risks"].items()
    }
    kept = {name: value for name, value in document.items() if name != "clouds"}
    return kept | {"label": label(document), "risks": risks}


def _all_devices(store: Store, scan_id: str, table: str) -> list[Document]:
    rows = store.read(scan_id, table)
    kept: list[Document] = rows.filter(pc.equal(rows["dimension"], "all")).to_pylist()
    return kept


def _grouped(rows: Iterable[Document], key: str) -> dict[str, list[Document]]:
    groups: dict[str, list[Document]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _proofs(
    devices: list[str], n_sums: int, tables: Mapping[str, pa.Table], settings: str
) -> dict[str, Document]:
    """Give for each device its rows of every table, and for the first of them the sums of their risks done again."""
    ids = pa.array(devices, pa.string())
    kept = {name: rows.filter(pc.is_in(owners(rows), ids)) for name, rows in tables.items()}
    rests = _grouped(kept.pop("finding_evidence").to_pylist(), "finding_id")
    held = {name: _grouped(rows.to_pylist(), "device_id") for name, rows in kept.items()}
    proofs = {}
    for place, device in enumerate(devices):
        proof: Document = {name: groups[device] for name, groups in held.items()}
        for row in proof["findings"]:
            row["rests_on"] = rests[row["finding_id"]]
        is_summed = place < n_sums
        proof["sums"] = _sums(proof["scores"], proof["contributions"], settings) if is_summed else None
        proofs[device] = proof
    return proofs


def _sums(scores: list[Document], contributions: list[Document], settings: str) -> dict[str, Document]:
    chosen, by_category = read_settings(settings), _grouped(contributions, "category")
    sums = {}
    for row in scores:
        again = recompute(by_category[row["category"]], row["category"], row["impact"], chosen)
        gap = max(abs(row[name] - value) for name, value in again.results.items())
        sums[row["category"]] = {
            "steps": [{"name": one.name, "text": one.text, "value": one.value} for one in again.steps],
            "results": dict(again.results),
            "gap": gap,
        }
    return sums


def _texts(knowledge: Knowledge, run: Document, seats: list[str]) -> tuple[Document, list[Document]]:
    """Give the words that knowledge lends, and the facts of the instruments of law among them."""
    profile = None
    with suppress(BeholdenError):  # a profile of the user's own is not at hand here
        profile = asdict(load_profile(knowledge, run["profile"]))
    regimes = compelling(knowledge, run["started_at"].date().isoformat(), seats)
    facts = knowledge.table("facts")
    ids = pa.array([row["fact_id"] for row in regimes], pa.string())
    sources = load_sources(knowledge_root())
    texts = {
        "profile": profile,
        "regimes": regimes,
        "kinds": {row["kind"]: row["title"] for row in knowledge.rows("kinds")},
        "lists": {row["list"]: row for row in knowledge.rows("lists")},
        "propositions": _propositions(knowledge.rows("rules")),
        "parents": _parents(knowledge),
        "countries": _countries(),
        "credits": [
            asdict(source) for name, source in sources.items()
            if name in _ADDRESS_SOURCES or source.licence.startswith(_ATTRIBUTED)
        ],
        "address_sources": list(_ADDRESS_SOURCES),
    }  # fmt: skip
    return texts, facts.filter(pc.is_in(facts["fact_id"], ids)).to_pylist()


def _countries() -> dict[str, str]:
    """Give the short names of countries: ISO writes "X, Y of", which is X where no other is called so, else Y of X."""
    names = {row["iso2"]: row["name"] for row in read_csv(knowledge_root(), "places/countries.csv")}
    heads = Counter(name.partition(", ")[0] for name in names.values())
    return {code: _short(*name.partition(", ")[::2], heads) for code, name in names.items()}


def _short(head: str, tail: str, heads: Counter[str]) -> str:
    return head if heads[head] == 1 else f"{tail} {head}".strip()


def _propositions(rules: list[Document]) -> dict[str, str]:
    """Give a title for each category.proposition: that of the rule of its name, else that of its first rule."""
    titles: dict[str, str] = {}
    for row in sorted(rules, key=_by_name):
        titles.setdefault(f"{row['category']}.{row['proposition']}", row["title"])
    return titles


def _by_name(rule: Document) -> tuple[bool, str]:
    slug = str(rule["rule_id"]).partition(".")[2]
    return slug.replace("-", "_") != rule["proposition"], str(rule["rule_id"])


def _parents(knowledge: Knowledge) -> Mapping[str, Any]:
    """Give for each company the name of its ultimate owner, where that is another."""
    return {
        row["company"]: row["owner_name"]
        for row in knowledge.rows("companies")
        if row["owner"] != row["company"]
    }
