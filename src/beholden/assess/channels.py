"""Which ways lead in and out: Internet use, inbound reach, control sessions, updates, volume."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, absent, signal
from beholden.engine import Frame

_CONTROL = ("control", "video", "relay")
_BULK = ("video", "store", "telemetry")
_MB = 1_000_000
_DAY_US = 86_400_000_000
_SECOND_US = 1_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Measure the channels of every device whose conversations were seen."""
    watched = context.watched
    outbound = context.engine.keep(context.exposures.filter(~nw.col("is_inbound"), nw.col("bytes_down") > 0))
    control = _control(outbound, context.number("channel.control", "min_seconds"))
    inbound = context.exposures.filter(nw.col("is_inbound"), nw.col("bytes_up") > 0, nw.col("bytes_down") > 0)
    yield from _with_absence(
        "channel.internet", _seen(outbound, "channel.internet", 1.0), watched, "no Internet use"
    )
    yield from _with_absence(
        "channel.inbound", _seen(inbound, "channel.inbound", 1.0), watched, "nothing came in"
    )
    yield from _with_absence("channel.control", control, watched, "no standing control session")
    yield from _with_absence("controller.update", _updates(outbound), watched, "no update or control service")
    yield _single_cloud(context, outbound)
    yield from _volume(context, outbound, watched)
    yield _seen(outbound.filter(nw.col("service").is_in(list(_BULK))), "upload.path", 1.0)
    yield _seen(outbound.filter(nw.col("service").is_null()), "upload.path", 0.5)


def _with_absence(name: str, hits: Frame, watched: Frame, detail: str) -> Iterator[Frame]:
    yield hits
    yield absent(name, hits, watched, detail)


def _seen(exposures: Frame, name: str, strength: float) -> Frame:
    return signal(
        exposures,
        name,
        strength=nw.lit(strength),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(
            nw.coalesce("name", "address"), nw.lit(" port "), nw.col("server_port").cast(nw.String)
        ),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.coalesce("name", "address"),
        path=nw.col("fact_id").fill_null(""),
    )


def _control(outbound: Frame, min_seconds: float) -> Frame:
    lasted = (nw.col("last_seen_at") - nw.col("first_seen_at")).dt.total_microseconds() / _SECOND_US
    standing = (lasted >= min_seconds) | (nw.col("n_flows") > 1)
    return _seen(outbound.filter(nw.col("service").is_in(list(_CONTROL)), standing), "channel.control", 1.0)


def _updates(outbound: Frame) -> Frame:
    return nw.concat(
        [
            _seen(outbound.filter(nw.col("service") == "update"), "controller.update", 1.0),
            _seen(outbound.filter(nw.col("service") == "control"), "controller.update", 0.7),
        ]
    )


def _single_cloud(context: Context, outbound: Frame) -> Frame:
    held = outbound.filter(nw.col("service").is_in(list(_CONTROL)), ~nw.col("operator_id").is_null())
    counts = (
        held.select("device_id", "operator_id", "last_seen_at", "place")
        .group_by("device_id", "operator_id")
        .agg(nw.col("last_seen_at").max(), nw.col("place").min())
    )
    operators = counts.group_by("device_id").agg(
        n=nw.len(),
        observed=nw.col("last_seen_at").max(),
        place=nw.col("place").min(),
        first=nw.col("operator_id").min(),
    )
    return signal(
        context.engine.keep(operators),
        "cloud.single",
        strength=nw.when(nw.col("n") == 1).then(1.0).otherwise(0.0),
        observed_at=nw.col("observed"),
        detail=nw.concat_str(
            nw.col("n").cast(nw.String), nw.lit(" operator(s) of control, first "), nw.col("first")
        ),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.col("first"),
    )


def _volume(context: Context, outbound: Frame, watched: Frame) -> Iterator[Frame]:
    per_day, ratio, least = (
        context.number("upload.volume", name) for name in ("mb_per_day", "ratio", "min_mb")
    )
    sums = outbound.group_by("device_id").agg(
        nw.col("bytes_up").sum(),
        nw.col("bytes_down").sum(),
        begun=nw.col("first_seen_at").min(),
        observed=nw.col("last_seen_at").max(),
        place=nw.col("place").min(),
    )
    span = (nw.col("observed") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64)
    days = nw.when(span > _DAY_US).then(span / _DAY_US).otherwise(1.0)
    up = nw.col("bytes_up").cast(nw.Float64)
    much = up / days > per_day * _MB
    lopsided = (up > least * _MB) & (up > nw.col("bytes_down").cast(nw.Float64) * ratio)
    hits = signal(
        context.engine.keep(sums.filter(much | lopsided)),
        "upload.volume",
        strength=nw.lit(1.0),
        observed_at=nw.col("observed"),
        detail=nw.concat_str(nw.col("bytes_up").cast(nw.String), nw.lit(" bytes up")),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.lit("all destinations"),
    )
    yield from _with_absence("upload.volume", hits, watched, "little was sent up")
    bulk = outbound.filter(
        nw.col("service").is_in(list(_BULK)) | _on_ports(context.words("upload.mapping", "ports"))
    ).join(hits.select("device_id").unique(), on="device_id", how="inner")
    yield _seen(bulk, "upload.mapping", 1.0)


def _on_ports(ports: list[str]) -> nw.Expr:
    text = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    return text.is_in(ports)
