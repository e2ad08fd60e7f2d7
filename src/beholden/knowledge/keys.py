"""What makes a row of a pack the same row: its key, by which packs overrule it and differences are told."""

from collections.abc import Mapping

from beholden.knowledge.companies import COMPANY_PACKS

PACK_KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COMPANY_PACKS, ("company",)),
    "companies/aliases.csv": ("alias",),
    "companies/relations.csv": ("child", "parent", "relation"),
    "companies/white_labels.csv": ("brand", "maker", "product_class"),
    "parts/bluetooth_rulings.csv": ("property", "number"),
    "parts/oui_rulings.csv": ("organisation", "prefix"),
    "parts/cellular_modules.csv": ("reads", "value"),
    "parts/chips.csv": ("reads", "value"),
    "parts/usb_ids.csv": ("vendor", "product"),
    "parts/card_issuers.csv": ("prefix",),
    "parts/mobile_networks.csv": ("network",),
    "clouds/domains.csv": ("suffix",),
    "listings/lists.csv": ("list",),
    "listings/listings.csv": ("list", "company", "named_as", "product_class"),
    "law/regimes.csv": ("regime",),
    "law/regime_function.csv": ("field", "value"),
    "law/vulnerability_function.csv": ("value",),
    "law/blocs.csv": ("bloc", "member"),
    "places/countries.csv": ("iso2",),
    "places/deployments.csv": ("deployment",),
    "places/grouping_names.csv": ("grouping",),
    "places/groupings.csv": ("grouping", "member", "since"),
    "standards/standards.csv": ("standard",),
    "article/claims.csv": ("claim",),
    "rules/signals.csv": ("signal",),
    "vocabulary/card_classes.csv": ("kind",),
    "vocabulary/card_columns.csv": ("name",),
    "vocabulary/authorities.csv": ("organisation",),
    "vocabulary/containments.csv": ("containment",),
    "vocabulary/contents.csv": ("content",),
    "vocabulary/country_names.csv": ("name",),
    "vocabulary/criticality_names.csv": ("name",),
    "vocabulary/impacts.csv": ("kind", "category"),
    "vocabulary/interfaces.csv": ("property", "value"),
    "vocabulary/indicator_kinds.csv": ("kind",),
    "vocabulary/indicator_markings.csv": ("id",),
    "vocabulary/indicator_types.csv": ("form", "type"),
    "vocabulary/indicator_words.csv": ("word",),
    "vocabulary/inventory_columns.csv": ("property", "name"),
    "vocabulary/kind_names.csv": ("name",),
    "vocabulary/kinds.csv": ("kind",),
    "vocabulary/legal_forms.csv": ("form",),
    "vocabulary/maker_evidence.csv": ("evidence",),
    "vocabulary/old_software.csv": ("property", "beginning"),
    "vocabulary/product_words.csv": ("word",),
    "vocabulary/recog_fields.csv": ("param", "field"),
    "vocabulary/recog_files.csv": ("file",),
    "vocabulary/sectors.csv": ("reads", "value"),
    "vocabulary/remediation.csv": ("is_exploited", "is_exposed", "is_automatable", "is_total"),
}
"""Key columns of each CSV pack."""

TABLE_KEYS: dict[str, tuple[str, ...]] = {
    "companies": ("company",),
    "aliases": ("spelling", "company"),
    "domains": ("suffix",),
    "prefixes": ("prefix",),
    "parts": ("reads", "value"),
    "card_rules": ("rule_id",),
    "card_classes": ("kind",),
    "card_issuers": ("prefix",),
    "mobile_networks": ("network",),
    "lists": ("list",),
    "listings": ("list", "company", "named_as", "product_class"),
    "regimes": ("regime", "binds"),
    "groupings": ("grouping", "member", "since"),
    "deployments": ("deployment",),
    "standards": ("standard",),
    "claims": ("claim",),
    "white_labels": ("spelling", "maker", "product_class"),
    "signals": ("signal",),
    "interfaces": ("property", "value"),
    "contents": ("content",),
    "sectors": ("reads", "value"),
    "old_software": ("property", "beginning"),
    "authorities": ("organisation",),
    "indicator_kinds": ("kind",),
    "indicator_markings": ("id",),
    "indicator_types": ("form", "type"),
    "indicator_words": ("word",),
    "kinds": ("kind",),
    "rules": ("rule_id",),
    "conditions": ("rule_id",),
    "impacts": ("kind", "category"),
    "kind_names": ("name",),
    "fingerprints": ("fingerprint_id", "field"),
    "ieee": ("prefix",),
    "bluetooth": ("property", "number"),
    "stranger_words": ("word",),
    "kev": ("cve",),
    "flaws": ("cve",),
    "product_words": ("word",),
    "remediation": ("is_exploited", "is_exposed", "is_automatable", "is_total"),
    "asn": ("asn",),
    "epss": ("cve",),
    "usb_ids": ("vendor", "product"),
    "recog": ("recog_id",),
}
"""Key columns of each compiled table; of a table that is not here every column is its key."""


def siblings(pack: str) -> tuple[str, ...]:
    """Give the packs that share their keys with a pack, itself among them."""
    return COMPANY_PACKS if pack in COMPANY_PACKS else (pack,)


def key_of(pack: str, cells: Mapping[str, str]) -> tuple[str, ...]:
    """Give the key of a row of a CSV pack; case does not matter."""
    return tuple((cells.get(name) or "").strip().casefold() for name in PACK_KEYS[pack])
