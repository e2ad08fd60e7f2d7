"""What kinds of destinations a device has: advertising, strangers, payload in clear."""

from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa

from beholden.assess.channels import _on_ports, _seen
from beholden.assess.context import Context, absent
from beholden.engine import Frame

_INFRASTRUCTURE = ("ntp", "dns", "hosting", "platform", "store")


def measure(context: Context) -> Iterator[Frame]:
    """Measure destinations; where names were seen, absence is said too."""
    outbound = context.engine.keep(context.exposures.filter(~nw.col("is_inbound")))
    watched = context.watched
    names = outbound.filter(~nw.col("name").is_null()).select("device_id").unique()
    named = watched.join(names, on="device_id", how="inner")
    adverts = _seen(outbound.filter(nw.col("service") == "advertising"), "destination.advertising", 1.0)
    yield adverts
    yield absent("destination.advertising", adverts, named, "names were seen, none of advertising")
    yield from _unexpected(context, outbound, watched)
    clear = _seen(
        outbound.filter(nw.col("bytes_up") > 0, _on_ports(context.words("payload.cleartext", "ports"))),
        "payload.cleartext",
        1.0,
    )
    yield clear
    yield absent("payload.cleartext", clear, watched, "no payload in clear to the Internet")


def _unexpected(context: Context, outbound: Frame, watched: Frame) -> Iterator[Frame]:
    """Tell of operators who are neither the maker's group nor infrastructure; only where the maker is known."""
    groups = context.engine.bind(_groups(context))
    roles = ["brand", "maker", "owner"]
    makers = (
        context.attributions.filter(nw.col("role").is_in(roles)).select("device_id", "company_id").unique()
    )
    own = makers.join(groups, on="company_id", how="inner").select("device_id", "root").unique()
    known = own.select("device_id").unique()
    roots = groups.rename({"company_id": "operator_id"})
    met = outbound.join(known, on="device_id", how="inner").join(roots, on="operator_id", how="left")
    expected = own.with_columns(is_own=nw.lit(value=True))
    marked = met.join(expected, on=["device_id", "root"], how="left").filter(nw.col("is_own").is_null())
    strangers = marked.filter(
        ~nw.col("operator_id").is_null(), ~nw.col("service").is_in(list(_INFRASTRUCTURE))
    )
    unknown = marked.filter(nw.col("operator_id").is_null(), ~nw.col("name").is_null())
    hits = context.engine.keep(
        context.engine.union(
            [
                _seen(strangers, "destination.unexpected", 1.0),
                _seen(unknown, "destination.unexpected", 0.5),
            ]
        )
    )
    yield hits
    looked = watched.join(met.select("device_id").unique(), on="device_id", how="inner")
    yield absent("destination.unexpected", hits, looked, "all destinations are the maker's or infrastructure")


def _groups(context: Context) -> pa.Table:
    table = context.knowledge.table("companies")
    return table.select(["company", "owner"]).rename_columns(["company_id", "root"])
