"""Suricata's EVE JSON as typed columns: one event a line, of which the fields that are read are kept.

https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from beholden.ingest.sensors.coded import Words
from beholden.ingest.sensors.objects import parsed
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import Lines, is_utf8, lines

_S, _I = pa.string(), pa.int64()
_TIME = pa.timestamp("us", "UTC")


def _struct(texts: str = "", numbers: str = "", **others: pa.DataType) -> pa.DataType:
    named = {**dict.fromkeys(texts.split(), _S), **dict.fromkeys(numbers.split(), _I), **others}
    return pa.struct(list(named.items()))


_HEADERS = pa.list_(_struct("name value"))
_PARTIES: dict[str, pa.DataType] = {
    "timestamp": _TIME,
    "flow_id": _I,
    "src_ip": _S,
    "src_port": _I,
    "dest_ip": _S,
    "dest_port": _I,
}
_SOFTWARE = _struct("proto_version software_version")
_OBJECTS: dict[str, dict[str, pa.DataType]] = {
    "dns": {
        "dns": _struct(
            "type rrname rrtype rcode rdata",
            queries=pa.list_(_struct("rrname rrtype")),
            answers=pa.list_(_struct("rrname rrtype rdata")),
        )
    },
    "tls": {
        "tls": _struct(
            "subject issuerdn serial sni version notbefore notafter ja4 certificate",
            subjectaltname=pa.list_(_S),
            client_alpns=pa.list_(_S),
            chain=pa.list_(_S),
            ja3s=_struct("hash"),
        )
    },
    "quic": {"quic": _struct("sni ja4")},
    "http": {
        "http": _struct(
            "hostname url http_user_agent http_method server www_authenticate", response_headers=_HEADERS
        )
    },
    "dhcp": {
        "dhcp": _struct(
            "type dhcp_type client_mac client_ip assigned_ip requested_ip hostname vendor_class_identifier",
            routers=pa.list_(_S),
        )
    },
    "ssh": {"ssh": _struct(client=_SOFTWARE, server=_SOFTWARE)},
    "mqtt": {
        "mqtt": _struct(
            connect=_struct("client_id username", will=_struct("topic")),
            publish=_struct("topic"),
            subscribe=_struct(topics=pa.list_(_struct("topic"))),
        )
    },
    "smb": {"smb": _struct(ntlmssp=_struct("host"), request=_struct("native_os"))},
    "alert": {"alert": _struct("signature")},
    "flow": {
        "proto": _S,
        "vlan": pa.list_(_I),
        "ether": _struct(src_macs=pa.list_(_S), dest_macs=pa.list_(_S)),
        "flow": _struct(
            "state", "pkts_toserver pkts_toclient bytes_toserver bytes_toclient", start=_TIME, end=_TIME
        ),
        "tcp": _struct("tcp_flags_ts tcp_flags_tc"),
    },
}
SCHEMAS = {event: pa.schema({**_PARTIES, **objects}) for event, objects in _OBJECTS.items()}
"""The fields that are read of each event, as Suricata 4 to 8 write them; flows last, since other events name them."""
_BLOCK = 32 << 20
_EVENT = re.compile(rb'"event_type"\s*:\s*"([^"\n]*)"')
_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")


class Block(NamedTuple):
    """Events of one type with the lines they stand on, of so many records, of which so many could not be read."""

    event: str
    locator: Words
    events: pa.Table
    n_records: int
    n_rejected: int


def blocks(path: Path, limit: int, problems: Problems) -> Iterator[Block]:
    """Read a log block by block, event type by event type; what is no event is told of and left out."""
    for piece in lines(path, limit, problems, _BLOCK):
        by_event = _by_event(piece)
        for event, schema in SCHEMAS.items():
            if event.encode() in by_event:
                yield _block(event, schema, *by_event.pop(event.encode()), problems)
        others = [
            pair for texts, numbers in by_event.values() for pair in zip(texts, numbers.tolist(), strict=True)
        ]
        yield _others(others, problems)


def _by_event(piece: Lines) -> dict[bytes, tuple[list[bytes], Words]]:
    """Give the lines of each event type and their numbers, without reading more of them."""
    texts = piece.data.split(b"\n")
    del texts[piece.n :]
    events = _EVENT.findall(piece.data)
    if len(events) != len(texts):
        events = [said[1] if (said := _EVENT.search(text)) else b"" for text in texts]
    number = {event: place for place, event in enumerate(sorted(set(events)))}
    codes = np.fromiter(map(number.__getitem__, events), np.int64, len(events))
    places = {event: np.flatnonzero(codes == code) for event, code in number.items()}
    return {event: ([texts[at] for at in own.tolist()], piece.first + own) for event, own in places.items()}


def _block(event: str, schema: pa.Schema, texts: list[bytes], numbers: Words, problems: Problems) -> Block:
    locator = numbers
    events = parsed(b"\n".join(texts), schema)
    n_bad = 0
    if events is None or events.num_rows != len(texts):
        locator, events = _careful(texts, numbers, schema, problems)
        n_bad = len(texts) - len(locator)
    is_timed = events["timestamp"].is_valid().to_numpy()
    if not is_timed.all():
        for number in locator[~is_timed].tolist():
            problems.tell_at("events without a time", number, "no time in 'timestamp'", "left out")
        n_bad += int((~is_timed).sum())
        locator, events = locator[is_timed], events.filter(pa.array(is_timed))
    return Block(event, locator, events, len(texts), n_bad)


def _careful(
    texts: list[bytes], numbers: Words, schema: pa.Schema, problems: Problems
) -> tuple[Words, pa.Table]:
    """Read line by line; values of other types than expected are none."""
    said = [(number, _object(text)) for number, text in zip(numbers.tolist(), texts, strict=True)]
    for (number, one), text in zip(said, texts, strict=True):
        if not is_utf8(text):
            problems.tell_at(
                "lines that are not UTF-8", number, "not UTF-8", "read with other bytes replaced"
            )
        if one is None:
            problems.tell_at("lines that are no JSON object", number, "no JSON object", "left out")
    kept = [(number, one) for number, one in said if one is not None]
    rows = [{field.name: _fitted(one.get(field.name), field.type) for field in schema} for _, one in kept]
    return np.array([number for number, _ in kept], np.int64), pa.Table.from_pylist(rows, schema)


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _others(pairs: list[tuple[bytes, int]], problems: Problems) -> Block:
    """Count events of which nothing is read; what is not even an object is told of."""
    pairs = [(text, number) for text, number in pairs if text.strip()]
    n_bad = 0
    for text, number in pairs:
        if not (text.lstrip().startswith(b"{") and text.rstrip().endswith(b"}")):
            problems.tell_at("lines that are no JSON object", number, "no JSON object", "left out")
            n_bad += 1
    return Block("", np.empty(0, np.int64), pa.table({}), len(pairs), n_bad)


def _fitted(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401
    """Give what of a JSON value is of a type, else nothing."""
    if pa.types.is_struct(kind):
        fields = [kind.field(at) for at in range(kind.num_fields)]
        return (
            {one.name: _fitted(value.get(one.name), one.type) for one in fields}
            if isinstance(value, dict)
            else None
        )
    if pa.types.is_list(kind):
        return [_fitted(each, kind.value_type) for each in value] if isinstance(value, list) else None
    if pa.types.is_integer(kind):
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return value if is_whole and abs(value) < 1 << 63 else None
    if not isinstance(value, str):
        return None
    return _instant(value) if pa.types.is_timestamp(kind) else value.encode("utf-8", "replace").decode()


def _instant(text: str) -> Any:  # noqa: ANN401
    from datetime import UTC, datetime  # noqa: PLC0415

    try:
        read = datetime.fromisoformat(_ZONE.sub(r"\1:\2", text))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
