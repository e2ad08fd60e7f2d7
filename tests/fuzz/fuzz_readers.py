"""An atheris target over the readers of logs: no exception, tables as the model has them, whatever the bytes.

Run it with atheris installed: `python tests/fuzz/fuzz_readers.py -max_total_time=600`; all arguments go to libFuzzer.
Without a corpus folder among them it starts from the golden cases of the tests. The first byte chooses the reader;
`FUZZ_READER=zeek` before it fuzzes that one alone. `make fuzz-readers` takes them one after another.
"""

import io
import os
import tempfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

TESTS = Path(__file__).parents[1] / "ingest"
HELD = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())  # noqa: S108 - many small files


def names() -> list[str]:
    """Give the kinds of evidence that are fuzzed: all but captures, or the one that is asked for."""
    from beholden.ingest.formats import all_readers  # noqa: PLC0415 - after instrumentation

    one = os.environ.get("FUZZ_READER")
    return [one] if one else [reader.kind for reader in all_readers() if reader.kind != "capture"]


def seeds() -> dict[str, bytes]:
    """Return inputs as the readers' tests have them: a byte that chooses the reader, then the file."""
    found = {}
    for number, name in enumerate(names()):
        patterns = {"csv": "readers/cases/*/input.*"}.get(name, f"*/golden/{name}/*/*")
        files = [*TESTS.glob(patterns), *TESTS.glob(f"exports/cases/{name}*/*")]
        inputs = {f"{path.parent.name}-{path.name}": path.read_bytes() for path in files}
        inputs |= {"made": made(name)} if name in {"xlsx", "parquet"} else {}
        found |= {f"{name}-{at}": bytes([number]) + inputs[at] for at in inputs if "expected.json" not in at}
    return found


def made(kind: str) -> bytes:
    """Write a small inventory as a workbook or as Parquet."""
    columns = {"MAC address": ["00:00:5e:00:53:01", ""], "Hostname": ["a", "b"], "Vendor": ["x", None]}
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table(columns), out)
        return out.getvalue()
    book = openpyxl.Workbook()
    for row in (columns, *zip(*columns.values(), strict=True)):
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def one_input(data: bytes) -> None:
    """Read one input and check what every reader promises."""
    from beholden.engine.schemas import arrow_schema  # noqa: PLC0415
    from beholden.ingest.formats import reader_of, recognise  # noqa: PLC0415
    from beholden.ingest.inventory import Inventory  # noqa: PLC0415
    from beholden.ingest.read import Options  # noqa: PLC0415
    from beholden.model.properties import PROPERTIES  # noqa: PLC0415
    from beholden.model.tables import FLOWS, LOOKUPS, OBSERVATIONS  # noqa: PLC0415

    known = names()
    kind = known[data[0] % len(known)] if data else known[0]
    inventory = kind in {"csv", "xlsx", "parquet"}
    problems: list[str] = []
    with tempfile.TemporaryDirectory(dir=HELD) as folder:
        path = Path(folder) / "conn.log"
        path.write_bytes(data[1:])
        recognise(data[1:], path)
        read = reader_of(kind).read(
            path,
            "e" * 64,
            report=lambda one: problems.append(str(one)),
            **({} if inventory else {"options": Options()}),
        )
    assert 0 <= read.n_rejected <= read.n_records
    assert len(problems) < 200
    assert all("\n" not in one for one in problems)
    tables = {OBSERVATIONS: read.observations}
    if not isinstance(read, Inventory):
        tables |= {FLOWS: read.flows, LOOKUPS: read.lookups}
    for table, rows in tables.items():
        rows.validate(full=True)
        for field in arrow_schema(table):
            assert field.nullable or not rows[field.name].null_count, field.name
    assert set(read.observations["property"].unique().to_pylist()) <= set(PROPERTIES)


if __name__ == "__main__":
    from libfuzzer import fuzz  # beside this file

    fuzz(one_input, names, seeds, ["-timeout=30", "-max_len=16384"])
