"""Captures as tables: nothing depends on what was written away, and names of flows equal a slow twin."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.writing import batches
from beholden.ingest import parts
from beholden.ingest.dissect import arps, naming, payloads
from beholden.ingest.dissect import subjects as at
from beholden.ingest.dissect.protocols import arp
from beholden.ingest.read import Ingested, Options, ingest
from beholden.ingest.sink import Spill

CAPTURES = Path(os.environ.get("BEHOLDEN_CAPTURES", Path(__file__).parents[4] / "shared" / "captures"))


def read(path: Path, options: Options) -> dict[str, pa.Table]:
    return tables(ingest([str(path)], print, options))


def tables(read: Ingested) -> dict[str, pa.Table]:
    return {
        "evidence": pa.Table.from_pylist(read.evidence),
        **{
            name: pa.concat_tables(batches(getattr(read, name)))
            for name in ("observations", "flows", "lookups")
        },
    }


def captures() -> list[Path]:
    found = sorted(path for path in CAPTURES.rglob("*") if path.suffix in (".pcap", ".pcapng"))
    return found[::9]


def test_spilling_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not captures():
        pytest.skip("no third-party captures (BEHOLDEN_CAPTURES)")
    for path in captures():
        kept = read(path, Options())
        with monkeypatch.context() as forced:
            forced.setattr(parts, "MOST_HELD", 0)
            spilled = ingest([str(path)], print, Options(spill=Spill(tmp_path, most_rows=0)))
        assert all(isinstance(piece, Path) for piece in (*spilled.observations, *spilled.flows))
        for name, table in tables(spilled).items():
            assert table.equals(kept[name]), (path, name)


def test_few_rows_are_not_written(tmp_path: Path) -> None:
    if not captures():
        pytest.skip("no third-party captures (BEHOLDEN_CAPTURES)")
    result = ingest([str(captures()[0])], print, Options(spill=Spill(tmp_path)))
    assert all(isinstance(piece, pa.Table) for piece in (*result.observations, *result.flows))
    assert not list(tmp_path.iterdir())


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(-(1 << 62), 1 << 62)), max_size=60),
    st.sampled_from([0, 100, 1 << 20]),
)
@settings(deadline=None)
def test_parts_keep_every_row_in_its_part(rows: list[tuple[int, int]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "MOST_HELD", most)
        held = parts.Parts(2)
        for row in rows:
            held.add(np.array([row]), np.array([row[0]]))
        for _ in range(2):
            given_back = [[tuple(row) for row in part.tolist()] for part in held]
            assert sorted(row for part in given_back for row in part) == sorted(rows)
            if len(given_back) > 1:
                assert all({row[0] for row in part} <= {at} for at, part in enumerate(given_back))
        held.close()


addresses = st.sampled_from(
    [bytes(4), b"\xff" * 4, b"\xe0\0\0\1", b"\xef\xff\xff\xff", b"\xf0\0\0\1", b"\xc0\0\2\1", b"\xc0\0\2\2"]
)
stations = st.sampled_from([bytes(6), b"\xff" * 6, b"\1\0\0\0\0\1", b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"])
frames = st.builds(
    lambda kind, op, mac, ip, asked, tail: kind + op + mac + ip + bytes(6) + asked + tail,
    st.sampled_from([b"\0\1\x08\0\x06\x04", b"\0\6\x08\0\x06\x04", b"\0\1\x86\xdd\x06\x04"]),
    st.sampled_from([b"\0\1", b"\0\2", b"\1\1"]),
    stations,
    addresses,
    addresses,
    st.sampled_from([b"", b"\0" * 18]),
)


@given(st.lists(frames | st.binary(max_size=40), max_size=8))
@settings(deadline=None)
def test_arp_in_columns_equals_the_dissector(given_payloads: list[bytes]) -> None:
    read_payloads = payloads.Payloads()
    column = pa.array(given_payloads, pa.large_binary())
    told = payloads._arp_entries(arps.read(column))
    for place, payload in enumerate(given_payloads):
        expected = [read_payloads._entry(said) for said in arp.dissect(payload)]
        rows = range(told.starts[place], told.starts[place] + told.counts[place])
        assert [tuple(int(cell[row]) for cell in told[2:]) for row in rows] == expected


hosts = st.integers(1, 3)
times = st.integers(0, 9)


@given(
    st.lists(st.tuples(hosts, hosts, st.sampled_from(["a.example", "b.example"]), times), max_size=12),
    st.lists(st.tuples(hosts, hosts, times), max_size=8),
)
@settings(deadline=None)
def test_nearest_lookup_equals_a_slow_twin(
    asked: list[tuple[int, int, str, int]], flows: list[tuple[int, int, int]]
) -> None:
    mapped = 0xFFFF << 32
    values = [f"{name} 0.0.0.{address}" for _, address, name, _ in asked]
    rows = np.zeros((len(asked), at.WIDTH), np.int64)
    for place, (client, _, _, first) in enumerate(asked):
        rows[place, at.LO], rows[place, at.VALUE], rows[place, at.FIRST] = mapped | client, place, first
    looked_up = naming.LookedUp.of_rows([rows], values)
    parties = np.array([[0, mapped | a, 0, mapped | b] for a, b, _ in flows], np.int64).reshape(-1, 4)
    found = looked_up.nearest(parties, np.array([first for *_, first in flows], np.int64))
    for (client, server, first), number in zip(flows, found.tolist(), strict=True):
        met = [
            (when > first, abs(when - first), name)
            for c, s, name, when in asked
            if (c, s) == (client, server)
        ]
        expected = min(met)[2] if met else None
        assert (looked_up.names[number] if number >= 0 else None) == expected


def test_compiled_kernels_are_read_without_their_compiler(tmp_path: Path) -> None:
    source = tmp_path / "one.pcap"
    source.write_bytes(
        b"\xd4\xc3\xb2\xa1\2\0\4\0"
        + bytes(8)
        + b"\xff\xff\0\0\1\0\0\0"
        + bytes(8)
        + b"\4\0\0\0" * 2
        + bytes(4)
    )
    program = (
        "import sys\nfrom beholden.ingest.read import Options, ingest\n"
        f"read = ingest([{str(source)!r}], lambda _: None, Options())\n"
        "assert read.evidence[0]['n_records'] == 1\n"
        "print(sorted({'numba', 'cryptography'} & set(sys.modules)))"
    )
    runs = [subprocess.run([sys.executable, "-c", program], check=True, capture_output=True) for _ in "12"]
    assert runs[1].stdout == b"[]\n"
