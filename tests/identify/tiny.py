"""A small compiled knowledge: invented companies, jurisdictions and names, with the shipped rules and claims."""

import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from tests.knowledge.folder import COMPANY_HEAD, RELATION_HEAD, ROOT, SOURCES, put

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import compile_all
from beholden.knowledge.flaws import flaw_tables

COMPANIES = f"""{COMPANY_HEAD}
acme,Acme,Acme Works Ltd,QM,,brand maker,s,,2026
adco,Adco,Adco Inc,QP,,operator,s,,2026
chipco,Chipco,Chipco Inc,QM,,chip,s,,2026
free,Free,Free Devices Ltd,QF,,brand maker,s,,2026
holding,Holding,Holding plc,QN,,holding state,s,,2026
hosting,Hosting,Hosting Inc,QO,,cloud,s,,2026
modco,Modco,Modco Ltd,QM,,module,s,,2026
odmco,Odmco,Odmco Ltd,QM,,odm maker,s,,2026
shield,Shield,Shield Brand Inc,QO,,brand,s,,2026
"""
RELATIONS = f"""{RELATION_HEAD}
acme,holding,owned_by,1,2020,,s,,2026
shield,acme,brand_of,,2020,,s,,2026
"""
DOMAINS = """suffix,operator,service,is_hosting,note,source,url,date
ads.example,adco,advertising,no,,s,,2026
control.acme.example,acme,control,no,,s,,2026
control.free.example,free,control,no,,s,,2026
store.acme.example,acme,store,no,,s,,2026
tenants.example,hosting,platform,yes,,s,,2026
update.acme.example,acme,update,no,,s,,2026
"""
MODULES = """reads,value,company,model,note,source,url,date
manufacturer,MODCO,modco,,,s,,2026
model,MC12,modco,MC12,,s,,2026
revision,MC12R,modco,MC12,,s,,2026
tac,35555555,modco,MC12,,s,,2026
user_agent,ModcoHTTP,modco,,,s,,2026
"""
USB = """vendor,product,company,role,model,note,source,url,date
1a2b,,acme,maker,,,s,,2026
1a2b,00ff,modco,module,MC12,,s,,2026
1a2c,,chipco,chip,,,s,,2026
"""
PRINTS = """property: {name}
fingerprints:
  - id: {slug}
    match: {match}
    pattern: '{pattern}'
    set: {{{sets}}}
    confidence: 0.8
    source: s
    url: ''
    date: 2026-01-02
    examples:
      - {{value: {pattern}, expect: {{{sets}}}}}
    counterexamples: []
"""
LAWS = """regime,jurisdiction,instrument,article,in_force_from,in_force_to,compelled_access,secrecy_duty,\
extraterritorial,capability_duty,vulnerability_to_state,vulnerability_hours,review,summary,source,url,date
m,QM,Act of M,7,2020,,executive,yes,nationality,yes,on_discovery,48,none,Text,s,,2026
n,QN,Act of N,8,2020,,court,no,none,no,none,,ex_ante_judge,Text,s,,2026
o,QO,Act of O,9,2020,,court,yes,none,no,after_exploit,,ex_ante_judge,Text,s,,2026
"""
LISTS = """list,title,regulator,jurisdiction,legal_basis,obliges,source,url,date
in-force,The list,R,QO,B,Do not buy.,s,,2026
elsewhere,Another list,R,QP,B,Do not buy.,s,,2026
"""
LISTINGS = """list,company,named_as,product_class,condition,includes_affiliates,since,until,source,url,date
elsewhere,free,Free Devices,,,no,2021,,s,,2026
in-force,holding,Holding plc,,,yes,2021,,s,,2026
in-force,free,Free Devices,,,no,2001,2005,s,,2026
"""
PREFIXES = (
    ("001122", "Acme Works Ltd"),
    ("00AA00", "Chipco Inc"),
    ("00BB00", "Odmco"),
    ("00CC00", "Nobody knows"),
)
_AFFECTED = {"status": "affected", "versionType": "custom"}
FLAWS = (
    (
        "CVE-1-1",
        9.8,
        ("active", "yes", "total"),
        "AC-100 firmware",
        [_AFFECTED | {"version": "1.0", "lessThan": "1.4.2"}],
    ),
    (
        "CVE-1-3",
        5.0,
        ("poc", "no", "partial"),
        "Acme Works AC-100",
        [_AFFECTED | {"version": "0", "lessThanOrEqual": "2.0"}],
    ),
    (
        "CVE-1-4",
        7.5,
        ("none", "yes", "total"),
        "WorkOS",
        [_AFFECTED | {"version": "All versions < V5.5.82 build 190909"}],
    ),
    ("CVE-1-5", 7.5, ("none", "no", "partial"), "AC-300", [_AFFECTED | {"version": "*"}]),
)
"""CVE id, CVSS, SSVC, product and versions of published flaws."""


SUPPORT = """name,company,cycle,released,support_end,eol,note,source,url,date
AC-100,acme,,,,2025-12-31,,s,,2026
Kernel,,2.6,,,2020-01-01,,s,,2026
WorkOS,acme,5,,,2026-01-01,,s,,2026
WorkOS,acme,5.5,,2020-01-01,2026-01-02,,s,,2026
WorkOS,acme,6,,,,,s,,2026
"""
ADVISED = """model,company,campaign,begins,kinds,note,source,url,date
AC-100,acme,Net,,,,s,,2026
Q9,,Net,,camera,,s,,2026
RB-9,acme,Net,yes,,,s,,2026
"""
SUPPORTED = """product,name,company,is_firmware,is_upstream
kernel,Kernel,,,yes
workos,WorkOS,acme,yes,
"""


def write(root, laws=LAWS, companies=COMPANIES, listings=LISTINGS):
    """Write the folder: own facts, and shipped vocabulary, functions, rules and their sources."""
    for name in ("rules", "sources", "vocabulary"):
        shutil.copytree(ROOT / name, root / name)
    (root / "vocabulary/companies.csv").unlink()
    for name in ("regime_function", "vulnerability_function"):
        put(root, f"law/{name}.csv", (ROOT / f"law/{name}.csv").read_text("utf-8"))
    put(root, "sources/tiny.toml", SOURCES)
    put(root, "companies/companies.csv", companies)
    put(root, "companies/relations.csv", RELATIONS)
    put(root, "clouds/domains.csv", DOMAINS)
    put(root, "parts/cellular_modules.csv", MODULES)
    put(root, "parts/usb_ids.csv", USB)
    put(root, "parts/advised_models.csv", ADVISED)
    put(root, "parts/support.csv", SUPPORT)
    put(root, "vocabulary/supported.csv", SUPPORTED)
    put(root, "law/regimes.csv", laws)
    put(root, "listings/lists.csv", LISTS)
    put(root, "listings/listings.csv", listings)
    prints = (
        ("dhcp.hostname", "cam", "prefix", "acmecam", "brand: acme, kind: camera, model: AC-100"),
        ("dns.query", "asks", "domain", "control.acme.example", "brand: acme"),
        ("ssdp.server", "module", "prefix", "modco", "module_maker: modco"),
        ("tls.ja4", "library", "prefix", "t13d1909", "library: Some TLS"),
    )
    for name, slug, match, pattern, sets in prints:
        text = PRINTS.format(name=name, slug=slug, match=match, pattern=pattern, sets=sets)
        put(root, f"fingerprints/{name}.yaml", text)
    (root / "registries").mkdir()
    columns = {"prefix": [one for one, _ in PREFIXES], "organisation": [one for _, one in PREFIXES]}
    table = pa.table({**columns, "country": pa.nulls(len(PREFIXES), pa.string())})
    pq.write_table(table, root / "registries/ieee.parquet")
    for name, flaws in flaw_tables(_published(root / "flaws.jsonl.gz")).items():
        pq.write_table(flaws, root / f"registries/{name}.parquet")


def _published(path):
    """Write FLAWS as the CVE Program's records are kept: one JSON document a line."""
    rated = ("Exploitation", "Automatable", "Technical Impact")
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for cve, base, ssvc, product, versions in FLAWS:
            affected = [{"vendor": "Acme Works", "product": product, "versions": versions}]
            document = {
                "cve": cve,
                "published": "2020-01-02T00:00:00Z",
                "cvss": {"base": base},
                "affected": affected,
            }
            out.write(json.dumps(document | {"ssvc": dict(zip(rated, ssvc, strict=True))}) + "\n")
    return path


def _ranges(column, kind, *rows):
    made = {
        "family": pa.array([4] * len(rows), pa.int8()),
        "start4": pa.array([row[0] << 24 for row in rows], pa.uint32()),
        "end4": pa.array([(row[0] << 24) + (1 << 24) - 1 for row in rows], pa.uint32()),
        "start6": pa.nulls(len(rows), pa.binary(16)),
        "end6": pa.nulls(len(rows), pa.binary(16)),
    }
    return pa.table({**made, column: pa.array([row[1] for row in rows], kind)})


@cache
def knowledge(laws=LAWS, companies=COMPANIES, listings=LISTINGS):
    """Give the compiled folder, with registries of addresses: 50.0.0.0/8 in QM, 60.0.0.0/8 in QO."""
    made = Knowledge(ROOT / "vocabulary")
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "knowledge"
        write(root, laws, companies, listings)
        made._tables = compile_all(root)
    made._tables |= {
        "ip_asn": _ranges("asn", pa.int64(), (50, 5), (60, 6), (80, 8), (81, 9), (82, 10)),
        "ip_country": _ranges("country", pa.string(), (50, "QM"), (60, "QO")),
        "asn": pa.table({"asn": pa.array([5, 6], pa.int64()), "organisation": ["Net M", "Net O"]}),
        "kev": pa.table(
            {
                "vendor": ["ACME Works", "Acme", "Acme"],
                "product": ["AC-100 Camera", "ZZ-9", "XQ9 Camera"],
                "cve": ["CVE-1-1", "CVE-1-2", "CVE-1-6"],
                "company": ["acme", "acme", "acme"],
            }
        ),
    }
    return made
