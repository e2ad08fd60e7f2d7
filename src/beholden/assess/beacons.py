"""Who calls home like clockwork to a place that nobody expects of it."""

from collections.abc import Iterator

import narwhals as nw
import numpy as np
import pyarrow as pa

from beholden.assess.context import Context, absent, signal
from beholden.assess.kinds import things
from beholden.assess.rhythm import beacon_scores
from beholden.engine import Frame

_NAME = "beacon.regular"
_PAIR = ["device_id", "destination", "server_port"]
_NOBODYS = ("ntp", "dns", "hosting")
"""Services that say nothing of whose cloud a device belongs to."""
_HOUR_US = 3_600_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Score the rhythm of every device's connections to each destination that is not expected of it."""
    pairs = context.engine.keep(_pairs(context))
    hits = context.engine.keep(_hits(context, pairs))
    yield hits
    clients = context.watched.join(pairs.select("device_id").unique(), on="device_id", how="inner")
    yield absent(_NAME, hits, clients, "no regular connections to a destination that is not expected")


def _pairs(context: Context) -> Frame:
    """Give each device's public destinations, by name or else by address, with port."""
    port = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    outbound = context.exposures.filter(~nw.col("is_inbound"), ~port.is_in(context.words(_NAME, "not_ports")))
    return (
        outbound.with_columns(destination=nw.coalesce("name", "address"))
        .group_by(_PAIR)
        .agg(
            nw.col("name").max(),
            nw.col("fact_id").max(),
            nw.col("service").max(),
            nw.col("place").min(),
            n=nw.col("n_flows").sum(),
            begun=nw.col("first_seen_at").min(),
            ended=nw.col("last_seen_at").max(),
        )
    )


def _hits(context: Context, pairs: Frame) -> Frame:
    engine = context.engine
    judged = engine.keep(_weighed(context, _unexpected(context, pairs)))
    many = engine.keep(_many(context, judged))
    listed = engine.collect(many.select(*_PAIR)).combine_chunks()
    numbered = engine.bind(listed.append_column("pair", pa.array(np.arange(listed.num_rows))))
    series = engine.collect(_series(context, numbered))
    scored = engine.bind(listed.append_column("score", pa.array(_scores(series, listed.num_rows))))
    regular = many.join(scored, on=_PAIR, how="inner").filter(
        nw.col("score") >= context.number(_NAME, "min_score")
    )
    held = _held(context, judged)
    strength = nw.col("score") * nw.col("most")
    return engine.union(
        [
            _told(found.filter(strength >= context.number(_NAME, "min_strength")), strength, says)
            for found, says in (
                (regular, " connections at even distances to "),
                (held, " held for hours to "),
            )
        ]
    )


def _many(context: Context, judged: Frame) -> Frame:
    """Keep pairs that met often enough, over long enough, for a rhythm, and that a perfect one would make strong."""
    return judged.filter(
        nw.col("n") >= context.number(_NAME, "min_count"),
        nw.col("lasted") >= context.number(_NAME, "min_hours"),
        nw.col("most") >= context.number(_NAME, "min_strength"),
    )


def _held(context: Context, judged: Frame) -> Frame:
    """Find TCP connections that a device opened to an address no name led to, and kept for hours."""
    lasted = (nw.col("last_seen_at") - nw.col("first_seen_at")).dt.total_microseconds() / _HOUR_US
    long = context.flows.filter(
        nw.col("n_syn") > 0,
        nw.col("is_established"),
        nw.coalesce("sni", "http_host", "server_name").is_null(),
        lasted >= context.number(_NAME, "min_held_hours"),
    ).select("server_port", device_id=nw.col("client_device_id"), destination=nw.col("server_ip"))
    score = nw.lit(context.number(_NAME, "held"))
    return judged.join(long.unique(), on=_PAIR, how="semi").with_columns(score=score)


def _unexpected(context: Context, pairs: Frame) -> Frame:
    """Leave out destinations whose operator and service are known, and say of the others what is known.

    A name that nobody knows says little on a port of the web, where services of others are met, and of a device
    whose own cloud nobody knows either. An address without a name says little where no names were seen at all. A
    destination that many devices have says little of each.
    """
    is_known = ~nw.col("fact_id").is_null()
    named = pairs.filter(~nw.col("name").is_null()).select("device_id").unique()
    is_own = is_known & ~nw.col("service").is_in(list(_NOBODYS))
    own = pairs.filter(is_own).select("device_id").unique().with_columns(has_own=nw.lit(value=True))
    reached = (
        pairs.select("device_id", "destination").unique().group_by("destination").agg(n_devices=nw.len())
    )
    n_fleet = context.engine.collect(context.watched.select(n=nw.len()))["n"].to_pylist()[0]
    web = [int(one) for one in context.words(_NAME, "web_ports")]
    is_strange = ~nw.col("has_own").is_null() & ~nw.col("server_port").is_in(web)
    lasted = (nw.col("ended") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
    return (
        pairs.filter(~is_known | (nw.col("service") == "hosting"))
        .join(own, on="device_id", how="left")
        .join(named.with_columns(has_names=nw.lit(value=True)), on="device_id", how="left")
        .join(reached, on="destination", how="inner")
        .with_columns(
            is_sure=(nw.col("name").is_null() & ~nw.col("has_names").is_null()) | is_strange,
            rarity=1.0 - (nw.col("n_devices") - 1).cast(nw.Float64) / max(n_fleet - 1, 1),
            lasted=lasted,
        )
    )


def _weighed(context: Context, judged: Frame) -> Frame:
    """Say how strong a perfect rhythm would be; of what may be a service, more where the device did without for long.

    A thing does the same day after day, so a place that it calls all at once is new for it: after hours in which it
    was watched, and so many of its distances that the calls could not have been missed. The more such places a device
    has, the less each says; where another of its like goes, its model goes.
    """
    engine = context.engine
    number = {
        name: context.number(_NAME, name) for name in ("may_be_service", "new", "new_hours", "new_calls")
    }
    watched = context.watched.select("device_id", "hours", seen_until=nw.col("observed_at"))
    after = (nw.col("seen_until") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
    dated = engine.keep(
        judged.join(watched, on="device_id", how="left").with_columns(before=nw.col("hours") - after)
    )
    late = dated.filter(nw.col("before") >= number["new_hours"])
    n_late = (
        late.filter(nw.col("n") > 1)
        .select("device_id", "destination")
        .unique()
        .group_by("device_id")
        .agg(n_late=nw.len())
    )
    news = (
        late.join(things(context, _NAME), on="device_id", how="semi")
        .filter(nw.col("before") * (nw.col("n") - 1) >= nw.col("lasted") * number["new_calls"])
        .join(_of_the_like(context, dated), on=["device_id", "destination"], how="anti")
        .join(n_late, on="device_id", how="inner")
        .select(*_PAIR, news=number["new"] / nw.col("n_late").cast(nw.Float64))
    )
    weight = nw.when(nw.col("is_sure")).then(1.0).otherwise(number["may_be_service"] + nw.col("news"))
    return (
        dated.join(news, on=_PAIR, how="left")
        .with_columns(nw.col("news").fill_null(0.0))
        .with_columns(most=weight * nw.col("rarity"))
    )


def _of_the_like(context: Context, judged: Frame) -> Frame:
    """Give devices and destinations that another of the same kind, brand and model has too."""
    alike = (
        judged.select("device_id", "destination").unique().join(context.alike, on="device_id", how="inner")
    )
    shared = alike.group_by("like", "destination").agg(n_alike=nw.len()).filter(nw.col("n_alike") > 1)
    return alike.join(shared, on=["like", "destination"], how="semi").select("device_id", "destination")


def _series(context: Context, numbered: Frame) -> Frame:
    """Give time and size of every connection of numbered pairs; only what went to their addresses is named."""
    met = context.exposures.with_columns(destination=nw.coalesce("name", "address"))
    addresses = met.join(numbered, on=_PAIR, how="semi").select(server_ip=nw.col("address")).unique()
    name = nw.coalesce("sni", "http_host", "server_name").str.to_lowercase().str.replace_all(r":[0-9]+\z", "")
    outbound = (
        context.flows.filter(~nw.col("client_device_id").is_null())
        .join(addresses, on="server_ip", how="semi")
        .with_columns(
            device_id=nw.col("client_device_id"),
            server_port=nw.col("server_port").fill_null(0),
            destination=nw.coalesce(name, nw.col("server_ip")),
        )
    )
    return outbound.join(numbered, on=_PAIR, how="inner").select("pair", "first_seen_at", "client_bytes")


def _scores(series: pa.Table, n_pairs: int) -> np.ndarray:
    time = series["first_seen_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    time = time - time.min(initial=np.iinfo(np.int64).max) if len(time) else time
    return beacon_scores(series["pair"].to_numpy(), time, series["client_bytes"].to_numpy(), n_pairs)


def _told(hits: Frame, strength: nw.Expr, says: str) -> Frame:
    return signal(
        hits,
        _NAME,
        strength=strength,
        observed_at=nw.col("ended"),
        detail=nw.concat_str(
            nw.col("n").cast(nw.String),
            nw.lit(says),
            nw.col("destination"),
            nw.lit(" port "),
            nw.col("server_port").cast(nw.String),
            nw.when(nw.col("news") > 0).then(_without()).otherwise(nw.lit("")),
        ),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.col("destination"),
    )


def _without() -> nw.Expr:
    """Say how long a device did without a destination."""
    hours = nw.col("before").round(0).cast(nw.Int64).cast(nw.String)
    return nw.concat_str(nw.lit(", none in "), hours, nw.lit(" hours before"))
