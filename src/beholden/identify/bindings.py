"""Which link address an IP address belongs to, and which link addresses stand in front of others.

A router's link address carries frames of addresses that are not its own. An address is
a link address's own where ARP, ND or DHCP bound them, or where the link address
carries no foreign traffic.
"""

import narwhals as nw

from beholden.engine import Engine, Frame
from beholden.model.addresses import LOCAL_IP

_MANY_LOCAL = 3


def pairs(observations: Frame) -> Frame:
    """Give (mac, ip, is_strong) for every binding seen.

    A strong binding was stated by ARP, ND or DHCP; a weak one is only a frame's source.
    """
    seen = observations.filter(
        nw.col("subject_kind") == "mac", nw.col("property").is_in(["ip", "frame.ip"])
    ).with_columns(strong=nw.when(nw.col("property") == "ip").then(1).otherwise(0))
    grouped = seen.group_by("subject", "value").agg(
        nw.col("strong").max(),
        nw.col("first_seen_at").min(),
        nw.col("last_seen_at").max(),
        nw.col("place").min(),
    )
    return grouped.rename({"subject": "mac", "value": "ip"}).with_columns(is_strong=nw.col("strong") == 1)


def routers(observations: Frame, bound: Frame) -> Frame:
    """Give the link addresses (mac) that carry traffic of addresses that are not their own.

    They carry more public addresses than were bound to them, several local ones that nothing bound to
    them, or one of another network than the one they are bound in.
    """
    relayed = (
        observations.filter(nw.col("property") == "frame.relays")
        .with_columns(n_relayed=nw.col("value").cast(nw.Int64))
        .group_by("subject")
        .agg(nw.col("n_relayed").max())
        .rename({"subject": "mac"})
    )
    local = nw.col("ip").str.contains(LOCAL_IP)
    counts = bound.with_columns(
        own_public=nw.when(nw.col("is_strong") & ~local).then(1).otherwise(0),
        loose_local=nw.when(~nw.col("is_strong") & local & ~nw.col("ip").str.contains(":"))
        .then(1)
        .otherwise(0),
    )
    counts = counts.group_by("mac").agg(nw.col("own_public").sum(), nw.col("loose_local").sum())
    counts = counts.join(_astray(bound), on="mac", how="left")
    joined = counts.join(relayed, on="mac", how="full", suffix="_relayed").with_columns(
        mac=nw.coalesce("mac", "mac_relayed"),
        own_public=nw.col("own_public").fill_null(0),
        loose_local=nw.col("loose_local").fill_null(0),
        n_relayed=nw.col("n_relayed").fill_null(0),
    )
    return joined.filter(
        (nw.col("n_relayed") > nw.col("own_public"))
        | (nw.col("loose_local") >= _MANY_LOCAL)
        | ~nw.col("is_astray").is_null()
    ).select("mac")


def _astray(bound: Frame) -> Frame:
    """Give the link addresses that carry a local IPv4 address outside the networks (/24) they are bound in."""
    local = (
        nw.col("ip").str.contains(LOCAL_IP)
        & ~nw.col("ip").str.contains(":")
        & ~nw.col("ip").str.starts_with("169.254.")
    )
    placed = bound.filter(local).with_columns(net=nw.col("ip").str.strip_chars("0123456789"))
    strong = placed.filter(nw.col("is_strong")).select("mac", "net").unique().with_columns(is_home=nw.lit(1))
    settled = strong.select("mac").unique()
    loose = placed.filter(~nw.col("is_strong")).select("mac", "net").unique()
    away = loose.join(settled, on="mac", how="inner").join(strong, on=["mac", "net"], how="left")
    return away.filter(nw.col("is_home").is_null()).select("mac").unique().with_columns(is_astray=nw.lit(1))


def credible(engine: Engine, observations: Frame) -> tuple[Frame, Frame]:
    """Give the bindings to trust (mac, ip, is_strong, first/last seen, place) and the routers (mac)."""
    bound = engine.keep(pairs(observations))
    fronts = engine.keep(routers(observations, bound))
    gateways = (
        observations.filter(nw.col("property") == "gateway")
        .select(nw.col("value").alias("ip"))
        .unique()
        .with_columns(is_gateway=nw.lit(value=True))
    )
    marked = bound.join(fronts.with_columns(is_router=nw.lit(value=True)), on="mac", how="left").join(
        gateways, on="ip", how="left"
    )
    local = nw.col("ip").str.contains(LOCAL_IP)
    trusted = (
        nw.col("is_strong")
        | (local & nw.col("is_router").is_null())
        | (local & ~nw.col("is_gateway").is_null())
        | nw.col("ip").str.starts_with("fe80:")
    )
    owned = bound.filter(nw.col("is_strong")).select("ip").unique().with_columns(has_owner=nw.lit(value=True))
    kept = marked.filter(trusted).join(owned, on="ip", how="left")
    kept = kept.filter(nw.col("is_strong") | nw.col("has_owner").is_null())
    names = ["mac", "ip", "is_strong", "first_seen_at", "last_seen_at", "place"]
    return engine.keep(kept.select(names)), fronts
