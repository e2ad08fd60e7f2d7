"""Memory that was let go of, given back to the system before the next step asks for as much."""

import ctypes
import gc

import pyarrow as pa

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only the C library of GNU has it


def give_back() -> None:
    """Give free pages of Python, Arrow and the C library back; what is in use stays."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if _trim is not None:
        _trim(0)
