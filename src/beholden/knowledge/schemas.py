"""Columns of the compiled tables, so that one without rows has them too."""

import pyarrow as pa

_TYPES = {
    "float": pa.float64(),
    "f32": pa.float32(),
    "flag": pa.bool_(),
    "int": pa.int64(),
    "u32": pa.uint32(),
    "i8": pa.int8(),
    "ip6": pa.binary(16),
}
_RANGES = "family:i8 start4:u32 end4:u32 start6:ip6 end6:ip6"
_COLUMNS = {
    "companies": "company name jurisdiction roles fact_id maker maker_name maker_jurisdiction maker_path owner "
    "owner_name owner_jurisdiction owner_path group",
    "aliases": "spelling company is_whole:flag fact_id",
    "white_labels": "brand name spelling maker role product_class evidence note valid_from valid_to fact_id "
    "confidence:float",
    "domains": "suffix operator service is_hosting:flag fact_id",
    "lists": "list title regulator jurisdiction obliges fact_id",
    "listings": "list title company named_as product_class kinds places place_of stages condition "
    "includes_affiliates:flag since until updates_until updates_fact_id fact_id",
    "regimes": "regime jurisdiction instrument article in_force_from in_force_to compelled_access review secrecy_duty "
    "extraterritorial vulnerability_to_state vulnerability_hours:float summary strength:float known_share:float "
    "flaw_strength:float fact_id binds",
    "groupings": "grouping title member since until fact_id",
    "deployments": "deployment country city project vendors vendor_named year status financier form amount:float "
    "currency fact_id",
    "standards": "standard title body jurisdiction openness licence certifier n_suppliers:int suppliers_basis "
    "local_control local_fact_id note fact_id",
    "claims": "claim lines sort text value unit value_date cited_publisher cited_date support finding fact_id",
    "contents": "content services ports title fact_id",
    "indicator_kinds": "kind half_life_days:float life_days:float confidence:float fact_id",
    "indicator_types": "form type kind",
    "indicator_words": "word signal confidence:float",
    "indicator_markings": "id marking",
    "sigma_fields": "logsource field over column",
    "sigma_levels": "word confidence:float fact_id",
    "sigma_tactics": "tactic category proposition contain",
    "old_software": "property beginning before reason fact_id",
    "authorities": "organisation fact_id",
    "sectors": "reads value sector fact_id",
    "signals": "signal meaning strength parameters",
    "kinds": "kind parent title sensors",
    "rules": "rule_id title category factor proposition weight:float base_rate:float half_life_days:float signal "
    "strength:float applies_to veto_floor:float attack says contain fact_id",
    "conditions": "rule_id signal over condition at_least:int seconds:int distinct step:int is_ordered:flag "
    "confidence:float",
    "applies": "kind category factor proposition weight:float base_rate:float",
    "impacts": "kind category impact:float fact_id",
    "parts": "reads value company role model fact_id",
    "card_rules": "rule_id title category signal parameters says contain action for_days:int fact_id",
    "card_classes": "kind mb_a_day:float mb_up_a_day:float sms_a_day:float fact_id",
    "card_issuers": "prefix issuer company country fact_id",
    "mobile_networks": "network company fact_id",
    "prefixes": "prefix organisation country company role fact_id",
    "stranger_words": "word n:int",
    "asn": "asn:u32 organisation",
    "ip_asn": f"{_RANGES} asn:u32",
    "ip_country": f"{_RANGES} country",
    "advised_models": "model company campaign kinds begins:flag fact_id",
    "support": "name company cycle released support_end eol is_firmware:flag is_upstream:flag is_system:flag fact_id",
    "support_cycles": "product cycle released support_end eol",
    "kev": "cve vendor product name date_added due_date ransomware company",
    "epss": "cve epss:f32 percentile:f32",
    "usb_ids": "vendor product vendor_name product_name",
}


def _schema(columns: str) -> pa.Schema:
    named = (column.partition(":") for column in columns.split())
    return pa.schema([(name, _TYPES[kind] if kind else pa.string()) for name, _, kind in named])


SCHEMAS = {table: _schema(columns) for table, columns in _COLUMNS.items()}
"""Schemas of the tables of packs, and of registries that may not be there; a column whose type is not said is text."""
