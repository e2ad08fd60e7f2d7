"""What names show that a device asks for: data in labels, generated domains, names that wander over networks."""

from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.assess.context import Context, absent, signal
from beholden.assess.letters import Likeness, entropies
from beholden.engine import Frame
from beholden.knowledge.lookup import domains


def measure(context: Context) -> Iterator[Frame]:
    """Measure the names that devices asked for, but for those of known services."""
    engine = context.engine
    asked = context.observations.filter(nw.col("property") == "dns.query")
    looked = engine.keep(
        context.watched.join(asked.select("device_id").unique(), on="device_id", how="inner")
    )
    names = engine.bind(_strange(context, engine.collect(asked.select("value").unique())))
    strange = engine.keep(asked.join(names, on="value", how="inner"))
    reached = context.watched.join(
        context.exposures.filter(~nw.col("name").is_null()).select("device_id").unique(),
        on="device_id",
        how="inner",
    )
    for name, found, over in (
        ("dns.tunnel", _tunnels(context, strange), looked),
        ("dns.generated", _generated(context, strange), looked),
        ("dns.flux", _wandering(context), reached),
    ):
        hits = engine.keep(found)
        yield hits
        yield absent(name, hits, over, "names were seen, none such")


def _strange(context: Context, asked: pa.Table) -> pa.Table:
    """Give the names of no known service: value, domain, and whether they hold data or are as if generated."""
    known = domains(context.knowledge, asked["value"].combine_chunks())
    is_known = pc.and_(pc.is_valid(known["fact_id"]), pc.invert(known["is_hosting"]))
    is_local = pc.match_substring_regex(
        known["name"], rf"(^|\.)({'|'.join(context.words('dns.tunnel', 'not_under'))})$"
    )
    kept = known.filter(
        pc.and_(pc.invert(pc.or_(is_known, is_local)), pc.is_valid(known["domain"]))
    ).combine_chunks()
    name, domain = kept["name"].combine_chunks(), kept["domain"].combine_chunks()
    before = pc.subtract(pc.binary_length(name), pc.binary_length(domain))
    holds = pc.and_(
        pc.greater(before, context.number("dns.tunnel", "min_length")),
        pc.greater_equal(pa.array(entropies(name)), context.number("dns.tunnel", "min_entropy")),
    )
    label = pc.list_element(pc.split_pattern(domain, ".", max_splits=1), 0) if len(domain) else domain
    odd = pc.and_(
        pc.greater_equal(pc.binary_length(label), context.number("dns.generated", "min_length")),
        pc.greater_equal(
            pa.array(_likeness(context).surprise(label)), context.number("dns.generated", "min_bits")
        ),
    )
    is_odd = pc.and_(odd, pc.invert(kept["is_hosting"]))
    return pa.table({"value": name, "domain": domain, "holds_data": holds, "is_odd": is_odd})


def _likeness(context: Context) -> Likeness:
    """Learn how names look from those of companies and of their domains."""
    knowledge = context.knowledge
    suffixes = pc.split_pattern(knowledge.table("domains")["suffix"].combine_chunks(), ".", max_splits=1)
    names = pc.utf8_lower(knowledge.table("companies")["company"].combine_chunks())
    return Likeness(pa.concat_arrays([pc.list_element(suffixes, 0), names]))


def _tunnels(context: Context, strange: Frame) -> Frame:
    """Count distinct names with long labels under one domain."""
    under = (
        strange.filter(nw.col("holds_data"))
        .group_by("device_id", "domain")
        .agg(
            n=nw.col("value").n_unique(),
            last_seen_at=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
        .filter(nw.col("n") >= context.number("dns.tunnel", "min_names"))
    )
    return _told(under, "dns.tunnel", nw.col("domain"), " names with long labels under ")


def _generated(context: Context, strange: Frame) -> Frame:
    """Count distinct domains whose letters do not follow each other as in names that people choose."""
    odd = (
        strange.filter(nw.col("is_odd"))
        .group_by("device_id")
        .agg(
            nw.col("domain").min(),
            n=nw.col("domain").n_unique(),
            last_seen_at=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
        .filter(nw.col("n") >= context.number("dns.generated", "min_domains"))
    )
    return _told(odd, "dns.generated", nw.col("domain"), " domains as if generated, first ")


def _wandering(context: Context) -> Frame:
    """Find names of nobody known that led to many addresses of many networks."""
    least = {name: context.number("dns.flux", name) for name in ("min_addresses", "min_networks")}
    port = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    spread = (
        context.exposures.filter(
            ~nw.col("is_inbound"),
            ~nw.col("name").is_null(),
            ~nw.col("asn").is_null(),
            nw.col("fact_id").is_null(),
        )
        .filter(~port.is_in(context.words("dns.flux", "not_ports")))  # pools wander by design
        .group_by("device_id", "name")
        .agg(
            n=nw.col("address").n_unique(),
            n_networks=nw.col("asn").n_unique(),
            last_seen_at=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
    )
    wide = spread.filter(nw.col("n") >= least["min_addresses"], nw.col("n_networks") >= least["min_networks"])
    return _told(wide, "dns.flux", nw.col("name"), " addresses of several networks for ")


def _told(frame: Frame, name: str, of: nw.Expr, what: str) -> Frame:
    return signal(
        frame,
        name,
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col("n").cast(nw.String), nw.lit(what), of),
        place=nw.col("place"),
        property=nw.lit("dns.query"),
        value=of,
    )
