"""Who tries many doors: sweeps over addresses and ports, marked SYNs, guessed passwords."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, absent, signal
from beholden.engine import Frame

_HOUR_US = 3_600_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Measure attempts of every device that opened a TCP connection."""
    tried = context.flows.filter(~nw.col("client_device_id").is_null(), nw.col("n_syn") > 0).with_columns(
        device_id=nw.col("client_device_id")
    )
    counts = context.engine.keep(_counts(tried))
    looked = context.engine.keep(
        context.watched.join(counts.select("device_id"), on="device_id", how="inner")
    )
    yield _telnet(context, tried, counts)
    yield from _marked(context, tried, counts)
    failed = context.engine.keep(
        tried.filter(~nw.col("is_established"), nw.col("server_name").is_null()).select(
            "device_id", "server_ip", "server_port", "first_seen_at", "place"
        )
    )
    for name, fixed, varied in (
        ("scan.addresses", "server_port", "server_ip"),
        ("scan.ports", "server_ip", "server_port"),
    ):
        hits = context.engine.keep(_sweep(failed, name, fixed, varied, context.number(name, "min_per_day")))
        yield hits
        yield absent(name, hits, looked, "no sweep among its attempts")
    guesses = context.engine.keep(context.engine.union(list(_guesses(context, tried))))
    yield guesses
    yield absent("login.guessing", guesses, looked, "no run of short logins")


def _counts(tried: Frame) -> Frame:
    """Sum the attempts of each device; n_marked is of those whose log can tell, n_told how many these are."""
    is_told = nw.when(~nw.col("n_syn_marked").is_null()).then(1).otherwise(0)
    return (
        tried.with_columns(is_told=is_told)
        .group_by("device_id")
        .agg(
            n_told=nw.col("is_told").sum(),
            n_marked=nw.col("n_syn_marked").sum(),
            begun=nw.col("first_seen_at").min(),
            ended=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
    )


def _telnet(context: Context, tried: Frame, counts: Frame) -> Frame:
    """Count connection attempts to distinct addresses on ports that device botnets scan."""
    ports = [int(text) for text in context.words("scan.telnet", "ports")]
    most, least_share = (context.number("scan.telnet", name) for name in ("min_destinations", "min_share"))
    on_such = _distinct(tried.filter(nw.col("server_port").is_in(ports)), "n_target")
    span = (nw.col("ended") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
    hours = nw.when(span > 1.0).then(span).otherwise(1.0)
    targets = context.engine.keep(
        counts.join(on_such, on="device_id", how="left")
        .with_columns(nw.col("n_target").fill_null(0))
        .with_columns(is_fast=nw.col("n_target").cast(nw.Float64) / hours > most)
    )
    fast = context.engine.collect(targets.filter(nw.col("is_fast")).select("device_id"))[
        "device_id"
    ].to_pylist()
    theirs = _distinct(tried.filter(nw.col("device_id").is_in(fast)), "n")
    judged = targets.join(theirs, on="device_id", how="left")
    share = nw.col("n_target").cast(nw.Float64) / nw.col("n").cast(nw.Float64)
    fans_out = (nw.col("is_fast") & (share > least_share)).fill_null(value=False)
    silence = context.watched.select("device_id", "silence")
    return signal(
        context.engine.keep(judged.join(silence, on="device_id", how="inner")),
        "scan.telnet",
        strength=nw.when(fans_out).then(1.0).otherwise(0.0),
        confidence=nw.when(fans_out).then(1.0).otherwise(nw.col("silence")),
        observed_at=nw.col("ended"),
        detail=nw.concat_str(nw.col("n_target").cast(nw.String), nw.lit(" addresses tried on such ports")),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.lit("connection attempts"),
    )


def _distinct(tried: Frame, name: str) -> Frame:
    """Count the distinct addresses that each device tried."""
    pairs = tried.select("device_id", "server_ip").unique()
    return pairs.group_by("device_id").agg(nw.len().alias(name))


def _marked(context: Context, tried: Frame, counts: Frame) -> Iterator[Frame]:
    """Tell of SYNs whose sequence number is the address they go to; a log that cannot tell says nothing."""
    told = counts.filter(nw.col("n_told") > 0).select("device_id", n=nw.col("n_marked"))
    marked = told.filter(nw.col("n") >= context.number("scan.marked", "min_syn"))
    shown = tried.filter(nw.col("n_syn_marked") > 0).join(marked, on="device_id", how="inner")
    summed = shown.group_by("device_id").agg(
        nw.col("n").max(), nw.col("last_seen_at").max(), nw.col("place").min(), nw.col("server_port").min()
    )
    hits = context.engine.keep(_told(summed, "scan.marked", "n", " SYN that carry the address they go to"))
    yield hits
    known = context.watched.join(told.select("device_id"), on="device_id", how="inner")
    yield absent("scan.marked", hits, known, "no SYN carries the address it goes to")


def _sweep(failed: Frame, name: str, fixed: str, varied: str, least: float) -> Frame:
    """Count, per day, the distinct values of one column that a device failed to reach with another fixed."""
    keys = ["device_id", fixed, "day"]
    attempts = failed.with_columns(day=nw.col("first_seen_at").dt.truncate("1d"))
    many = attempts.group_by(keys).agg(n=nw.len()).filter(nw.col("n") >= least).select(keys)
    wide = (
        attempts.join(many, on=keys, how="inner")
        .group_by(keys)
        .agg(
            n=nw.col(varied).n_unique(),
            last_seen_at=nw.col("first_seen_at").max(),
            place=nw.col("place").min(),
        )
        .filter(nw.col("n") >= least)
    )
    on = "port" if fixed == "server_port" else "address"
    what = f" {'addresses' if on == 'port' else 'ports'} without an answer within a day, {on} "
    return _told(wide, name, "n", what, fixed)


def _guesses(context: Context, tried: Frame) -> Iterator[Frame]:
    """Find many short conversations with one login service within an hour.

    Of web servers only those that asked for a password count, or where the device sent one.
    """
    name = "login.guessing"
    most = context.number(name, "max_kb") * 1000
    kinds = {of: [int(one) for one in context.words(name, of)] for of in ("ports", "web_ports")}
    short = context.engine.keep(
        tried.filter(
            nw.col("server_port").is_in([*kinds["ports"], *kinds["web_ports"]]),
            nw.col("is_established"),
            nw.col("client_bytes") < most,
            nw.col("server_bytes") < most,
        ).select(
            "device_id",
            "client_device_id",
            "server_device_id",
            "server_port",
            "last_seen_at",
            "place",
            window=nw.col("first_seen_at").dt.truncate("1h"),
        )
    )
    for ports, least in (("ports", "min_logins"), ("web_ports", "min_requests")):
        on_port = short.filter(nw.col("server_port").is_in(kinds[ports]))
        if ports == "web_ports":
            on_port = _asked(context, on_port)
        runs = (
            on_port.group_by("device_id", "server_port", "window")
            .agg(n=nw.len(), last_seen_at=nw.col("last_seen_at").max(), place=nw.col("place").min())
            .filter(nw.col("n") >= context.number(name, least))
        )
        yield _told(runs, name, "n", " short conversations within an hour on port ", "server_port")


def _asked(context: Context, conversations: Frame) -> Frame:
    """Keep conversations of which a side showed that a password was asked for or sent."""
    showed = (
        context.observations.filter(nw.col("property").is_in(["http.authenticate", "http.basic_user"]))
        .select("device_id", is_asked=nw.lit(value=True))
        .unique()
    )
    for side in ("server", "client"):
        names = {"device_id": f"{side}_device_id", "is_asked": f"by_{side}"}
        conversations = conversations.join(showed.rename(names), on=f"{side}_device_id", how="left")
    return conversations.filter(~nw.coalesce("by_server", "by_client").is_null())


def _told(frame: Frame, name: str, count: str, what: str, then: str | None = None) -> Frame:
    more = [nw.col(then).cast(nw.String)] if then else []
    return signal(
        frame,
        name,
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col(count).cast(nw.String), nw.lit(what), *more),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=more[0] if more else nw.lit("connection attempts"),
    )
