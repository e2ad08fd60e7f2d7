"""What a device does that its kind does not: control networks, services of its own, doors that open late."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, absent, signal
from beholden.assess.kinds import judged_by
from beholden.engine import Frame

_HOUR_US = 3_600_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Measure departures from what devices of a kind do; only where the kind is known."""
    yield from _control_networks(context)
    yield from _services(context)
    late = context.engine.keep(_late_doors(context))
    yield late
    yield absent("listener.new", late, context.watched, "no door opened late to the Internet")


def _control_networks(context: Context) -> Iterator[Frame]:
    """Tell of devices of other kinds that speak to ports of industrial control on the site."""
    name = "reach.control"
    judged = judged_by(context, name)
    spoke = (
        context.flows.filter(
            ~nw.col("client_device_id").is_null(),
            ~nw.col("server_device_id").is_null(),
            _port().is_in(context.words(name, "ports")),
        )
        .with_columns(device_id=nw.col("client_device_id"), what=_port())
        .join(judged, on="device_id", how="inner")
    )
    hits = context.engine.keep(_told(spoke, name, "spoke to {} of another device"))
    yield hits
    looked = context.watched.join(judged, on="device_id", how="inner")
    yield absent(name, hits, looked, "no port of industrial control spoken to")


def _services(context: Context) -> Iterator[Frame]:
    """Tell of outside services that one device uses and none of many of the same kind, brand and model does."""
    name, engine = "service.unusual", context.engine
    alike = context.alike.select("device_id", "like")
    met = engine.keep(context.watched.join(alike, on="device_id", how="inner"))
    groups = (
        met.group_by("like")
        .agg(n_alike=nw.len())
        .filter(nw.col("n_alike") >= context.number(name, "min_alike"))
    )
    judged = engine.keep(met.join(groups, on="like", how="inner"))
    used = (
        context.exposures.filter(
            ~nw.col("is_inbound"),
            nw.col("protocol") == "tcp",
            nw.col("bytes_down") > 0,
            nw.col("server_port") < context.number(name, "below_port"),
            ~_port().is_in(context.words(name, "not_ports")),
        )
        .group_by("device_id", "server_port")
        .agg(
            n=nw.col("n_flows").sum(), last_seen_at=nw.col("last_seen_at").max(), place=nw.col("place").min()
        )
        .join(judged.select("device_id", "like"), on="device_id", how="inner")
    )
    held = engine.keep(used)
    lonely = held.group_by("like", "server_port").agg(n_users=nw.len()).filter(nw.col("n_users") == 1)
    alone = held.join(lonely, on=["like", "server_port"], how="inner").filter(
        nw.col("n") >= context.number(name, "min_flows")
    )
    hits = engine.keep(
        _told(
            alone.with_columns(what=nw.col("server_port").cast(nw.String)),
            name,
            "uses port {} outside, as none of its like does",
        )
    )
    yield hits
    yield absent(name, hits, judged, "it uses the services that its like uses")


def _late_doors(context: Context) -> Frame:
    """Find high ports on which a device answered a public address, for the first time long after it was first seen."""
    name = "listener.new"
    seen = context.flows.filter(~nw.col("server_device_id").is_null(), nw.col("is_established")).with_columns(
        device_id=nw.col("server_device_id")
    )
    outside = (
        context.exposures.filter(nw.col("is_inbound"))
        .select("device_id", client_ip=nw.col("address"))
        .unique()
    )
    opened = (
        seen.filter(nw.col("protocol") == "tcp", nw.col("server_port") >= context.number(name, "min_port"))
        .join(outside, on=["device_id", "client_ip"], how="semi")
        .group_by("device_id", "server_port")
        .agg(
            opened=nw.col("first_seen_at").min(),
            last_seen_at=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
    )
    sides = [
        context.flows.filter(~nw.col(f"{side}_device_id").is_null()).select(
            "first_seen_at", device_id=nw.col(f"{side}_device_id")
        )
        for side in ("client", "server")
    ]
    begun = context.engine.union(sides).group_by("device_id").agg(begun=nw.col("first_seen_at").min())
    after = (nw.col("opened") - nw.col("begun")).dt.total_microseconds() / _HOUR_US
    late = opened.join(begun, on="device_id", how="inner").filter(after >= context.number(name, "min_hours"))
    return _told(
        late.with_columns(what=nw.col("server_port").cast(nw.String)),
        name,
        "port {} answered from outside, and had not before",
    )


def _port() -> nw.Expr:
    return nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))


def _told(frame: Frame, name: str, says: str) -> Frame:
    before, _, after = says.partition("{}")
    return signal(
        frame,
        name,
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.lit(before), nw.col("what"), nw.lit(after)),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.col("what"),
    )
