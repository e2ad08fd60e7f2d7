"""What devices say in clear and serve: credentials, certificates, old TLS, maintenance ports."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, absent, signal
from beholden.engine import Frame

_CREDENTIALS = ("http.basic_user", "rtsp.basic_user", "mqtt.username", "ftp.user")
_PLAIN = ("http.request", "rtsp.request", "mqtt.client_id")
_SHOWN = 3
_OLD_TLS = ("SSL 3.0", "TLS 1.0", "TLS 1.1")
_SHORT_KEY = r"^RSA ([0-9]{1,3}|1[0-9]{3}|20[0-3][0-9]|204[0-7])$"
"""Below 2,048 bits (NIST SP 800-131A revision 2, table 2)."""


def measure(context: Context) -> Iterator[Frame]:
    """Measure what observations and flows show of the device itself."""
    seen = context.observations
    named = seen.filter(nw.col("property").is_in(list(_CREDENTIALS)))
    credentials = told(_masked(named, context), "credential.cleartext", 1.0)
    yield credentials
    yield absent("credential.cleartext", credentials, latest(seen, _PLAIN), "plain protocols, no credential")
    versions = seen.filter(nw.col("property") == "tls.version")
    old = nw.col("value").is_in(list(_OLD_TLS))
    yield told(versions.filter(old), "tls.weak", 1.0)
    yield told(versions.filter(~old), "tls.weak", 0.0)
    keys = seen.filter(nw.col("property") == "tls.certificate.key")
    yield told(keys.filter(nw.col("value").str.contains(_SHORT_KEY)), "tls.weak", 1.0)
    yield from _certificates(context)
    yield from _listeners(context)


def _masked(named: Frame, context: Context) -> Frame:
    """Show a user name whole only where it is one that makers give; others may be a person's."""
    usual = nw.col("value").str.to_lowercase().is_in(context.words("credential.cleartext", "usual"))
    start = nw.concat_str(nw.col("value").str.slice(0, _SHOWN), nw.lit("…"))
    return named.with_columns(value=nw.when(usual).then(nw.col("value")).otherwise(start))


def told(observations: Frame, name: str, strength: float | nw.Expr, path: nw.Expr | None = None) -> Frame:
    """Measure a signal by observations that each show it as strongly, and the fact that reads them so."""
    return signal(
        observations,
        name,
        strength=strength if isinstance(strength, nw.Expr) else nw.lit(strength),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.col("property"), nw.lit(" "), nw.col("value")),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("value"),
        path=path if path is not None else nw.lit(""),
    )


def latest(observations: Frame, properties: tuple[str, ...]) -> Frame:
    """Give the devices that some properties were seen of, and when last, as `absent` reads them."""
    kept = observations.filter(nw.col("property").is_in(list(properties)))
    latest = kept.group_by("device_id").agg(observed_at=nw.col("last_seen_at").max())
    return latest.with_columns(silence=nw.lit(1.0))


def _certificates(context: Context) -> Iterator[Frame]:
    """Judge certificates that the device serves: self-signed, or expired when they were seen."""
    seen = context.observations
    signed = seen.filter(nw.col("property") == "tls.certificate.self_signed")
    yield told(signed.filter(nw.col("value") == "true"), "tls.certificate", 1.0)
    expiry = seen.filter(nw.col("property") == "tls.certificate.expiry", ~nw.col("last_seen_at").is_null())
    day = nw.col("last_seen_at").dt.to_string("%Y-%m-%d")
    yield told(expiry.filter(nw.col("value").str.slice(0, 10) < day), "tls.certificate", 1.0)


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
        yield told(held.filter(nw.col("value").is_in(some)), name, 1.0)
