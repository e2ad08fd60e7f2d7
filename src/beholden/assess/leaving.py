"""What leaves otherwise than others do: relays, resolvers of the device's own choice, volume out of its pattern."""

from collections.abc import Iterator

import narwhals as nw
import numpy as np
import pyarrow as pa

from beholden.assess.channels import _on_ports, _seen
from beholden.assess.content import told
from beholden.assess.context import Context, signal
from beholden.assess.rhythm import Groups, Real, Whole
from beholden.engine import Frame

_LOG = 1_000_000
"""Natural logarithms are kept as whole numbers of millionths."""
_NORMAL = 1.4826
"""Median absolute deviations in a standard deviation of the normal distribution."""


def measure(context: Context) -> Iterator[Frame]:
    """Measure by what ways and how much a device sends, beside its own past and its like."""
    outbound = context.engine.keep(context.exposures.filter(~nw.col("is_inbound"), nw.col("bytes_down") > 0))
    yield from _relays(context, outbound)
    yield from _resolvers(context, outbound)
    yield from _volume(context)


def _relays(context: Context, outbound: Frame) -> Iterator[Frame]:
    """Tell of relays between a device and its viewer (P2P of cameras, STUN and TURN)."""
    name = "channel.relay"
    yield _seen(outbound.filter(nw.col("service") == "relay"), name, 1.0)
    by_port = outbound.filter(
        nw.col("service").fill_null("") != "relay", _on_ports(context.words(name, "ports"))
    )
    yield _seen(by_port, name, context.number(name, "by_port"))
    spoken = context.observations.filter(nw.col("property") == "pppp.message")
    yield told(spoken, name, 1.0)


def _resolvers(context: Context, outbound: Frame) -> Iterator[Frame]:
    """Tell of resolvers beyond the site that a device asked: encrypted, or beside those that the site gave it."""
    name, of = "resolver.own", ["device_id", "address"]
    on_port = _on_ports(context.words(name, "ports"))
    named = context.observations.filter(nw.col("property") == "dhcp.resolver").select(
        "device_id", address=nw.col("value")
    )
    asked = context.engine.keep(outbound.filter(on_port).join(named, on=of, how="anti"))
    met = context.flows.filter(
        ~nw.col("client_device_id").is_null(), nw.col("server_bytes") > 0, on_port
    ).select(device_id=nw.col("client_device_id"), address=nw.col("server_ip"))
    beside = met.join(outbound.select(*of), on=of, how="anti")
    given = context.engine.union([beside, named]).select("device_id").unique()
    hidden = outbound.filter(
        _on_ports(context.words(name, "encrypted"))
        | ((nw.col("service") == "dns") & (nw.col("server_port") == 443))
    )
    yield _seen(asked.join(given, on="device_id", how="semi"), name, 1.0)
    yield _seen(asked.join(given, on="device_id", how="anti"), name, context.number(name, "alone"))
    yield _seen(hidden, name, 1.0)


def _volume(context: Context) -> Iterator[Frame]:
    """Tell of days on which a device sent far more than on its days before, or than its like of the same model.

    Robust z: how many times 1.4826 median absolute deviations, none below a floor, the logarithm of bytes lies
    above the median (Iglewicz and Hoaglin, 1993).
    """
    public = context.exposures.select("device_id", address="address").unique()
    sent = (
        context.flows.filter(~nw.col("client_device_id").is_null())
        .select(
            "first_seen_at", "last_seen_at", "place",
            device_id=nw.col("client_device_id"), address=nw.col("server_ip"), up=nw.col("client_bytes"),
        )
        .join(public, on=["device_id", "address"], how="semi")
    )  # fmt: skip
    sent = sent.with_columns(day=nw.col("first_seen_at").dt.to_string("%Y-%m-%d"))
    daily = sent.group_by("device_id", "day").agg(
        nw.col("up").sum().cast(nw.Int64),
        last_seen_at=nw.col("last_seen_at").max(),
        place=nw.col("place").min(),
    )
    days = (
        context.engine.collect(daily)
        .combine_chunks()
        .sort_by([("device_id", "ascending"), ("day", "ascending")])
    )
    yield _unlike_past(context, days)
    models = context.alike.filter(nw.col("model") != "").select("device_id", "like")
    peaks = context.engine.bind(days).join(models, on="device_id", how="inner")
    yield _unlike_peers(context, context.engine.collect(peaks).combine_chunks())


def _unlike_past(context: Context, days: pa.Table) -> Frame:
    """Compare each device's last day with all its days; it needs so many before."""
    device, up = _codes(days, "device_id"), days["up"].to_numpy()
    z, n = robust_z(context, device, up)
    is_last = np.append(device[1:] != device[:-1], [True])[: len(device)]
    is_far = is_last & (n[device] > context.number("upload.unlike", "min_days"))
    return _told(context, days, z, is_far, " bytes up in a day, unlike its days before")


def _unlike_peers(context: Context, days: pa.Table) -> Frame:
    """Compare each device's largest day with those of devices of the same model; there must be enough of them."""
    order = [("device_id", "ascending"), ("up", "descending")]
    days = days.sort_by(order)
    device = _codes(days, "device_id")
    first = days.filter(pa.array(np.append([True], device[1:] != device[:-1])[: len(device)]))
    like, up = _codes(first, "like"), first["up"].to_numpy()
    z, n = robust_z(context, like, up)
    has_peers = n[like] > context.number("upload.unlike", "min_peers")
    return _told(context, first, z, has_peers, " bytes up in a day, unlike others of its model")


def robust_z(context: Context, group: Whole, up: Whole) -> tuple[Real, Whole]:
    """Give for each value how far above its group it lies, and for each group how many values it has."""
    n_groups = int(group.max(initial=-1)) + 1
    logs = (np.log1p(up) * _LOG).astype(np.int64)
    held = Groups(group, logs, n_groups)
    median = held.quantile(0.5)
    off = np.abs(logs - median[group]).astype(np.int64)
    deviation = Groups(group, off, n_groups).quantile(0.5)
    floor = context.number("upload.unlike", "floor") * _LOG
    z: Real = (logs - median[group]) / np.maximum(_NORMAL * deviation[group], floor)
    return z, held.n


def _told(context: Context, days: pa.Table, z: Real, is_judged: np.ndarray, what: str) -> Frame:
    name = "upload.unlike"
    is_much = days["up"].to_numpy() >= context.number(name, "min_mb") * 1_000_000
    hits = days.filter(pa.array(is_judged & is_much & (z >= context.number(name, "min_z"))))
    return signal(
        context.engine.bind(hits.select(["device_id", "up", "last_seen_at", "place"])),
        name,
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col("up").cast(nw.String), nw.lit(what)),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.lit("all destinations"),
    )


def _codes(rows: pa.Table, name: str) -> Whole:
    return np.asarray(rows[name].combine_chunks().dictionary_encode().indices, np.int64)
