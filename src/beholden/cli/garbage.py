"""When garbage that refers to itself is looked for: while evidence is worked on, and then not among modules.

What is loaded is none, and what a report is made of goes without: a look at all of it takes longer than
to load or to write it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsought() -> Iterator[None]:
    """Look for no garbage in a block."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def sought_anew() -> Iterator[None]:
    """Look in a block for garbage among what the block makes alone."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
