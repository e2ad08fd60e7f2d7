"""Cases end to end: a folder of evidence in, what was observed, who it is and whose it is out."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests import golden

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = sorted(path for path in HERE.iterdir() if (path / "input").exists())
KEPT = ("device", "macs", "ips", "hostnames", "serials", "imeis", "site", "country", "business_unit", "function",
        "criticality", "is_router", "is_randomised", "kind", "model", "os", "firmware", "platform")  # fmt: skip
ROLES = ("brand", "maker", "owner", "module", "chip")


def evidence(case):
    """Give the paths of a case: its folder `input`, or what the text file `input` names in this repository."""
    given = case / "input"
    return [given] if given.is_dir() else [ROOT / line for line in given.read_text("utf-8").split()]


def told(document):
    """Keep what does not change with weights: who it is, whose it is, whom it speaks to."""
    companies = {
        role: [document[role]["name"], document[role]["jurisdiction"]] if document[role] else None
        for role in ROLES
    }
    clouds = sorted(
        {
            f"{one['operator']} ({one['jurisdiction']}): {' '.join(one['domains'])}"
            for one in document["clouds"]
        }
    )
    lists = sorted({f"{one['list']}: {one['entity']}" for one in document["listings"]})
    return {name: document[name] for name in KEPT} | companies | {"clouds": clouds, "listings": lists}


def observed(store, scan_id):
    rows = pq.read_table(store / "scans" / scan_id / "observations.parquet").to_pylist()
    return sorted({f"{row['subject']} {row['property']} {row['value']}" for row in rows})


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(beholden, tmp_path, case):
    done = beholden.run("scan", *evidence(case), "--store", tmp_path, "--json", "--no-report")
    assert done.returncode == 0, done.stderr
    (scan,) = beholden.json("show", "scans", "--store", tmp_path)
    problems = [line.replace(str(ROOT), "") for line in done.stderr.splitlines() if "compiling" not in line]
    devices = beholden.json("show", "devices", "--store", tmp_path)
    found = {
        "problems": problems,
        "observations": observed(tmp_path, scan["scan_id"]),
        "devices": sorted(map(told, devices), key=lambda one: one["device"]),
    }
    golden.check(case / "expected.json", found)
