"""Memory as the processor sees it: unaligned numbers, moves, and arrays without an owner.

Numba indexes bytes one at a time and counts references at every call; these
few intrinsics do neither. Whoever calls has checked that the bytes are there.
"""

import sys
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
cgutils: Any = untyped_cgutils


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:  # noqa: ANN401
    """Point into an array of bytes."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def _loader(width: int, is_swapped: bool) -> Any:  # noqa: ANN401
    """Make the code of a load: zero-extended to an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        place = _pointer(context, builder, signature.args[0], *arguments)
        number = ir.IntType(width)
        value = builder.load(builder.bitcast(place, number.as_pointer()), align=1)
        if is_swapped:
            value = builder.bswap(value)
        return value if width == 64 else builder.zext(value, _WORD)

    return generate


_IS_LITTLE = sys.byteorder == "little"


def _load(width: int, is_swapped: bool) -> Any:  # noqa: ANN401
    """Make an intrinsic that reads a number at a place in an array of bytes."""

    def load(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - numba's own types
        return types.int64(window, types.int64), _loader(width, is_swapped)

    return intrinsic(load)


byte: Any = _load(8, is_swapped=False)
"""Read one byte."""
be16: Any = _load(16, _IS_LITTLE)
"""Read two bytes, most significant first."""
be32: Any = _load(32, _IS_LITTLE)
"""Read four bytes, most significant first."""
be64: Any = _load(64, _IS_LITTLE)
"""Read eight bytes, most significant first; the sign is the first bit."""
le16: Any = _load(16, not _IS_LITTLE)
"""Read two bytes, least significant first."""
le32: Any = _load(32, not _IS_LITTLE)
"""Read four bytes, least significant first."""


def _move(typing: Any, to: Any, to_at: Any, window: Any, at: Any, size: Any) -> Any:  # noqa: ANN401, ARG001
    """Copy bytes from one array to another."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        target = _pointer(context, builder, signature.args[0], *arguments[:2])
        source = _pointer(context, builder, signature.args[2], *arguments[2:4])
        cgutils.raw_memcpy(builder, target, source, arguments[4], ir.Constant(_WORD, 1))
        return context.get_dummy_value()

    return types.none(to, types.int64, window, types.int64, types.int64), generate


def _borrow(typing: Any, array: Any) -> Any:  # noqa: ANN401, ARG001
    """View an array without owning it; the caller goes on holding it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        view = context.make_array(signature.return_type)(context, builder, value=arguments[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()  # noqa: SLF001 - the way numba offers

    return array(array), generate


move: Any = intrinsic(_move)
borrow: Any = intrinsic(_borrow)
