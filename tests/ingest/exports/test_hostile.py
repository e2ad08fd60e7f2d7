"""Every reader of exports against files that are cut, changed, or made to hurt: problems are told, nothing is raised."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholden.ingest.formats import HEAD, reader_of, recognise
from beholden.ingest.read import Options

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
RECKLESS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def source_of(case):
    return next(path for path in case.iterdir() if path.stem == "input")


def read(kind, path, limit=1 << 24):
    problems = []
    read = reader_of(kind).read(path, "e" * 64, report=problems.append, options=Options(limit_bytes=limit))
    assert all("\n" not in str(problem) for problem in problems)
    return read, problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@RECKLESS
@given(data=st.data())
def test_cut_and_changed(tmp_path, case, data):
    whole = bytearray(source_of(case).read_bytes())
    kind, _ = recognise(bytes(whole[:HEAD]), source_of(case))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / source_of(case).name
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    recognise(path.read_bytes()[:HEAD], path)
    read(kind, path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_more_than_the_limit_is_left_out_and_told(tmp_path, case):
    path = tmp_path / source_of(case).name
    path.write_bytes(gzip.compress(source_of(case).read_bytes()))
    kind, _ = recognise(path.read_bytes()[:HEAD], path)
    _, problems = read(kind, path, limit=40)
    assert any("more than 40 bytes" in str(problem) for problem in problems)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_deep_document_is_no_danger(tmp_path, case):
    kind, _ = recognise(source_of(case).read_bytes()[:HEAD], source_of(case))
    for body in (
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b"<a>" * 100_000,
        b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>',
    ):
        path = tmp_path / "input"
        path.write_bytes(body)
        read(kind, path)
