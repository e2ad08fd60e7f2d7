"""Every table that stages meet in: columns, types, units and one-line meanings.

Types are the small set that DuckDB, Spark and Arrow agree on. Instants are
microseconds since the epoch in UTC. The data dictionary in the docs is made
from this module.
"""

from beholden.model.columns import Table
from beholden.model.columns import always as _c
from beholden.model.columns import maybe as _n

_IDENTIFIERS = "mac, eui64, short, ip, hostname, serial, imei, iccid, imsi, asset, firmware"
_EVIDENCE = _c("evidence_id", "string", "SHA-256 of the evidence as it came, lower-case hex")
_LOCATOR_KIND = _c("locator_kind", "string", "what the locator counts: frame, row or line (first is 1)")
_LOCATOR = _c("locator", "int64", "place of first sight in the evidence")
_DEVICE = _c("device_id", "string", "content hash of the device's canonical identifier")
_FIRST = _n("first_seen_at", "timestamp", "first seen, UTC")
_LAST = _n("last_seen_at", "timestamp", "last seen, UTC")

EVIDENCE = Table(
    "evidence",
    "one input as it came",
    (
        _EVIDENCE,
        _c("kind", "string", "pcap, pcapng, csv, xlsx or parquet"),
        _c("name", "string", "path as it was given"),
        _c("size_bytes", "int64", "size as it came", "bytes"),
        _c("n_records", "int64", "packets or rows read"),
        _c("n_rejected", "int64", "packets or rows that could not be read"),
        _FIRST,
        _LAST,
        _n("note", "string", "what was wrong with it and what was done"),
    ),
)

OBSERVATIONS = Table(
    "observations",
    "one property of one subject with one value, as seen in one evidence",
    (
        _EVIDENCE,
        _LOCATOR_KIND,
        _LOCATOR,
        _c("subject_kind", "string", f"{_IDENTIFIERS}, ble, mud or product"),
        _c("subject", "string", "canonical text of the identifier"),
        _n("mac", "string", "link address that carried the packet, where subject is an IP"),
        _c("property", "string", "name from model.properties"),
        _c("value", "string", "value as seen, whitespace trimmed"),
        _c("n", "int64", "times seen"),
        _FIRST,
        _LAST,
    ),
)

FLOWS = Table(
    "flows",
    "one conversation in one evidence; the client spoke first",
    (
        _EVIDENCE,
        _c("locator", "int64", "first frame"),
        _c("protocol", "string", "tcp, udp, icmp, icmp6 or the IP protocol number as text"),
        _n("vlan", "int64", "outermost VLAN id"),
        _n("client_mac", "string", "link address of the client"),
        _n("server_mac", "string", "link address of the server"),
        _c("client_ip", "string", "address of the client"),
        _c("server_ip", "string", "address of the server"),
        _n("client_port", "int64", "port of the client"),
        _n("server_port", "int64", "port of the server"),
        _c("client_packets", "int64", "packets sent by the client"),
        _c("server_packets", "int64", "packets sent by the server"),
        _c("client_bytes", "int64", "bytes sent by the client, frame lengths", "bytes"),
        _c("server_bytes", "int64", "bytes sent by the server, frame lengths", "bytes"),
        _FIRST,
        _LAST,
        _c("n_syn", "int64", "TCP SYN without ACK from the client"),
        _n(
            "n_syn_marked",
            "int64",
            "of these, with the IPv4 address of the server as sequence number; null where a log cannot tell",
        ),
        _c("is_established", "bool", "both sides sent payload, or TCP handshake completed"),
        _n("server_name", "string", "DNS name that this client looked up for the server address"),
        _n("sni", "string", "server name in TLS or QUIC ClientHello"),
        _n("http_host", "string", "Host of the first HTTP request"),
        _n("ja4", "string", "JA4 of the ClientHello"),
        _n("client_device_id", "string", "device that the client is, after identify"),
        _n("server_device_id", "string", "device that the server is, after identify"),
    ),
)

LOOKUPS = Table(
    "lookups",
    "one address that a client was given for a DNS name",
    (
        _EVIDENCE,
        _LOCATOR,
        _c("client_ip", "string", "who asked"),
        _n("mac", "string", "link address of who asked"),
        _c("name", "string", "name asked for, lower case, no trailing dot"),
        _c("address", "string", "IP address in the answer"),
        _c("n", "int64", "times seen"),
        _FIRST,
        _LAST,
    ),
)

DEVICES = Table(
    "devices",
    "what entity resolution makes of subjects that are one thing",
    (
        _DEVICE,
        _n("site", "string", "site as stated by an inventory"),
        _n("country", "string", "country as stated by an inventory", "ISO 3166-1 alpha-2"),
        _n("business_unit", "string", "owner or business unit as stated"),
        _n("function", "string", "function it serves as stated"),
        _n("criticality", "float64", "criticality of that function", "0-1"),
        _c("is_router", "bool", "stands in front of others"),
        _c("is_randomised", "bool", "only known by locally administered link addresses"),
        _FIRST,
        _LAST,
    ),
)

DEVICE_IDENTIFIERS = Table(
    "device_identifiers",
    "one identifier of a device while it held",
    (
        _DEVICE,
        _c("identifier_kind", "string", _IDENTIFIERS),
        _c("identifier", "string", "canonical text"),
        _n("valid_from", "timestamp", "first seen, UTC"),
        _n("valid_to", "timestamp", "last seen, UTC"),
        _EVIDENCE,
        _LOCATOR_KIND,
        _LOCATOR,
    ),
)

IDENTIFICATIONS = Table(
    "identifications",
    "what a fingerprint says of one field of a device",
    (
        _DEVICE,
        _c(
            "field",
            "string",
            "brand, maker, model, kind, os, firmware, platform, library, module_maker, chip_maker",
        ),
        _c("value", "string", "the value; a company id for brand, maker, module_maker and chip_maker"),
        _c("confidence", "float64", "confidence in this one claim", "0-1"),
        _c("is_chosen", "bool", "won over the other claims for this field"),
        _c("fingerprint_id", "string", "fingerprint or registry that made the claim"),
        _n("fact_id", "string", "fact behind the fingerprint"),
        _EVIDENCE,
        _LOCATOR_KIND,
        _LOCATOR,
        _c("property", "string", "property of the observation it rests on"),
        _c("observed", "string", "value of that observation"),
    ),
)

COMPONENTS = Table(
    "components",
    "a part of a device",
    (
        _DEVICE,
        _c("role", "string", "module, chip, library or firmware"),
        _c(
            "name", "string", "name of the part as stated; a company id where a module or chip was identified"
        ),
        _n("version", "string", "version as stated"),
        _c("confidence", "float64", "confidence", "0-1"),
        _EVIDENCE,
        _LOCATOR_KIND,
        _LOCATOR,
    ),
)

ATTRIBUTIONS = Table(
    "attributions",
    "who made or runs a part of a device, and whose law they answer to",
    (
        _DEVICE,
        _c("role", "string", "brand, maker, owner, module_maker, chip_maker or cloud_operator"),
        _c("company_id", "string", "id in knowledge/companies"),
        _c("name", "string", "name shown"),
        _n("jurisdiction", "string", "seat whose law it answers to", "ISO 3166-1 alpha-2"),
        _c("confidence", "float64", "confidence", "0-1"),
        _c("path", "string", "fact ids from the identification to the company, joined by a space"),
    ),
)

EXPOSURES = Table(
    "exposures",
    "what flows from a device to one operator under one name and address owner",
    (
        _DEVICE,
        _n("operator_id", "string", "company that runs the name"),
        _n("jurisdiction", "string", "seat of that company's ultimate parent", "ISO 3166-1 alpha-2"),
        _n("service", "string", "as in knowledge/clouds/domains.csv: control, video, update, hosting …"),
        _n("domain", "string", "registrable domain or curated suffix"),
        _n("name", "string", "full name as seen"),
        _c("address", "string", "IP address of the destination"),
        _c("is_inbound", "bool", "the other side spoke first"),
        _n("asn", "int64", "autonomous system that announces the address"),
        _n("address_owner", "string", "organisation of that autonomous system"),
        _n("address_country", "string", "country the address is registered in", "ISO 3166-1 alpha-2"),
        _c("server_port", "int64", "port of the destination; 0 where the protocol has none"),
        _c("protocol", "string", "as in flows"),
        _c("bytes_up", "int64", "bytes sent by the device", "bytes"),
        _c("bytes_down", "int64", "bytes received by the device", "bytes"),
        _c("n_flows", "int64", "conversations"),
        _n("fact_id", "string", "fact that names the operator"),
        _EVIDENCE,
        _LOCATOR,
        _FIRST,
        _LAST,
    ),
)

DEVICE_LISTINGS = Table(
    "device_listings",
    "a regulator's list that names a company behind a device",
    (
        _DEVICE,
        _c("list", "string", "list in knowledge/listings"),
        _c("title", "string", "title of the list"),
        _c("entity", "string", "whom the list names, as it names it"),
        _n("since", "string", "since when", "ISO 8601"),
        _n("condition", "string", "condition on which the entry holds"),
        _c("is_binding", "bool", "the list is in force in the profile"),
        _c("role", "string", "role of the company, as in attributions"),
        _c("company_id", "string", "company behind the device"),
        _c("confidence", "float64", "confidence of the attribution", "0-1"),
        _c("fact_id", "string", "fact of the entry"),
        _c("path", "string", "fact ids from the identification to the company, joined by a space"),
    ),
)

DEVICE_FLAWS = Table(
    "device_flaws",
    "a published flaw that a device or a part of it has by its version, may have where the version is not known or not "
    "comparable, or of which somebody states whether it has it",
    (
        _DEVICE,
        _c("cve", "string", "CVE id, or the id that a statement gives"),
        _n("company_id", "string", "company whose product it is"),
        _c("product", "string", "the product, as the record or statement names it"),
        _n("cpe", "string", "CPE name of the product"),
        _c("name", "string", "model or system of the device, or part of it, that fits the product"),
        _n("version", "string", "version of the device's firmware or system, or of the part"),
        _n("component", "string", "the part as a bill of materials names it, null for the device itself"),
        _n("affected", "string", "versions that have the flaw"),
        _c(
            "status",
            "string",
            "affected, possible, or as stated: affected, under_investigation, fixed, not_affected",
        ),
        _c("is_affected", "bool", "status is affected"),
        _n("justification", "string", "why it is not affected, as stated (CSAF, OpenVEX, CycloneDX)"),
        _n("stated_by", "string", "who states the status; null where it follows from records and version"),
        _n("stated_at", "timestamp", "when it was stated, UTC"),
        *(
            _n(column.name, column.type, f"{column.meaning}, of the statement")
            for column in (_EVIDENCE, _LOCATOR_KIND, _LOCATOR)
        ),
        _n("cvss", "float64", "CVSS base score", "0-10"),
        _c("is_exploited", "bool", "on CISA's list of known exploited vulnerabilities"),
        _n("epss", "float64", "EPSS: chance of exploitation within 30 days", "0-1"),
        _n("exploitation", "string", "SSVC: none, poc or active"),
        _n("is_automatable", "bool", "SSVC: exploitation can be automated"),
        _n("is_total", "bool", "SSVC: exploitation gives total control"),
        _n(
            "due_if_exposed",
            "string",
            "time to fix where the device can be reached from the Internet, after CISA BOD 26-04",
        ),
        _n("due_if_internal", "string", "time to fix where it cannot"),
        _n("fact_id", "string", "fact of the flaw"),
    ),
)

FINDINGS = Table(
    "findings",
    "a rule that holds, or was looked at and does not hold, for a device",
    (
        _c("finding_id", "string", "device and rule, joined by a colon"),
        _DEVICE,
        _c("rule_id", "string", "rule in knowledge/rules"),
        _c("title", "string", "title of the rule"),
        _c("category", "string", "one of the eight risks"),
        _c("factor", "string", "V, R, L or O"),
        _c("proposition", "string", "statement that several rules can measure"),
        _c("weight", "float64", "weight of the proposition", "0-1"),
        _n("attack", "string", "ATT&CK id"),
        _c("strength", "float64", "how strongly it holds; 0 = looked and not there", "0-1"),
        _c("confidence", "float64", "confidence before ageing", "0-1"),
        _n("observed_at", "timestamp", "when the evidence was seen, UTC"),
        _c("detail", "string", "the rule's sentence, filled in"),
        _n("contain", "string", "what to do at once where it holds, before it is mended"),
        _c("path", "string", "fact ids it rests on besides its evidence, joined by a space"),
    ),
)

FINDING_EVIDENCE = Table(
    "finding_evidence",
    "one observation a finding rests on",
    (
        _c("finding_id", "string", "finding"),
        _EVIDENCE,
        _LOCATOR_KIND,
        _LOCATOR,
        _n("property", "string", "property observed"),
        _n("value", "string", "value observed"),
        _c("path", "string", "fact ids that read the observation so, joined by a space"),
    ),
)

MEMBERS = Table(
    "members",
    "which device's assessment stands for a device: what says the same is assessed and scored once",
    (
        _DEVICE,
        _c(
            "like_id",
            "string",
            "device whose identifications, attributions, exposures, listings and findings stand for it",
        ),
        _c("pattern_id", "string", "device whose contributions stand for it"),
        _c("unit_id", "string", "device whose scores stand for it: of the same pattern, and as critical"),
        _n(
            "evidence_id",
            "string",
            "evidence of the device's own record, where another record may stand for it",
        ),
        _n("locator_kind", "string", "how the locator counts"),
        _n("locator", "int64", "the device's own record"),
    ),
)

SCORES = Table(
    "scores",
    "a device under one of the eight risks",
    (
        _DEVICE,
        _c("category", "string", "one of the eight risks"),
        *(
            _c(f"{factor}_{bound}", "float64", f"factor {factor.upper()}, {bound}", "0-1")
            for factor in ("v", "r", "l", "o")
            for bound in ("lower", "point", "upper")
        ),
        _c("lower", "float64", "evidence score P, lower bound", "0-1"),
        _c("likelihood", "float64", "evidence score P, point", "0-1"),
        _c("upper", "float64", "evidence score P, upper bound: at most gamma unknowns turn out bad", "0-1"),
        _c("upper_full", "float64", "evidence score P, upper bound: all unknowns turn out bad", "0-1"),
        _c("impact", "float64", "what it can sense or break times criticality", "0-1"),
        _c("severity", "float64", "severity of the risk in the profile", "1-5"),
        _c("risk", "float64", "risk units: severity / 5 x likelihood x impact", "0-1"),
        _c("risk_lower", "float64", "the same with the lower bound", "0-1"),
        _c("risk_upper", "float64", "the same with the upper bound", "0-1"),
        _c("coverage", "float64", "weight looked at over weight applicable", "0-1"),
        _c("is_conflicted", "bool", "evidence for and against; the positive won"),
        _c("is_context", "bool", "category describes site and country more than the device"),
        _n("next_best_evidence", "string", "proposition whose knowledge would narrow the bounds most"),
    ),
)

CONTRIBUTIONS = Table(
    "contributions",
    "share of one proposition in a device's likelihood under one risk",
    (
        _DEVICE,
        _c("category", "string", "one of the eight risks"),
        _c("factor", "string", "V, R, L or O"),
        _c("proposition", "string", "statement"),
        _c("weight", "float64", "weight w", "0-1"),
        _c("base_rate", "float64", "base rate a when unknown", "0-1"),
        _c("belief", "float64", "b: evidence says that it holds", "0-1"),
        _c("disbelief", "float64", "d: evidence says that it does not hold", "0-1"),
        _c("uncertainty", "float64", "u = 1 - b - d: nobody knows", "0-1"),
        _c("share", "float64", "share of the factor's point value that is owed to it", "0-1"),
        _c("narrowing", "float64", "drop of the interval of P if it were known"),
    ),
)

ROLLUPS = Table(
    "rollups",
    "devices of one group under one risk; rows of two groups merge by adding and by max",
    (
        _c("dimension", "string", "all, site, kind, brand, maker, owner, jurisdiction or country"),
        _c("group", "string", "value of the dimension; empty for all"),
        _c("category", "string", "one of the eight risks"),
        _c("n_devices", "int64", "devices"),
        _c("sum_lower", "float64", "sum of lower bounds"),
        _c("sum_likelihood", "float64", "sum of points"),
        _c("sum_upper", "float64", "sum of upper bounds"),
        _c("sum_log_survival", "float64", "sum of ln(1 - likelihood)"),
        _c("max_likelihood", "float64", "largest point"),
        _c("sum_risk", "float64", "sum of risk units"),
        _c("sum_coverage", "float64", "sum of coverages"),
    ),
)

ROLLUP_BINS = Table(
    "rollup_bins",
    "how many devices of a group fall into one of 100 bins of likelihood",
    (
        _c("dimension", "string", "as in rollups"),
        _c("group", "string", "as in rollups"),
        _c("category", "string", "one of the eight risks"),
        _c("bin", "int64", "floor of 100 x likelihood, at most 99"),
        _c("n_devices", "int64", "devices"),
    ),
)

JUDGEMENTS = Table(
    "judgements",
    "a person's dated decision about a device or a finding",
    (
        _c("judgement_id", "string", "content hash"),
        _c("made_at", "timestamp", "when it was made, UTC"),
        _c("action", "string", "merge, split, correct or suppress"),
        _c("subject", "string", "identifier (kind:value), device id or finding id"),
        _n("object", "string", "second identifier for merge and split; field=value for correct"),
        _c("reason", "string", "why it was decided"),
        _n("author", "string", "who decided"),
    ),
)

RUNS = Table(
    "runs",
    "one execution",
    (
        _c("scan_id", "string", "content hash of evidence, judgements, profile, knowledge and code version"),
        _c("started_at", "timestamp", "begin, UTC"),
        _c("finished_at", "timestamp", "end, UTC"),
        _c("version", "string", "version of beholden"),
        _c("knowledge_id", "string", "content hash of the compiled knowledge"),
        _c("profile", "string", "name of the profile"),
        _c("engine", "string", "polars, duckdb or spark, with version"),
        _c("settings", "string", "severities, gamma and instant of ageing that the scores used, as JSON"),
        _c("n_evidence", "int64", "evidence read"),
        _c("n_devices", "int64", "devices found"),
    ),
)

FACTS = Table(
    "facts",
    "one sourced row of knowledge",
    (
        _c("fact_id", "string", "content hash of pack and row"),
        _c("pack", "string", "folder and file the row stands in"),
        _c("text", "string", "the row as a sentence"),
        _c("source_id", "string", "id in knowledge/sources.toml"),
        _c("publisher", "string", "who published it"),
        _c("title", "string", "title of the source"),
        _n("url", "string", "public page"),
        _c("date", "string", "date of the source or of the look-up", "ISO 8601"),
        _c("licence", "string", "licence of the source"),
    ),
)

TABLES: tuple[Table, ...] = (
    EVIDENCE,
    OBSERVATIONS,
    FLOWS,
    LOOKUPS,
    DEVICES,
    DEVICE_IDENTIFIERS,
    IDENTIFICATIONS,
    COMPONENTS,
    ATTRIBUTIONS,
    EXPOSURES,
    DEVICE_LISTINGS,
    DEVICE_FLAWS,
    FINDINGS,
    FINDING_EVIDENCE,
    MEMBERS,
    SCORES,
    CONTRIBUTIONS,
    ROLLUPS,
    ROLLUP_BINS,
    JUDGEMENTS,
    RUNS,
    FACTS,
)
