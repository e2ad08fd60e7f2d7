"""One capture: packet kernels, dissectors and the names of peers put together into the model's tables."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import arrow_schema, coded, conform, empty
from beholden.ingest import capture
from beholden.ingest.capture import layout as at
from beholden.ingest.capture.conversations import client_is_b, to_flows
from beholden.ingest.capture.result import Captured, Gathered
from beholden.ingest.dissect import naming
from beholden.ingest.dissect.written import lookups, observations, text
from beholden.ingest.observe import Observed, Observer
from beholden.ingest.parts import N_PARTS, Parts
from beholden.ingest.read import Options
from beholden.ingest.sink import Piece, Sink
from beholden.model.addresses import LOCAL_IP
from beholden.model.columns import Table
from beholden.model.errors import Report
from beholden.model.tables import FLOWS, LOOKUPS, OBSERVATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UTC = pa.timestamp("us", tz="UTC")
_OBSERVED = pa.schema([field for field in arrow_schema(OBSERVATIONS) if field.name != "evidence_id"])
_NAMES = ("server_name", *naming.PROPERTIES)


class ReadCapture(NamedTuple):
    """The tables of one capture, and its row of `evidence`."""

    evidence: dict[str, Any]
    observations: Piece
    flows: Piece
    lookups: Piece


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
    observer = Observer()
    with _Beside(observer.add) as beside:
        captured = capture.read(
            source,
            report=report,
            limit_bytes=options.limit_bytes,
            on_progress=options.on_progress,
            on_selected=beside,
        )
    observed = observer.finish(captured.n_records)
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
    gathered, looked_up = Gathered(), naming.LookedUp.of_rows(observed.lookups, observed.values)
    flows = _by_place(captured, observed, looked_up, gathered)
    return ReadCapture(
        row,
        _out(OBSERVATIONS, _observations(observed, gathered), known, options),
        _out(FLOWS, (_flows(rows, observed, looked_up) for rows in flows), known, options),
        _out(LOOKUPS, _lookups(observed), known, options),
    )


class _Beside:
    """Hand batches to a function on a thread of its own, one at a time, while the next is read."""

    def __init__(self, function: Callable[[pa.RecordBatch], None]) -> None:
        self._function = function
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._last: Future[None] | None = None

    def __call__(self, batch: pa.RecordBatch) -> None:
        if self._last is not None:
            self._last.result()
        self._last = self._thread.submit(self._function, batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown()
        if kind is None and self._last is not None:
            self._last.result()


def _out(table: Table, pieces: Iterator[pa.Table], evidence_id: str, options: Options) -> Piece:
    """Put the evidence's id into every row, conform to the model, and write what is much to a file."""
    shaped = coded if table is OBSERVATIONS else conform
    sink = Sink(f"{evidence_id}-{table.name}", shaped(table, empty(table)).schema, options.spill)
    for piece in pieces:
        sink.add(shaped(table, piece.append_column("evidence_id", pa.repeat(evidence_id, piece.num_rows))))
    return sink.finish()


def _by_place(
    captured: Captured, observed: Observed, looked_up: naming.LookedUp, gathered: Gathered
) -> Parts:
    """Give conversations their names, gather their stations, and spread them by their first frame."""
    flows = Parts(at.F_STORED + len(_NAMES))
    for rows in captured.conversations():
        gathered.add(rows)
        is_b = client_is_b(rows)[:, None]
        a, b = rows[:, at.F_A_HI : at.F_A_LO + 1], rows[:, at.F_B_HI : at.F_B_LO + 1]
        parties = np.concatenate((np.where(is_b, b, a), np.where(is_b, a, b)), axis=1)
        server = looked_up.nearest(parties, rows[:, at.F_FIRST_A : at.F_FIRST_B + 1].min(axis=1))
        said = naming.said(rows[:, at.F_HASH], observed.named)
        flows.add(
            np.column_stack((rows, server, said)), _first_frame(rows) * N_PARTS // (captured.n_records + 1)
        )
    captured.parts.close()
    return flows


def _first_frame(rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    first: NDArray[np.int64] = rows[:, at.F_FRAME_A : at.F_FRAME_B + 1].min(axis=1)
    return first


def _flows(rows: "NDArray[np.int64]", observed: Observed, looked_up: naming.LookedUp) -> pa.Table:
    """Write flows out in the order of their first frames."""
    rows = rows[np.lexsort((rows[:, at.F_HASH], _first_frame(rows)))]
    flows = to_flows(rows[:, : at.F_STORED])
    for name, column in _times(flows).items():
        flows = flows.append_column(name, column)
    for place, name in enumerate(_NAMES, start=at.F_STORED):
        texts = observed.values if place > at.F_STORED else looked_up.names
        flows = flows.append_column(name, text(rows[:, place], texts))
    return flows


def _observations(observed: Observed, gathered: Gathered) -> Iterator[pa.Table]:
    for rows in observed.told:
        yield observations(rows, observed.values)
    observed.told.close()
    yield _bindings(gathered.table())


def _lookups(observed: Observed) -> Iterator[pa.Table]:
    for rows in observed.lookups:
        yield lookups(rows, observed.values)
    observed.lookups.close()


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
