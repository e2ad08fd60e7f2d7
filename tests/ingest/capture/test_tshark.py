import os
import shutil
import tomllib
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from tests.ingest.capture.conversations import of_flows, of_tshark

from beholden.ingest.capture import read

REPOSITORY = Path(__file__).parents[3]
CAPTURES = Path(os.environ.get("BEHOLDEN_CAPTURES", REPOSITORY.parent / "shared" / "captures"))
DIFFERENCES = tomllib.loads((Path(__file__).parent / "tshark_differences.toml").read_text())["difference"]

pytestmark = [
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures in BEHOLDEN_CAPTURES"),
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]


def captures():
    return sorted(path.relative_to(CAPTURES).as_posix() for path in CAPTURES.rglob("*.pcap*"))


def explained(file, table, endpoints):
    return [
        place
        for place, each in enumerate(DIFFERENCES)
        if (each["file"], each["table"]) == (file, table) and fnmatchcase(endpoints, each["endpoints"])
    ]


@pytest.mark.parametrize("file", captures())
def test_flows_equal_the_conversations_of_tshark(file):
    theirs = of_tshark(CAPTURES / file)
    if theirs is None:
        pytest.skip("tshark does not read it")
    ours = read(CAPTURES / file, report=lambda _: None, on_selected=lambda _: None)
    needed = defaultdict(int)
    for table, endpoints, their, our in theirs.differences(of_flows(ours.flows)):
        reasons = explained(file, table, endpoints)
        assert reasons, f"{table} {endpoints}: tshark {their}, we {our}"
        needed[reasons[0]] += 1
    listed = {place for place, each in enumerate(DIFFERENCES) if each["file"] == file}
    assert set(needed) == listed, "a listed difference is no more"
