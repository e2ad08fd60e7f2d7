"""Compile knowledge once into Parquet: packs in, checked tables out, written aside and renamed."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.knowledge.advised import load_advised
from beholden.knowledge.bluetooth import bluetooth_fingerprints
from beholden.knowledge.cards import (
    load_card_classes,
    load_card_issuers,
    load_card_rules,
    load_mobile_networks,
)
from beholden.knowledge.claims import load_claims
from beholden.knowledge.clouds import load_domains, load_prefixes
from beholden.knowledge.companies import Companies, chain_rows, load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import read_csv
from beholden.knowledge.fingerprints import compile_fingerprints
from beholden.knowledge.flaws import load_flaws
from beholden.knowledge.indicators.vocabulary import load_vocabulary
from beholden.knowledge.law import load_regimes
from beholden.knowledge.listings import load_listings, load_lists
from beholden.knowledge.matching import Matcher, stranger_words
from beholden.knowledge.own_rules import load_conditions
from beholden.knowledge.parts import load_parts
from beholden.knowledge.places import load_deployments, load_groupings
from beholden.knowledge.recog import recog_fingerprints
from beholden.knowledge.rules import expand_applies, load_impacts, load_kinds, load_rules, load_signals
from beholden.knowledge.schemas import SCHEMAS
from beholden.knowledge.sectors import load_sectors
from beholden.knowledge.sigma_rows import load_sigma
from beholden.knowledge.signs import load_authorities, load_contents, load_old_software
from beholden.knowledge.standards import load_standards
from beholden.knowledge.support import load_support
from beholden.knowledge.white_labels import load_white_labels

MANIFEST = "manifest.json"
OF_OTHERS = ("indicators", "sigma")
"""Folders of lists and rules of others, which are kept as they were written and read by a scan."""


def files_of(root: Path) -> Iterator[Path]:
    """Give the files of a knowledge folder in order."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def quick_key(root: Path) -> str:
    """Hash names, sizes and times of the files: cheap, and enough to see a change."""
    digest = hashlib.sha256()
    for path in files_of(root):
        stat = path.stat()
        digest.update(f"{path.relative_to(root)}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def content_key(root: Path) -> str:
    """Hash names and contents of the files: the id of this state of knowledge."""
    digest = hashlib.sha256()
    for path in files_of(root):
        digest.update(f"{path.relative_to(root)}\x1f".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def compile_all(root: Path) -> dict[str, pa.Table]:
    """Load and check every pack; raises KnowledgeError for the first row that cannot be taken."""
    ledger = Ledger(load_sources(root))
    companies = load_companies(root, ledger)
    kinds = load_kinds(root)
    rules = load_rules(root, ledger)
    lists = load_lists(root, ledger)
    tables = {
        "companies": _table("companies", chain_rows(companies)),
        "aliases": _aliases(companies),
        "white_labels": _table("white_labels", load_white_labels(root, ledger, companies, kinds)),
        "domains": _table("domains", load_domains(root, ledger, companies)),
        "prefixes": load_prefixes(root, ledger, companies),
        "parts": load_parts(root, ledger, companies),
        "card_rules": _table("card_rules", load_card_rules(root, ledger)),
        "card_classes": _table("card_classes", load_card_classes(root, ledger, kinds)),
        "card_issuers": _table("card_issuers", load_card_issuers(root, ledger, companies)),
        "mobile_networks": _table("mobile_networks", load_mobile_networks(root, ledger, companies)),
        "lists": _table("lists", lists),
        "listings": _table("listings", load_listings(root, ledger, companies, lists, kinds)),
        "regimes": _table("regimes", load_regimes(root, ledger)),
        "groupings": _table("groupings", load_groupings(root, ledger)),
        "deployments": _table("deployments", load_deployments(root, ledger, companies)),
        "standards": _table("standards", load_standards(root, ledger)),
        "claims": _table("claims", load_claims(root, ledger)),
        "signals": _table("signals", load_signals(root)),
        "interfaces": _interfaces(root, ledger),
        "contents": _table("contents", load_contents(root, ledger)),
        **{name: _table(name, rows) for name, rows in load_vocabulary(root, ledger).items()},
        **{name: _table(name, rows) for name, rows in load_sigma(root, ledger).items()},
        "advised_models": _table("advised_models", load_advised(root, ledger, companies, kinds)),
        "support": _table("support", load_support(root, ledger, companies)),
        "old_software": _table("old_software", load_old_software(root, ledger)),
        "authorities": _table("authorities", load_authorities(root, ledger)),
        "sectors": _table("sectors", load_sectors(root, ledger, kinds)),
        "kinds": _table("kinds", kinds),
        "rules": _table("rules", rules),
        "conditions": _table("conditions", load_conditions(root)),
        "applies": _table("applies", expand_applies(rules, kinds)),
        "impacts": _table("impacts", load_impacts(root, ledger, kinds)),
        "kind_names": _names(root, "vocabulary/kind_names.csv"),
        "legal_forms": pa.table({"form": pa.array(sorted(companies.spellings.legal_forms), pa.string())}),
        "fingerprints": _fingerprints(root, ledger, companies),
    }
    tables["stranger_words"] = _stranger_words(tables["prefixes"], companies)
    tables |= load_flaws(root, ledger, _matching(tables["stranger_words"], companies))
    tables["facts"] = ledger.table()
    return tables


def build(root: Path, out: Path, on_start: Callable[[], None] | None = None) -> None:
    """Compile knowledge into a folder of Parquet files, all or nothing."""
    if on_start is not None:
        on_start()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="building-", dir=out.parent))
    try:
        tables = compile_all(root)
        for name, table in tables.items():
            pq.write_table(table, aside / f"{name}.parquet", compression="zstd")
        for path in sorted((root / "registries").glob("*.parquet")):
            if path.stem not in tables:
                shutil.copyfile(path, aside / path.name)
        for path in (root / "vocabulary" / "claims.toml", *sorted((root / "profiles").glob("*.toml"))):
            shutil.copyfile(path, aside / path.name)
        for name in OF_OTHERS:
            if (root / name).is_dir():
                shutil.copytree(root / name, aside / name)
        counts = {name: table.num_rows for name, table in tables.items()}
        manifest = {"knowledge_id": content_key(root), "rows": counts}
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        _put(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put(aside: Path, out: Path) -> None:
    try:
        aside.rename(out)
    except OSError:  # another process put the same knowledge there first
        if not (out / MANIFEST).exists():
            raise


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Make a table of its schema; raises ValueError for a row of other columns, which would be lost."""
    schema = SCHEMAS[name]
    if any(row.keys() != set(schema.names) for row in rows):
        raise ValueError(f"{name} has other columns than its schema")
    return pa.Table.from_pylist(rows, schema=schema)


def _stranger_words(prefixes: pa.Table, companies: Companies) -> pa.Table:
    """Give the words of organisations that are none of the companies, by which names are compared."""
    names = pc.unique(prefixes["organisation"]).drop_null().to_pylist()
    words = stranger_words(names, companies.spellings)
    return _table("stranger_words", [{"word": word, "n": n} for word, n in sorted(words.items())])


def _matching(words: pa.Table, companies: Companies) -> Callable[[str], str | None]:
    """Give what names the company of a vendor as records spell it."""
    matcher = Matcher(companies.spellings, dict(zip(*words.to_pydict().values(), strict=True)))
    return lambda vendor: matcher.match(vendor).company


def _aliases(companies: Companies) -> pa.Table:
    """Give spelling, company and fact; a bare spelling, without its legal form, counts where no whole one does."""
    book = companies.spellings
    rows = [
        {"spelling": spelling, "company": company, "is_whole": True,
         "fact_id": companies.spelling_facts.get((spelling, company), companies.companies[company].fact_id)}
        for spelling, company in sorted(book.whole.items())
    ]  # fmt: skip
    rows += [
        {
            "spelling": spelling,
            "company": company,
            "is_whole": False,
            "fact_id": companies.companies[company].fact_id,
        }
        for spelling, bearers in sorted(book.bare.items())
        for company in sorted(bearers)
    ]
    return _table("aliases", rows)


def _fingerprints(root: Path, ledger: Ledger, companies: Companies) -> pa.Table:
    """Give our own fingerprints, those of Bluetooth's numbers, and recog's, whose rows stand on one fact together."""
    assigned = bluetooth_fingerprints(root, ledger, companies)
    own = pa.concat_tables([compile_fingerprints(root, ledger), assigned])
    path = root / "registries" / "recog.parquet"
    if not path.exists():
        return own
    foreign = recog_fingerprints(pq.read_table(path), root, companies.find, ledger.date_of("recog"))
    fact_id = ledger.enter("registries/recog.parquet", "recog", {"source": "recog"}, "recog fingerprint")
    return pa.concat_tables(
        [
            own,
            foreign.set_column(
                foreign.column_names.index("fact_id"),
                "fact_id",
                pa.repeat(pa.scalar(fact_id), foreign.num_rows),
            ),
        ]
    )


def _names(root: Path, pack: str) -> pa.Table:
    rows = [(row["name"], row["kind"]) for row in read_csv(root, pack)]
    return pa.table(
        {
            "name": pa.array([name for name, _ in rows], pa.string()),
            "kind": pa.array([kind for _, kind in rows], pa.string()),
        }
    )


def _interfaces(root: Path, ledger: Ledger) -> pa.Table:
    """Give local interfaces that follow an open standard, by what a device shows of them."""
    columns: dict[str, list[str]] = {"property": [], "value": [], "standard": [], "fact_id": []}
    for row in read_csv(root, "vocabulary/interfaces.csv"):
        text = f"{row['property']} {row['value']} shows {row['standard']}, an open standard"
        for name in ("property", "value", "standard"):
            columns[name].append(row[name])
        columns["fact_id"].append(ledger.add(row, text))
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
