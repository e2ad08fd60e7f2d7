"""The verb: a file, or the data it is made from."""

import json
import stat
from pathlib import Path

from click.testing import CliRunner
from dom import parse

from beholden.cli.verbs.report import command
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.pipeline.reporting import write_report

Scanned = tuple[Store, str]


def test_writes_where_asked(clinic: Scanned, tmp_path: Path) -> None:
    store, scan_id = clinic
    out = tmp_path / "new" / "page.html"
    done = CliRunner().invoke(command, ["--store", str(store.folder), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(out)
    assert scan_id in parse(out.read_text("utf-8")).one(id="head").text


def test_prints_its_data(clinic: Scanned) -> None:
    store, scan_id = clinic
    done = CliRunner().invoke(command, ["--store", str(store.folder), "--scan", scan_id[:6], "--json"])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
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
