"""Personal identifiers that a device sends in clear: typed detectors with checksums; none is ever printed whole."""

import re
from collections.abc import Iterator

import narwhals as nw
import pyarrow as pa

from beholden.assess.channels import _on_ports
from beholden.assess.content import latest
from beholden.assess.context import Context, absent, signal
from beholden.engine import Frame
from beholden.model.identifiers import imei

_NAME = "identifier.cleartext"
_CLEAR = (
    "http.request", "http.host", "http.user_agent", "mqtt.topic", "mqtt.client_id", "mqtt.username", "coap.request",
)  # fmt: skip
_MAC = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{2}([:-]|%3a))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9a-f])", re.IGNORECASE
)
_IMEI = re.compile(r"(?<!\d)\d{15}(?!\d)")
_MAIL = re.compile(
    r"[\w.+-]{1,64}(?:@|%40)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.[a-z]{2,12}(?![\w.])", re.IGNORECASE
)
_PLACE = re.compile(
    r"\blat(?:itude)?[=/:]-?\d{1,2}\.\d{3,}\b.{1,20}?\blo?ng?(?:itude)?[=/:]-?\d{1,3}\.\d{3,}", re.IGNORECASE
)
_TOKEN = re.compile(r"[0-9a-z]{6,40}", re.IGNORECASE)
_SHOWN = 3
_FOUND = pa.schema([(name, pa.string()) for name in ("property", "value", "sort", "token", "masked")])


def measure(context: Context) -> Iterator[Frame]:
    """Measure identifiers in what was said in clear by devices that sent in clear beyond the site."""
    ports = context.words("payload.cleartext", "ports")
    beyond = context.exposures.filter(~nw.col("is_inbound"), nw.col("bytes_up") > 0, _on_ports(ports))
    sent = beyond.select("device_id").unique()
    seen = context.observations.filter(nw.col("property").is_in(list(_CLEAR)))
    seen = context.engine.keep(seen.join(sent, on="device_id", how="semi"))
    distinct = context.engine.collect(seen.select("property", "value").unique()).to_pylist()
    rows = [row | one for row in distinct for one in detect(row["value"])]
    found = context.engine.bind(pa.Table.from_pylist(rows, schema=_FOUND))
    met = seen.join(found, on=["property", "value"], how="inner")
    own = _own(context).with_columns(is_own=nw.lit(value=True))
    shown = met.join(own, on=["device_id", "token"], how="left").filter(
        (nw.col("sort") != "token") | ~nw.col("is_own").is_null()
    )
    said = nw.when(nw.col("sort") == "token").then(nw.lit("own number")).otherwise(nw.col("sort"))
    text = nw.concat_str(said, nw.lit(" "), nw.col("masked"))
    hits = context.engine.keep(
        signal(
            shown,
            _NAME,
            strength=nw.lit(1.0),
            observed_at=nw.col("last_seen_at"),
            detail=nw.concat_str(text, nw.lit(" in "), nw.col("property")),
            place=nw.col("place"),
            property=nw.col("property"),
            value=text,
        )
    )
    yield hits
    yield absent(_NAME, hits, latest(seen, _CLEAR), "plain protocols were seen without one")


def detect(text: str) -> Iterator[dict[str, str]]:
    """Give what may be an identifier in a text: sort, the token it is compared by, and what of it is shown.

    Link addresses, IMEIs with a right check digit (3GPP TS 23.003, B), e-mail addresses and positions stand for
    themselves; a plain `token` is one only where it is the device's own address or serial number.
    """
    for sort, pattern in (("link address", _MAC), ("e-mail address", _MAIL)):
        for hit in pattern.finditer(text):
            yield _row(sort, hit[0])
    for hit in _IMEI.finditer(text):
        if imei(hit[0]) is not None:
            yield _row("IMEI", hit[0])
    if _PLACE.search(text):
        yield {"sort": "position", "token": "", "masked": "…"}
    for token in dict.fromkeys(_TOKEN.findall(text)):
        if any(one.isdigit() for one in token):
            yield _row("token", token)


def _row(sort: str, found: str) -> dict[str, str]:
    return {"sort": sort, "token": found.lower(), "masked": f"{found[:_SHOWN]}… ({len(found)} characters)"}


def _own(context: Context) -> Frame:
    """Give the link addresses and serial numbers of devices themselves, as tokens."""
    seen = context.observations
    serial = seen.filter(nw.col("property").str.ends_with(".serial")).select(
        "device_id", token=nw.col("value")
    )
    named = seen.filter(nw.col("subject_kind").is_in(["mac", "serial", "imei"])).select(
        "device_id", token=nw.col("subject")
    )
    both = context.engine.union([serial, named])
    plain = nw.col("token").str.to_lowercase().str.replace_all(":", "", literal=True)
    return both.select("device_id", token=plain).unique()
