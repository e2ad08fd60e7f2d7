"""The compiler of kernels; `native` keeps and loads what it makes."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import llvmlite.binding as untyped_llvm  # type: ignore[import-untyped]
import numba

from beholden.ingest.capture.native import machine

_Function = TypeVar("_Function", bound=Callable[..., Any])

llvm: Any = untyped_llvm
_njit: Any = numba.njit
_typeof: Any = numba.typeof


def kernel(function: _Function) -> _Function:
    """Compile a function with numba for calls from outside, through `native.Kernel`; it must not raise."""
    return cast("_Function", _njit(error_model="numpy")(function))


def part(function: _Function) -> _Function:
    """Compile a function that only kernels call: it is kept inside theirs. Parts must not recurse."""
    return cast("_Function", _njit(nogil=True, error_model="numpy", forceinline=True)(function))


def machine_code(kernel: Any, arguments: tuple[object, ...], entry: str) -> bytes:  # noqa: ANN401
    """Compile a kernel for arguments like these to an object file with one function, named as asked."""
    signature = tuple(map(_typeof, arguments))
    kernel.compile(signature)
    compiled = kernel.overloads[signature]
    module = llvm.parse_assembly(kernel.inspect_llvm(signature))
    for function in module.functions:
        if function.is_declaration:
            continue
        if function.name == compiled.fndesc.llvm_func_name:
            function.linkage, function.name = llvm.Linkage.external, entry
        else:
            function.linkage = llvm.Linkage.internal
    target = machine()
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options()))
    code: bytes = target.emit_object(module)
    return code
