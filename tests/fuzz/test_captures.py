"""The fuzz target over captures runs, in a process of its own: it puts plain Python in the place of the kernels."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs mprotect")
BEGIN = "import random, fuzz_captures as target; target.load(); seeds = target.seeds()\n"
STRAIGHT_AND_BENT = """
assert len(seeds) > 60
chance = random.Random(7)
for seed in seeds.values():
    target.one_input(seed)
    for _ in range(2):
        bent = bytearray(seed)
        for _ in range(chance.randrange(1, 5)):
            bent[chance.randrange(1, len(bent))] = chance.randrange(256)
        target.one_input(bytes(bent[: chance.randrange(2, len(bent) + 1)]))
for link in range(len(target.links())):
    target.one_input(bytes([link]))
    target.one_input(bytes([link]) + chance.randbytes(200))
"""
OTHERWISE = """
from beholden.ingest.capture import link
link.short_range = lambda window, packet, link: 0
target.one_input(seeds["230-wpan-0"])
"""
BEYOND = """
from beholden.ingest.capture import link
link.short_range = lambda window, packet, link: window[len(window)]
target.one_input(seeds["230-wpan-0"])
"""


def run(script):
    command = [sys.executable, "-W", "error", "-c", BEGIN + script]
    return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)


def test_seeds_straight_and_bent():
    done = run(STRAIGHT_AND_BENT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("script", "wrong"), [(OTHERWISE, "plain."), (BEYOND, "read beyond the window")], ids=["other", "beyond"]
)
def test_it_would_notice(script, wrong):
    done = run(script)
    assert done.returncode == 1
    assert wrong in done.stderr
