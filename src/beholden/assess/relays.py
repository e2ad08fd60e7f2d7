"""Who passes on what comes from outside, and who has peers instead of servers."""

from collections.abc import Iterator

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beholden.assess.context import Context, absent, signal
from beholden.assess.kinds import things
from beholden.assess.rhythm import joined
from beholden.engine import Frame

_AHEAD = 16
"""Conversations of a device, in the order of their beginnings, among which one's counterpart is sought."""
_HOUR_US = 3_600_000_000
_SECOND_US = 1_000_000
Whole = NDArray[np.int64]
Marks = NDArray[np.bool_]


def measure(context: Context) -> Iterator[Frame]:
    """Measure relayed conversations and the number of peers."""
    engine = context.engine
    met = context.watched.join(context.exposures.select("device_id").unique(), on="device_id", how="inner")
    met = engine.keep(met)
    few = things(context, "peers.many")
    for name, found, looked in (
        ("relay.pairs", _relays(context), met),
        (
            "peers.many",
            _peers(context, few),
            met.join(few.filter(nw.col("is_known")), on="device_id", how="semi"),
        ),
    ):
        hits = engine.keep(found)
        yield hits
        yield absent(name, hits, looked, "its conversations with the Internet show none")


def _relays(context: Context) -> Frame:
    """Count conversations of a device with two public peers in which one sent what the other received."""
    engine = context.engine
    devices, peers = _numbered(context, "device_id", "device"), _numbered(context, "address", "peer")
    rows = engine.collect(_large(context, devices, peers))
    paired = rows.filter(pa.array(_is_relayed(rows, context)))
    counts = (
        engine.bind(paired)
        .group_by("device")
        .agg(n=nw.len(), last_seen_at=nw.col("first_seen_at").max(), place=nw.col("place").min())
        .filter(nw.col("n") >= context.number("relay.pairs", "min_pairs"))
        .join(devices, on="device", how="inner")
    )
    return _told(counts, "relay.pairs", " conversations were passed on between two outside peers")


def _large(context: Context, devices: Frame, peers: Frame) -> Frame:
    """Give conversations with public addresses that carried enough; device and peer are numbers."""
    least = context.number("relay.pairs", "min_kb") * 1000
    large = context.flows.filter(nw.col("client_bytes") + nw.col("server_bytes") >= least)
    sides = []
    for mine, theirs in (("client", "server"), ("server", "client")):
        side = large.filter(~nw.col(f"{mine}_device_id").is_null()).select(
            "first_seen_at",
            "place",
            device_id=nw.col(f"{mine}_device_id"),
            address=nw.col(f"{theirs}_ip"),
            sent=nw.col(f"{mine}_bytes"),
            received=nw.col(f"{theirs}_bytes"),
        )
        met = side.join(peers, on="address", how="inner").drop("address")
        sides.append(met.join(devices, on="device_id", how="inner").drop("device_id"))
    return context.engine.union(sides)


def _numbered(context: Context, column: str, name: str) -> Frame:
    """Give a number to each device that met public addresses, or to each of these addresses."""
    distinct = context.engine.collect(context.exposures.select(column).unique().sort(column))
    return context.engine.bind(distinct.append_column(name, pa.array(np.arange(distinct.num_rows))))


def _is_relayed(rows: pa.Table, context: Context) -> Marks:
    """Mark conversations whose counterpart began within seconds, and carried as many bytes the other way.

    A conversation that carries about as much either way has no shape to be told by, and is left out.
    """
    within, off = (context.number("relay.pairs", name) for name in ("max_seconds", "tolerance"))
    begun = rows["first_seen_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    device, peer, sent, received = (rows[name].to_numpy() for name in ("device", "peer", "sent", "received"))
    since = begun - begun.min(initial=begun[0] if len(begun) else 0)
    order = np.argsort(joined(device, since, int(device.max(initial=0)) + 1)[0])
    device, begun = device[order], begun[order]
    is_relayed = np.zeros(len(order), bool)
    is_near = (device[:-1] == device[1:]) & (np.diff(begun) <= within * _SECOND_US)
    at = np.flatnonzero(is_near)
    for step in range(1, _AHEAD + 1):
        at = at[: np.searchsorted(at, len(order) - step)]
        is_near = (device[at] == device[at + step]) & (begun[at + step] - begun[at] <= within * _SECOND_US)
        at = at[is_near]  # one whose next is too far has none beyond it
        one, other = order[at], order[at + step]
        is_pair = (
            (peer[one] != peer[other])
            & ~_alike(sent[one], received[one], 2 * off)
            & _alike(sent[one], received[other], off)
            & _alike(received[one], sent[other], off)
        )
        is_relayed[one[is_pair]] = True
    return is_relayed


def _alike(one: Whole, other: Whole, off: float) -> Marks:
    """Tell which are equal but for headers and acknowledgements."""
    alike: Marks = np.abs(one - other) <= off * np.maximum(one, other) + 600
    return alike


def _peers(context: Context, judged: Frame) -> Frame:
    """Count public addresses that a thing exchanged datagrams with on ports of nobody's service."""
    name = "peers.many"
    port = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    exchanged = context.exposures.filter(
        nw.col("protocol") == "udp",
        nw.col("server_port") >= 1024,
        ~port.is_in(context.words(name, "not_ports")),
    )
    counts = exchanged.group_by("device_id").agg(
        n=nw.col("address").n_unique(),
        n_ports=nw.col("server_port").n_unique(),
        begun=nw.col("first_seen_at").min(),
        last_seen_at=nw.col("last_seen_at").max(),
        place=nw.col("place").min(),
    )
    span = (nw.col("last_seen_at") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
    hours = nw.when(span > 1.0).then(span).otherwise(1.0)
    many = counts.filter(
        nw.col("n").cast(nw.Float64) >= context.number(name, "min_per_hour") * hours,
        nw.col("n") >= context.number(name, "min_peers"),
    )
    sure = nw.when(nw.col("is_known")).then(1.0).otherwise(context.number(name, "unknown_kind"))
    return _told(
        many.join(judged, on="device_id", how="inner"), name, " outside peers on ports of no service", sure
    )


def _told(frame: Frame, name: str, what: str, strength: nw.Expr | None = None) -> Frame:
    return signal(
        frame,
        name,
        strength=nw.lit(1.0) if strength is None else strength,
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col("n").cast(nw.String), nw.lit(what)),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.lit("all destinations"),
    )
