"""Kernels as machine code: loaded without their compiler, which is only called where they are not on disk."""

import ctypes
import os
import stat
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any

import llvmlite.binding as untyped_llvm  # type: ignore[import-untyped]
import numpy as np

llvm: Any = untyped_llvm
_ENGINES: list[Any] = []


def _fingerprint(package: str) -> str:
    """Hash what machine code of a package's kernels depends on: of sources its own and those of this package."""
    cpu = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    seen = sha256(f"{version('numba')} {version('llvmlite')} {sys.version} {cpu}".encode())
    folders = dict.fromkeys(Path(str(sys.modules[name].__file__)).parent for name in (__package__, package))
    for source in (source for folder in folders for source in sorted(folder.glob("*.py"))):
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
    return is_ours and not held.st_mode & (stat.S_IWOTH | stat.S_IWGRP) and os.access(folder, os.W_OK)


@cache
def _cache_folder(package: str) -> Path | None:
    """Find the folder of the machine code of exactly a package's sources; none where nothing can be written.

    It lies in NUMBA_CACHE_DIR, else in the user's cache folder.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    for base in ([Path(named)] if named else []) + [Path(home) / "beholden" / "kernels"]:
        folder = base / _fingerprint(package)
        if _is_usable(folder):
            return folder
    return None


class Kernel:
    """A kernel of a module of a package, called with arrays, tuples of arrays and numbers; gives a number.

    The types of all arguments are those of the first call's. The interpreter lock is not held while it runs.
    """

    def __init__(self, module: str, name: str, package: str = __package__) -> None:
        self.module, self.name, self.package = module, name, package
        self._function: Any = None
        self._lock = Lock()

    @property
    def path(self) -> Path | None:
        """Where its machine code is kept."""
        folder = _cache_folder(self.package)
        return folder / f"{self.name}.o" if folder else None

    def __call__(self, *arguments: object) -> int:
        """Run it; the first time, load it or compile it for arguments like these. Raises RuntimeError where it fails."""
        with self._lock:
            if self._function is None:
                self._function = _loaded(self._code(arguments))
        result, wrong = ctypes.c_int64(), ctypes.c_void_p()
        words = [ctypes.c_int64(word) for word in chain.from_iterable(map(_words, arguments))]
        if self._function(ctypes.byref(result), ctypes.byref(wrong), *words):
            raise RuntimeError(f"the kernel {self.name} failed")
        return result.value

    def _code(self, arguments: tuple[object, ...]) -> bytes:
        if self.path and self.path.exists():
            return self.path.read_bytes()
        jit = import_module("beholden.ingest.capture.jit")
        kernel = getattr(import_module(f"{self.package}.{self.module}"), self.name)
        code: bytes = jit.machine_code(kernel, arguments, ENTRY)
        if self.path:
            with NamedTemporaryFile(dir=self.path.parent, delete=False) as file:
                file.write(code)
            Path(file.name).replace(self.path)
        return code


ENTRY = "beholden_kernel"
"""Name of the function in a kernel's machine code."""


def machine() -> Any:  # noqa: ANN401 - a target machine
    """Describe this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


def _loaded(code: bytes) -> Any:  # noqa: ANN401 - a foreign function
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)  # it owns the code
    return ctypes.CFUNCTYPE(ctypes.c_int32)(engine.get_function_address(ENTRY))


def _words(argument: object) -> Iterator[int]:
    """Lay an argument out as numba takes it: of an array owner, parent, items, item size, data, shape, strides."""
    if isinstance(argument, tuple):
        yield from chain.from_iterable(map(_words, argument))
    elif isinstance(argument, np.ndarray):
        yield from (0, 0, argument.size, argument.itemsize, argument.ctypes.data)
        yield from argument.shape
        yield from argument.strides
    else:
        yield int(argument)  # type: ignore[call-overload]
