"""Memory that was let go of, given back to the system before the next step asks for as much."""

import ctypes
import gc

import pyarrow as pa

# Arrow's own allocators keep freed pages, and in amounts that grow with the evidence
pa.set_memory_pool(pa.system_memory_pool())
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only the C library of GNU has it


def give_back() -> None:
    """Give free pages of Python and the C library, which is Arrow's too, back; what is in use stays."""
    gc.collect()
    if _trim is not None:
        _trim(0)
