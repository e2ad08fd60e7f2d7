"""The compiler of the packet kernels, and where its results are kept on disk."""

import os
import stat
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


_njit: Any = numba.njit
_KERNELS: list[str] = []


def _fingerprint() -> str:
    """Hash what compiled code depends on; numba itself only looks at the file of the outermost function."""
    seen = sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        seen.update(source.read_bytes())
    return seen.hexdigest()[:16]


def _is_usable(folder: Path) -> bool:
    """Tell whether a folder can be made, is ours alone to write to, and can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = folder.stat()
    except OSError:
        return False
    is_ours = not hasattr(os, "getuid") or held.st_uid == os.getuid()
    return is_ours and not held.st_mode & stat.S_IWOTH and os.access(folder, os.W_OK)


def _cache_folder() -> Path | None:
    """Find a folder for compiled code: NUMBA_CACHE_DIR, else the user's cache folder, else none."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    for base in ([Path(named)] if named else []) + [Path(home) / "beholden" / "kernels"]:
        folder = base / _fingerprint()
        if _is_usable(folder):
            return folder
    return None


CACHE = _cache_folder()
"""Folder of the compiled kernels of exactly these sources; none where nothing can be written."""


def kernel(function: _Function) -> _Function:
    """Compile a function with numba: cached on disk, without the interpreter lock."""
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(CACHE) if CACHE else before
    try:
        compiled = _njit(cache=CACHE is not None, nogil=True, error_model="numpy")(function)
    finally:
        settings.CACHE_DIR = before
    _KERNELS.append(function.__qualname__)
    return cast("_Function", compiled)


def part(function: _Function) -> _Function:
    """Compile a function that only kernels call: it is kept inside theirs. Parts must not recurse."""
    return cast("_Function", _njit(nogil=True, error_model="numpy", forceinline=True)(function))


def is_compiled() -> bool:
    """Tell whether the kernels are on disk already; otherwise a first reading takes some twenty seconds more."""
    if CACHE is None:
        return False
    return all(any(CACHE.rglob(f"*.{name}-*.nbc")) for name in _KERNELS if name != "settle")
