"""An atheris target over the readers of logs: no exception, tables as the model has them, whatever the bytes.

Run it with atheris installed: `python tests/fuzz/fuzz_readers.py -max_total_time=600`; all arguments go to libFuzzer.
Without a corpus folder among them it starts from the golden cases of the tests. The first byte chooses the reader.
"""

import os
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1] / "ingest"
HELD = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())  # noqa: S108 - many small files


def names() -> list[str]:
    """Give the readers that recognise by themselves."""
    from beholden.ingest.formats import FIRST_READERS, all_readers  # noqa: PLC0415 - after instrumentation

    return [one.name for one in all_readers() if one not in FIRST_READERS]


def seeds() -> dict[str, bytes]:
    """Return the inputs of golden cases: a byte that chooses the reader, then the file."""
    found = {}
    for number, name in enumerate(names()):
        for folder in (
            (TESTS / "readers" / "golden").glob(f"{name}/*"),
            (TESTS / "exports" / "cases").glob(f"{name}*"),
        ):
            for case in folder:
                inputs = [path for path in case.iterdir() if path.name != "expected.json"]
                found.update(
                    {
                        f"{name}-{case.name}-{path.name}": bytes([number]) + path.read_bytes()
                        for path in inputs
                    }
                )
    return found


def one_input(data: bytes) -> None:
    """Read one input and check what every reader promises."""
    from beholden.engine.schemas import arrow_schema  # noqa: PLC0415
    from beholden.ingest.formats import reader_of  # noqa: PLC0415
    from beholden.ingest.inventory import Inventory  # noqa: PLC0415
    from beholden.ingest.read import Options  # noqa: PLC0415
    from beholden.model.properties import PROPERTIES  # noqa: PLC0415
    from beholden.model.tables import FLOWS, LOOKUPS, OBSERVATIONS  # noqa: PLC0415

    known = names()
    reader = reader_of(known[data[0] % len(known)] if data else known[0])
    problems: list[str] = []
    with tempfile.TemporaryDirectory(dir=HELD) as folder:
        path = Path(folder) / "conn.log"
        path.write_bytes(data[1:])
        reader.recognise(data[1:], path)
        read = reader.read(path, "e" * 64, report=lambda one: problems.append(str(one)), options=Options())
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

    fuzz(one_input, names, seeds, ["-timeout=5", "-max_len=16384"])
