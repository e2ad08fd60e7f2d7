"""Whom a device speaks to, or what it runs, that a list of the user names, valid at the time it was seen."""

import math
from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.engine import Frame
from beholden.knowledge.indicators.lists import fact_ids
from beholden.knowledge.indicators.matching import matches
from beholden.knowledge.lookup import domains

_PARAMETERS = "indicator.control"
"""The signal whose parameters hold for all of them."""
_FILE = "indicator.file"
_DAY_US = 86_400_000_000
_ABOUT = {
    "dns.query": "name",
    "tls.sni": "name",
    "quic.sni": "name",
    "http.host": "name",
    "tls.ja4": "ja4",
    "tls.certificate.subject": "subject",
    "sbom.hash": "file",
}
"""Properties of observations, and what their values are."""
_NAMES = {"server_name": "dns.query", "sni": "tls.sni", "http_host": "http.host"}
"""Columns of flows that name the destination, and the property that says so."""
_SEEN = ["device_id", "about", "key", "property", "value", "port", "first_seen_at", "last_seen_at", "place"]
_HIT = ["device_id", "property", "value", "at"]
_LISTED = [
    "signal",
    "confidence",
    "half_life_days",
    "is_dated",
    "valid_from",
    "valid_until",
    "seen_at",
    "attack",
]


def measure(context: Context) -> Iterator[Frame]:
    """Measure what lists name; that they do not name something says nothing."""
    listed = context.knowledge.table("indicators")
    if not listed.num_rows:
        return
    seen = context.engine.keep(_sightings(context))
    named = _named(context, listed, seen)
    if named.num_rows:
        yield _signals(context, seen, named)


def _sightings(context: Context) -> Frame:
    """Give what devices spoke to, and when: by address, by name, and by what else lists name."""
    served = context.flows.filter(~nw.col("server_device_id").is_null(), nw.col("is_established"))
    called = context.flows.filter(~nw.col("client_device_id").is_null())
    frames = [
        _of_flows(called, "client", "server_ip", "address", "port.used"),
        _of_flows(served, "server", "client_ip", "address", "port.used"),
        *(_of_flows(called, "client", column, "name", says) for column, says in _NAMES.items()),
        *_of_observations(context),
    ]
    return context.engine.union(frames)


def _of_flows(flows: Frame, mine: str, column: str, about: str, says: str) -> Frame:
    named = flows.filter(~nw.col(column).is_null())
    return named.select(
        "first_seen_at",
        "last_seen_at",
        "place",
        about=nw.lit(about),
        device_id=nw.col(f"{mine}_device_id"),
        key=_host(nw.col(column)) if about == "name" else nw.col(column),
        property=nw.lit(says),
        value=nw.col(column),
        port=nw.col("server_port"),
    ).select(*_SEEN)


def _of_observations(context: Context) -> Iterator[Frame]:
    """Give observations at the two instants that are sure: the first and the last."""
    for name, about in _ABOUT.items():
        held = context.observations.filter(nw.col("property") == name)
        key = {"name": _host(nw.col("value")), "file": nw.col("value").str.replace_all(r"^.*:", "")}
        for instant in ("first_seen_at", "last_seen_at"):
            yield held.select(
                "device_id", "property", "value", "place",
                about=nw.lit(about),
                key=key.get(about, nw.col("value")),
                port=nw.lit(None, dtype=nw.Int64),
                first_seen_at=nw.col(instant),
                last_seen_at=nw.col(instant),
            ).select(*_SEEN)  # fmt: skip


def _host(name: nw.Expr) -> nw.Expr:
    return name.str.to_lowercase().str.replace_all(r":[0-9]+\z", "")


def _named(context: Context, listed: pa.Table, seen: Frame) -> pa.Table:
    """Pair the distinct values that were seen with the rows that name them, and what these say."""
    distinct = context.engine.collect(seen.select("about", "key").unique())
    found = []
    for about in sorted(set(_ABOUT.values()) | {"address"}):
        keys = distinct["key"].filter(pa.compute.equal(distinct["about"], about)).combine_chunks()
        pairs = matches(listed, about, keys)
        found.append(pairs.append_column("about", pa.repeat(pa.scalar(about), pairs.num_rows)))
    pairs = pa.concat_tables(found)
    said = listed.take(pairs["at"])
    columns = {name: said[name] for name in [*_LISTED, "port", "path"]}
    return pa.table(
        {
            "about": pairs["about"],
            "key": pairs["value"],
            "at": pairs["at"],
            **{
                f"listed_{name}" if name in ("port", "attack") else name: column
                for name, column in columns.items()
            },
            "fact": fact_ids(said),
            "is_common": _common(context, said),
        }
    )


def _common(context: Context, said: pa.Table) -> pa.Array:
    """Tell of each listed value whether it is a name that many tenants share, or that everybody asks."""
    shared = set(context.words(_PARAMETERS, "services"))
    known = domains(context.knowledge, said["value"].combine_chunks()).to_pylist()
    return pa.array(
        [row["name"] == row["domain"] and (row["is_hosting"] or row["service"] in shared) for row in known],
        pa.bool_(),
    )


def _signals(context: Context, seen: Frame, named: pa.Table) -> Frame:
    """Keep what was valid when it was seen, and say how sure it is."""
    met = seen.join(context.engine.bind(named), on=["about", "key"], how="inner").filter(
        _is_valid(), _is_port()
    )
    sure = _requested(context, _shared(context, met)).with_columns(sure=_confidence(context))
    hits = sure.group_by(*_HIT).agg(
        nw.col("signal", "listed_attack", "fact").max(),
        nw.col("place").min(),
        confidence=nw.col("sure").max(),
        observed_at=nw.col("last_seen_at").max(),
    )
    is_file = nw.col("property") == "sbom.hash"
    return signal(
        hits.with_columns(signal=nw.when(is_file).then(nw.lit(_FILE)).otherwise(nw.col("signal"))),
        _PARAMETERS,
        signal=nw.col("signal"),
        strength=nw.lit(1.0),
        confidence=nw.col("confidence"),
        observed_at=nw.col("observed_at"),
        detail=nw.col("value"),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("value"),
        path=nw.col("fact"),
        attack=nw.col("listed_attack"),
    )


def _is_valid() -> nw.Expr:
    """Tell whether it was seen within the window; of what was seen at no known time only an open one holds it."""
    begun = nw.col("valid_from").is_null() | (nw.col("last_seen_at") >= nw.col("valid_from"))
    ended = nw.col("valid_until").is_null() | (nw.col("first_seen_at") < nw.col("valid_until"))
    return begun.fill_null(value=False) & ended.fill_null(value=False)


def _is_port() -> nw.Expr:
    is_any = nw.col("listed_port").is_null()
    return is_any | (nw.col("port") == nw.col("listed_port")).fill_null(value=False)


def _shared(context: Context, met: Frame) -> Frame:
    """Mark addresses that were reached by the name of a service that many share."""
    services = context.words(_PARAMETERS, "services")
    shared = (
        context.exposures.filter(nw.col("service").is_in(services)).select(key=nw.col("address")).unique()
    )
    return met.join(shared.with_columns(is_shared=nw.lit(value=True)), on="key", how="left").with_columns(
        is_common=nw.col("is_common") | ~nw.col("is_shared").is_null()
    )


def _requested(context: Context, met: Frame) -> Frame:
    """Mark URLs whose path a device asked for in clear."""
    asked = context.observations.filter(nw.col("property") == "http.request").select(
        "device_id", path=nw.col("value").str.replace_all(r"^[^ ]* ", "").str.replace_all(r"/\z", "")
    )
    asked = asked.unique().with_columns(is_asked=nw.lit(value=True))
    return met.join(asked, on=["device_id", "path"], how="left")


def _confidence(context: Context) -> nw.Expr:
    """Give the list's confidence, less with age, and a share of it where less is certain."""
    share = {name: context.number(_PARAMETERS, name) for name in ("common", "undated", "host_only")}
    micro = (nw.col("last_seen_at") - nw.col("seen_at")).dt.total_microseconds().cast(nw.Float64)
    days = nw.when(micro < 0).then(micro * -1.0).otherwise(micro) / _DAY_US
    decay = (days / nw.col("half_life_days") * -math.log(2)).exp().fill_null(1.0)
    is_host_only = ~nw.col("path").is_null() & nw.col("is_asked").is_null()
    return (
        nw.col("confidence")
        * decay
        * nw.when(nw.col("is_common")).then(share["common"]).otherwise(1.0)
        * nw.when(nw.col("is_dated")).then(1.0).otherwise(share["undated"])
        * nw.when(is_host_only).then(share["host_only"]).otherwise(1.0)
    )
