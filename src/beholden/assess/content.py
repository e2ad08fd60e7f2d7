"""What devices say in clear and serve: credentials, certificates, old TLS, maintenance ports, scanning."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, absent, signal
from beholden.engine import Frame

_CREDENTIALS = ("http.basic_user", "mqtt.username")
_PLAIN = ("http.request", "mqtt.client_id")
_OLD_TLS = ("SSL 3.0", "TLS 1.0", "TLS 1.1")
_HOUR_US = 3_600_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Measure what observations and flows show of the device itself."""
    seen = context.observations
    credentials = _told(
        seen.filter(nw.col("property").is_in(list(_CREDENTIALS))), "credential.cleartext", 1.0
    )
    yield credentials
    yield absent("credential.cleartext", credentials, _latest(seen, _PLAIN), "plain protocols, no credential")
    versions = seen.filter(nw.col("property") == "tls.version")
    old = nw.col("value").is_in(list(_OLD_TLS))
    yield _told(versions.filter(old), "tls.weak", 1.0)
    yield _told(versions.filter(~old), "tls.weak", 0.0)
    yield from _certificates(context)
    yield from _listeners(context)
    yield from _scanning(context)


def _told(observations: Frame, name: str, strength: float) -> Frame:
    return signal(
        observations,
        name,
        strength=nw.lit(strength),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col("property"), nw.lit(" "), nw.col("value")),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("value"),
    )


def _latest(observations: Frame, properties: tuple[str, ...]) -> Frame:
    kept = observations.filter(nw.col("property").is_in(list(properties)))
    latest = kept.group_by("device_id").agg(observed_at=nw.col("last_seen_at").max())
    return latest.with_columns(silence=nw.lit(1.0))


def _certificates(context: Context) -> Iterator[Frame]:
    """Judge certificates that the device serves: self-signed, or expired when they were seen."""
    seen = context.observations
    signed = seen.filter(nw.col("property") == "tls.certificate.self_signed")
    yield _told(signed.filter(nw.col("value") == "true"), "tls.certificate", 1.0)
    expiry = seen.filter(nw.col("property") == "tls.certificate.expiry", ~nw.col("last_seen_at").is_null())
    day = nw.col("last_seen_at").dt.to_string("%Y-%m-%d")
    yield _told(expiry.filter(nw.col("value").str.slice(0, 10) < day), "tls.certificate", 1.0)


def _listeners(context: Context) -> Iterator[Frame]:
    """Tell of maintenance ports, and ports that reports tie to botnets, on which a device answered."""
    port = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    answered = context.flows.filter(
        ~nw.col("server_device_id").is_null(), nw.col("is_established"), nw.col("server_bytes") > 0
    ).with_columns(
        device_id=nw.col("server_device_id"),
        property=nw.lit("port.open"),
        value=port,
    )
    ports = {name: context.words(name, "ports") for name in ("service.debug", "listener.backdoor")}
    listed = nw.col("value").is_in([port for some in ports.values() for port in some])
    columns = ["device_id", "property", "value", "last_seen_at", "place"]
    held = context.engine.keep(answered.filter(listed).select(columns))
    for name, some in ports.items():
        yield _told(held.filter(nw.col("value").is_in(some)), name, 1.0)


def _scanning(context: Context) -> Iterator[Frame]:
    """Count connection attempts to distinct addresses on ports that device botnets scan."""
    ports = [int(text) for text in context.words("scan.telnet", "ports")]
    most, least_share = (context.number("scan.telnet", name) for name in ("min_destinations", "min_share"))
    tried = context.flows.filter(~nw.col("client_device_id").is_null(), nw.col("n_syn") > 0).with_columns(
        device_id=nw.col("client_device_id"),
        is_target=nw.when(nw.col("server_port").is_in(ports)).then(1).otherwise(0),
    )
    distinct = tried.group_by("device_id", "server_ip").agg(
        nw.col("is_target").max(),
        begun=nw.col("first_seen_at").min(),
        ended=nw.col("last_seen_at").max(),
        place=nw.col("place").min(),
    )
    counts = distinct.group_by("device_id").agg(
        n=nw.len(),
        n_target=nw.col("is_target").sum(),
        begun=nw.col("begun").min(),
        ended=nw.col("ended").max(),
        place=nw.col("place").min(),
    )
    span = (nw.col("ended") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
    hours = nw.when(span > 1.0).then(span).otherwise(1.0)
    target, total = nw.col("n_target").cast(nw.Float64), nw.col("n").cast(nw.Float64)
    fans_out = (target / hours > most) & (target / total > least_share)
    silence = context.watched.select("device_id", "silence")
    yield signal(
        context.engine.keep(counts.join(silence, on="device_id", how="inner")),
        "scan.telnet",
        strength=nw.when(fans_out).then(1.0).otherwise(0.0),
        confidence=nw.when(fans_out).then(1.0).otherwise(nw.col("silence")),
        observed_at=nw.col("ended"),
        detail=nw.concat_str(nw.col("n_target").cast(nw.String), nw.lit(" addresses tried on such ports")),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.lit("connection attempts"),
    )
