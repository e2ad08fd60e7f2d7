"""Templates are compiled once, and again where what was kept of them cannot be read or written."""

from pathlib import Path
from typing import Any

import pytest

from beholden.report import page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path))
    page._environment.cache_clear()
    monkeypatch.setattr(page, "_environment", page._environment.__wrapped__)
    return tmp_path / "templates"


def test_are_kept_and_read_again(folder: Path, clinic_data: dict[str, Any]) -> None:
    first = page.render(clinic_data)
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {path.suffix for path in kept} == {".template"}
    assert page.render(clinic_data) == first
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == kept


@pytest.mark.parametrize("junk", [b"", b"j2", b"no template", None])
def test_what_is_kept_may_be_broken(folder: Path, clinic_data: dict[str, Any], junk: bytes | None) -> None:
    first = page.render(clinic_data)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:40] if junk is None else junk)
    assert page.render(clinic_data) == first


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, clinic_data: dict[str, Any]) -> None:
    folder.write_text("no folder")
    assert "</html>" in page.render(clinic_data)
