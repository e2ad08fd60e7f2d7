"""The ring gives every frame as it was sent, with the VLAN tags that the kernel takes out, and counts what it lost.

Runs on a pair of virtual interfaces in a network namespace of its own.
"""

import json
import sys

import pytest
from tests.ingest.live.namespaces import REASON, are_permitted, run

from beholden.ingest.live.ring import Ring
from beholden.model.errors import BeholdenError

needs_namespace = pytest.mark.skipif(not are_permitted(), reason=REASON)
SCRIPT = """
import json, socket, sys, time
from beholden.ingest.live.ring import Ring
from tests.ingest.live.packets import frames

ring = Ring("v1")
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("v0", 0))
MARK = b"\\x88\\xb5"
plain = [bytes(12) + MARK + number.to_bytes(4, "big") + bytes(number % 1400) for number in range(3000)]
tagged = [bytes(12) + b"\\x81\\x00\\x00\\x07" + MARK + bytes(40), bytes(12) + b"\\x88\\xa8\\x60\\x05" + MARK + bytes(40)]
for frame in plain + tagged:
    out.send(frame)
data, n = ring.head, 0
end = time.monotonic() + 2
while time.monotonic() < end:
    got = ring.read(0.1)
    data, n = data + got.data, n + got.n
ours = [frame for frame in frames(data) if MARK in frame[12:18]]
first = ring.dropped()
big = bytes(12) + MARK + bytes(1400)
for _ in range(200_000):
    out.send(big)
print(json.dumps([ours == plain + tagged, n == len(frames(data)), first, ring.dropped(), ring.dropped()]))
ring.close()
"""


@needs_namespace
def test_frames_come_whole_in_order_and_losses_are_counted():
    done = run(f"exec {sys.executable} -c '{SCRIPT}'")
    assert done.returncode == 0, done.stderr
    is_same, is_counted, before, after, again = json.loads(done.stdout)
    assert is_same
    assert is_counted
    assert before == 0
    assert after > 0, "282 MB do not fit into the ring"
    assert again == 0, "asked twice, what was told is not told again"


@needs_namespace
def test_an_interface_that_goes_away_ends_it():
    script = (
        'import subprocess; from beholden.ingest.live.ring import Ring; r = Ring("v1"); '
        'subprocess.run(["ip", "link", "del", "v0"], check=True); '
        "print([r.read(0.1) for _ in range(9)][-1])"
    )
    done = run(f"exec {sys.executable} -c '{script}'")
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr


@needs_namespace
def test_on_the_loopback_a_packet_comes_once():
    script = (
        'import socket; from beholden.ingest.live.ring import Ring; r = Ring("lo"); '
        "o = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        "held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); held.bind((str(), 0)); "
        '[o.sendto(b"x", ("127.0.0.1", held.getsockname()[1])) for _ in range(5)]; '
        "print(sum(r.read(0.2).n for _ in range(4)))"
    )
    done = run(f"exec {sys.executable} -W ignore -c '{script}'")
    assert (done.returncode, done.stdout) == (0, "5\n"), done.stderr


def test_what_is_no_interface_is_one_line():
    with pytest.raises(BeholdenError, match="nowhere0: "):
        Ring("nowhere0")
