"""The verb: a file, or the data it is made from."""

import json
import stat
from pathlib import Path

import pytest
from dom import parse

from beholden.cli.verbs.report import command
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.pipeline.reporting import write_report

Scanned = tuple[Store, str]


def test_writes_where_asked(clinic: Scanned, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, scan_id = clinic
    out = tmp_path / "new" / "page.html"
    command.main(["--store", str(store.folder), "--out", str(out)], standalone_mode=False)
    assert capsys.readouterr().out == f"{out}\n"
    assert scan_id in parse(out.read_text("utf-8")).one(id="head").text


def test_prints_its_data(clinic: Scanned, capsys: pytest.CaptureFixture[str]) -> None:
    store, scan_id = clinic
    command.main(["--store", str(store.folder), "--scan", scan_id[:6], "--json"], standalone_mode=False)
    data = json.loads(capsys.readouterr().out)
    assert data["run"]["scan_id"] == scan_id
    assert len(data["devices"]) == 20


def test_a_folder_that_cannot_take_it_stays_as_it_was(
    clinic: Scanned, knowledge: Knowledge, tmp_path: Path
) -> None:
    target = tmp_path / "page.html"
    target.mkdir()
    (target / "mine").touch()
    try:
        write_report(*clinic, knowledge, target)
    except OSError:
        assert [one.name for one in tmp_path.iterdir()] == ["page.html"]
    else:
        raise AssertionError("a folder was overwritten")


def test_others_may_read_it(clinic: Scanned, knowledge: Knowledge, tmp_path: Path) -> None:
    path = write_report(*clinic, knowledge, tmp_path / "page.html")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
