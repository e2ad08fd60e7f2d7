import ctypes
import ctypes.util
import mmap
import random
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ingest.capture import craft

from beholden.ingest.capture import container, reader
from beholden.ingest.capture import layout as at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs mprotect")
ROOM = 16 * mmap.PAGESIZE


@pytest.fixture(scope="module")
def fenced():
    """Memory that ends where nothing may be read: one byte too far kills the process."""
    area = mmap.mmap(-1, ROOM + mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    assert libc.mprotect(ctypes.c_void_p(start + ROOM), mmap.PAGESIZE, 0) == 0
    yield np.frombuffer(area, np.uint8, ROOM)
    assert libc.mprotect(ctypes.c_void_p(start + ROOM), mmap.PAGESIZE, 3) == 0


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(craft.captures(), st.sampled_from([1, 105, 127, 192, 113, 276, 0, 9, 101]), st.integers(0, 2**32))
def test_kernels_stay_within_the_window(fenced, data, link, seed):
    rng = random.Random(seed)
    for _ in range(10):
        bent = bytearray(data)
        for _ in range(rng.randrange(4) if bent else 0):
            bent[rng.randrange(len(bent))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        _walk(fenced, bytes(bent), link)


def _walk(fenced, data, link):
    k = reader._context(64)
    try:
        head = container.begin(k.state, data)
    except container.Malformed:
        return
    if k.state[at.S_FORMAT] == 0:
        k.state[at.S_LINK] = link
    k.interfaces[:, at.I_LINK], k.interfaces[:, at.I_MUL], k.interfaces[:, at.I_DIV] = link, 1, 1
    k.state[at.S_INTERFACES] = 3
    rest = data[head.size :]
    while rest:
        window = fenced[ROOM - len(rest) :]
        window[:] = np.frombuffer(rest, np.uint8)
        size = reader.walk(window, k)
        assert 0 <= size <= len(rest)
        if k.state[at.S_STATUS] != at.BLOCK:
            break
        size += int.from_bytes(rest[size + 4 : size + 8], "little") & 0xFFFC or 4
        rest = rest[size:]
