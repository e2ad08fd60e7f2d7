"""A knowledge folder of a few rows, for tests that break one of them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "knowledge"

SOURCES = """
[sources.s]
title = "A page"
publisher = "A publisher"
url = "https://publisher.example/page"
date = "2026-01-02"
licence = "CC0-1.0"
grade = "official"
"""
COMPANY_HEAD = "company,name,legal_name,jurisdiction,registered_in,roles,source,url,date"
COMPANIES = f"""{COMPANY_HEAD}
acme,Acme,Acme Works Ltd,QM,,brand maker,s,,2026
holding,Holding,Holding plc,QN,,holding,s,,2026-01
shield,Shield,Shield Brand Inc,QO,,brand,s,,2026-01-03
"""
ALIAS_HEAD = "company,alias,source,date"
RELATION_HEAD = "child,parent,relation,share,valid_from,valid_to,source,url,date"
RELATIONS = f"""{RELATION_HEAD}
acme,holding,owned_by,1,2020,,s,,2026
shield,acme,brand_of,,2020,,s,,2026
"""
RULE = """
id: {category}.{name}
title: "A title"
category: {category}
factor: {factor}
proposition: {proposition}
weight: "{weight}"
base_rate: "0.2"
half_life_days: ""
signal: {signal}
strength: "signal"
applies_to: [{applies_to}]
attack: ""
says: "It is so: {{detail}}."
rationale: "Because."
source: {source}
url: ""
date: "{date}"
owner: nobody
"""


def put(root, pack, text):
    """Write one pack."""
    path = root / pack
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return root


def put_rule(root, name, **fields):
    """Write one rule."""
    stated = {
        "category": "coercion",
        "factor": "L",
        "proposition": "held",
        "weight": "0.4",
        "signal": "controller.compelled",
        "applies_to": "all",
        "source": "s",
        "date": "2026-01-02",
    } | fields
    return put(root, f"rules/{stated['category']}/{name}.yaml", RULE.format(name=name, **stated))


def start(root):
    """Write a folder that holds together."""
    put(root, "sources/one.toml", SOURCES)
    put(root, "vocabulary/legal_forms.csv", "form\nltd\nplc\ninc\n")
    put(root, "vocabulary/claims.toml", "[decide]\nthreshold = 0.5\n")
    put(root, "vocabulary/kinds.csv", "kind,parent,title,sensors,note\ncamera,,Camera,camera,\n")
    put(root, "companies/companies.csv", COMPANIES)
    put(root, "companies/aliases.csv", f"{ALIAS_HEAD}\nacme,Acme of the East,s,2026\n")
    return put(root, "companies/relations.csv", RELATIONS)
