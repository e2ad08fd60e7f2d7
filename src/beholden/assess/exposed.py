"""What lies open: descriptions, doors asked of the router, shared certificates, updates in clear, old software."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.assess.channels import _on_ports
from beholden.assess.content import told
from beholden.assess.context import Context, signal
from beholden.engine import Frame
from beholden.engine.places import told_together
from beholden.knowledge.versions import is_within

_DESCRIBED = (
    "onvif.model",
    "onvif.firmware",
    "onvif.serial",
    "isapi.model",
    "isapi.firmware",
    "isapi.serial",
)
_ASKED = ("http.authenticate", "rtsp.authenticate")
_SERVED = {
    "signed": "tls.certificate.self_signed",
    "subject": "tls.certificate.subject",
    "expiry": "tls.certificate.expiry",
}
_VERDICTS = pa.schema(
    [("property", pa.string()), ("value", pa.string()), ("strength", pa.float64()), ("path", pa.string())]
)
Verdict = tuple[float, str]
"""How strongly a value shows something, and the fact that says so."""
Judge = Callable[[Mapping[str, str]], Verdict | None]
"""Says of a property and its value what they show; None where nothing."""


def measure(context: Context) -> Iterator[Frame]:
    """Measure what a device leaves open, by what it says, serves and asks for."""
    yield from _interfaces(context)
    yield from _port_maps(context)
    yield _shared_certificates(context)
    yield _judged(context, "update.cleartext", ["http.request"], _is_update(context))
    yield _judged(context, "software.old", *_old_software(context))


def _interfaces(context: Context) -> Iterator[Frame]:
    """Tell of device descriptions that are given to whoever asks, where no password was asked for at all."""
    seen = context.observations
    served = seen.filter(nw.col("property").is_in(list(_DESCRIBED)))
    guarded = seen.filter(nw.col("property").is_in(list(_ASKED))).select("device_id").unique()
    name = "interface.open"
    yield told(served.join(guarded, on="device_id", how="anti"), name, context.number(name, "not_asked"))
    yield told(served.join(guarded, on="device_id", how="semi"), name, 0.0)


def _port_maps(context: Context) -> Iterator[Frame]:
    """Tell of devices that look for a router that maps ports, or ask it to (UPnP IGD, NAT-PMP, PCP)."""
    name = "portmap.asked"
    seeks, asks = context.number(name, "seeks"), context.number(name, "asks")
    words = [word.lower() for word in context.words(name, "targets")]

    def judge(seen: Mapping[str, str]) -> Verdict | None:
        text = seen["value"].lower()
        if not any(word in text for word in words):
            return None
        return (asks if text.startswith("post ") else seeks), ""

    yield _judged(context, name, ["ssdp.asks", "http.request"], judge)
    asked = context.flows.filter(
        ~nw.col("client_device_id").is_null(),
        nw.col("server_bytes") > 0,
        _on_ports(context.words(name, "ports")),
    )
    port = nw.concat_str(nw.col("protocol"), nw.lit("/"), nw.col("server_port").cast(nw.String))
    yield told(
        asked.with_columns(device_id=nw.col("client_device_id"), property=nw.lit("port.used"), value=port),
        name,
        asks,
    )


def _shared_certificates(context: Context) -> Frame:
    """Tell of self-signed certificates of one key that several devices serve.

    Where the key was not seen, subject and second of expiry stand for it.
    """
    seen = context.observations
    served = told_together(seen, "device_id", _SERVED)
    keys = told_together(seen, "device_id", {"key": "tls.certificate.key_hash"})
    held = served.filter(nw.col("signed") == "true").join(keys, on=["device_id", "place"], how="left")
    stands = nw.concat_str(nw.col("subject"), nw.lit(" "), nw.col("expiry"))
    held = context.engine.keep(held.with_columns(key=nw.coalesce(nw.col("key"), stands)))
    users = held.select("device_id", "key").unique().group_by("key").agg(n=nw.len())
    shared = held.join(users, on="key", how="inner").filter(
        nw.col("n") >= context.number("certificate.shared", "min_devices")
    )
    ends = seen.filter(nw.col("property") == _SERVED["signed"]).select("device_id", "place", "last_seen_at")
    return signal(
        shared.join(ends, on=["device_id", "place"], how="inner"),
        "certificate.shared",
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(
            nw.col("n").cast(nw.String), nw.lit(" devices serve the one of "), nw.col("subject")
        ),
        place=nw.col("place"),
        property=nw.lit("tls.certificate.subject"),
        value=nw.col("subject"),
    )


def _is_update(context: Context) -> Judge:
    """Tell requests whose path ends or is named as firmware."""
    name = "update.cleartext"
    endings = tuple(f".{one}" for one in context.words(name, "endings"))
    words = context.words(name, "words")

    def judge(seen: Mapping[str, str]) -> Verdict | None:
        method, _, path = seen["value"].lower().partition(" ")
        if method != "get":
            return None
        if path.endswith(endings):
            return 1.0, ""
        return (context.number(name, "by_word"), "") if any(word in path for word in words) else None

    return judge


def _old_software(context: Context) -> tuple[list[str], Judge]:
    """Give the properties in which services name their software, and what tells that it is old."""
    rows = context.knowledge.rows("old_software")
    strength = context.number("software.old", "old")

    def judge(seen: Mapping[str, str]) -> Verdict | None:
        hits = [row for row in rows if _speaks_of(row, seen)]
        if not hits:
            return None
        return (strength if _is_old(seen["value"], hits[0]) else 0.0), hits[0]["fact_id"]

    return sorted({row["property"] for row in rows}), judge


def _speaks_of(row: Mapping[str, Any], seen: Mapping[str, str]) -> bool:
    return bool(row["property"] == seen["property"] and seen["value"].startswith(row["beginning"] or ""))


def _is_old(value: str, row: Mapping[str, Any]) -> bool:
    version = value.removeprefix(row["beginning"] or "").split(maxsplit=1)[:1]
    if not row["before"]:
        return True
    return bool(version) and is_within(version[0], None, row["before"], is_high_in=False) is True


def _judged(context: Context, name: str, properties: list[str], judge: Judge) -> Frame:
    """Measure a signal by what is said of each distinct value of some properties; it is judged once."""
    seen = context.observations.filter(nw.col("property").is_in(properties))
    distinct = context.engine.collect(seen.select("property", "value").unique()).to_pylist()
    verdicts = [(row, judge(row)) for row in distinct]
    rows = [row | {"strength": one[0], "path": one[1]} for row, one in verdicts if one is not None]
    said = context.engine.bind(pa.Table.from_pylist(rows, schema=_VERDICTS))
    return told(
        seen.join(said, on=["property", "value"], how="inner"), name, nw.col("strength"), nw.col("path")
    )
