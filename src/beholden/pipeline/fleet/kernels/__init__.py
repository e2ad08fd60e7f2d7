"""Kernels over Arrow's buffers that distil partitions on this machine; none of them holds the interpreter's lock."""

from beholden.ingest.capture.native import Kernel

form = Kernel("identifiers", "form", __package__)
digest = Kernel("digests", "digest", __package__)
add = Kernel("likes", "add", __package__)
first = Kernel("likes", "first", __package__)


def is_compiled() -> bool:
    """Tell whether the kernels are on disk already; otherwise a first run takes some ten seconds more."""
    return all(one.path is not None and one.path.exists() for one in (form, digest, add, first))
