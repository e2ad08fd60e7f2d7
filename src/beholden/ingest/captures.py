"""One capture: packet kernels, dissectors and the names of peers put together into the model's tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import arrow_schema, conform
from beholden.ingest import capture
from beholden.ingest.observe import Observer
from beholden.ingest.read import Options
from beholden.model.addresses import LOCAL_IP
from beholden.model.errors import Report
from beholden.model.tables import FLOWS, LOOKUPS, OBSERVATIONS, Table

_UTC = pa.timestamp("us", tz="UTC")
_NEVER = 1 << 50  # microseconds: any earlier look-up is nearer
_OBSERVED = pa.schema([field for field in arrow_schema(OBSERVATIONS) if field.name != "evidence_id"])


class ReadCapture(NamedTuple):
    """The tables of one capture, and its row of `evidence`."""

    evidence: dict[str, Any]
    observations: pa.Table
    flows: pa.Table
    lookups: pa.Table


def read(
    source: Path | BinaryIO,
    name: str,
    evidence_id: Callable[[], str],
    size: int | Callable[[], int],
    report: Report,
    options: Options,
) -> ReadCapture:
    """Read a capture whole. The hash is asked for last, so that it can be computed meanwhile."""
    if options.on_compile is not None and not capture.is_compiled():
        options.on_compile()
    observer = Observer("")
    captured = capture.read(
        source,
        report=report,
        limit_bytes=options.limit_bytes,
        on_progress=options.on_progress,
        on_selected=observer.add,
    )
    observed = observer.tables()
    known = evidence_id()
    row = {
        "evidence_id": known,
        "kind": captured.kind,
        "name": name,
        "size_bytes": size if isinstance(size, int) else size(),
        "n_records": captured.n_records,
        "n_rejected": captured.n_rejected,
        "first_seen_at": captured.first_us,
        "last_seen_at": captured.last_us,
    }
    told = observed.observations.drop_columns(["evidence_id"]).cast(_OBSERVED)
    seen = pa.concat_tables([told, _bindings(captured.bindings)])
    flows = _flows(captured.flows, observed.flow_names, observed.lookups)
    return ReadCapture(
        row,
        _known(OBSERVATIONS, seen, known),
        _known(FLOWS, flows, known),
        _known(LOOKUPS, observed.lookups, known),
    )


def _known(table: Table, data: pa.Table, evidence_id: str) -> pa.Table:
    """Put the evidence's id into every row and conform to the model."""
    column = pa.repeat(pa.scalar(evidence_id), data.num_rows)
    if "evidence_id" in data.column_names:
        data = data.drop_columns(["evidence_id"])
    return conform(table, data.append_column("evidence_id", column))


def _times(data: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {"first_seen_at": data["first_us"].cast(_UTC), "last_seen_at": data["last_us"].cast(_UTC)}


def _bindings(bindings: pa.Table) -> pa.Table:
    """Say which local addresses a link address sent from, and how many public ones it relays."""
    is_local = pc.match_substring_regex(bindings["ip"], LOCAL_IP)
    has_mac = pc.is_valid(bindings["mac"])
    local = bindings.filter(is_local)
    public = bindings.filter(pc.and_(pc.invert(is_local), has_mac))
    return pa.concat_tables([_own(local), _relayed(public)])


def _own(local: pa.Table) -> pa.Table:
    has_mac = pc.is_valid(local["mac"])
    return pa.table(
        {
            "locator_kind": pa.repeat("frame", local.num_rows),
            "locator": local["locator"],
            "subject_kind": pc.if_else(has_mac, "mac", "ip"),
            "subject": pc.coalesce(local["mac"], local["ip"]),
            "mac": pa.nulls(local.num_rows, pa.string()),
            "property": pa.repeat("frame.ip", local.num_rows),
            "value": local["ip"],
            "n": local["n"],
            **_times(local),
        }
    ).cast(_OBSERVED)


def _relayed(public: pa.Table) -> pa.Table:
    by_mac = public.group_by("mac", use_threads=False).aggregate(
        [("ip", "count"), ("locator", "min"), ("n", "sum"), ("first_us", "min"), ("last_us", "max")]
    )
    by_mac = by_mac.rename_columns(
        {
            "ip_count": "value",
            "locator_min": "locator",
            "n_sum": "n",
            "first_us_min": "first_us",
            "last_us_max": "last_us",
        }
    )
    n = by_mac.num_rows
    return pa.table(
        {
            "locator_kind": pa.repeat("frame", n),
            "locator": by_mac["locator"],
            "subject_kind": pa.repeat("mac", n),
            "subject": by_mac["mac"],
            "mac": pa.nulls(n, pa.string()),
            "property": pa.repeat("frame.relays", n),
            "value": by_mac["value"].cast(pa.string()),
            "n": by_mac["n"],
            **_times(by_mac),
        }
    ).cast(_OBSERVED)


def _flows(flows: pa.Table, names: pa.Table, lookups: pa.Table) -> pa.Table:
    """Give flows the names that their ClientHello, request or client's look-ups gave the server."""
    named = flows.join(names, keys="flow", join_type="left outer")
    looked_up = _looked_up(named, lookups)
    named = named.join(looked_up, keys="flow", join_type="left outer")
    for name, column in _times(named).items():
        named = named.append_column(name, column)
    return named.sort_by("locator")


def _looked_up(flows: pa.Table, lookups: pa.Table) -> pa.Table:
    """Give per flow the name that its client had last been given for the server's address.

    Where the only look-up came later (a cached answer renewed), that name is taken.
    """
    asked = lookups.select(["client_ip", "address", "name", "first_seen_at"])
    met = flows.select(["flow", "client_ip", "server_ip", "first_us"]).join(
        asked, keys=["client_ip", "server_ip"], right_keys=["client_ip", "address"], join_type="inner"
    )
    when = met["first_seen_at"].cast(pa.int64())
    distance = pc.abs(pc.subtract(met["first_us"], when))
    later = pc.if_else(pc.greater(when, met["first_us"]), _NEVER, 0)
    met = met.append_column("distance", pc.add(distance, later))
    nearest = met.group_by("flow").aggregate([("distance", "min")])
    chosen = met.join(
        nearest, keys=["flow", "distance"], right_keys=["flow", "distance_min"], join_type="inner"
    )
    return chosen.group_by("flow").aggregate([("name", "min")]).rename_columns({"name_min": "server_name"})
