"""Memory as the processor sees it: unaligned numbers, moves, and arrays without an owner.

Numba indexes bytes one at a time and counts references at every call; these
few intrinsics do neither. Whoever calls has checked that the bytes are there.
"""

import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)


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


@intrinsic
def be16(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - numba's own types
    """Read two bytes, most significant first."""
    return types.int64(window, types.int64), _loader(16, _IS_LITTLE)


@intrinsic
def be32(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Read four bytes, most significant first."""
    return types.int64(window, types.int64), _loader(32, _IS_LITTLE)


@intrinsic
def be64(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Read eight bytes, most significant first; the sign is the first bit."""
    return types.int64(window, types.int64), _loader(64, _IS_LITTLE)


@intrinsic
def le16(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Read two bytes, least significant first."""
    return types.int64(window, types.int64), _loader(16, not _IS_LITTLE)


@intrinsic
def le32(typing: Any, window: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Read four bytes, least significant first."""
    return types.int64(window, types.int64), _loader(32, not _IS_LITTLE)


@intrinsic
def move(typing: Any, to: Any, to_at: Any, window: Any, at: Any, size: Any) -> Any:  # noqa: ANN401, ARG001
    """Copy bytes from one array to another."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        target = _pointer(context, builder, signature.args[0], *arguments[:2])
        source = _pointer(context, builder, signature.args[2], *arguments[2:4])
        cgutils.raw_memcpy(builder, target, source, arguments[4], ir.Constant(_WORD, 1))
        return context.get_dummy_value()

    return types.none(to, types.int64, window, types.int64, types.int64), generate


@intrinsic
def borrow(typing: Any, array: Any) -> Any:  # noqa: ANN401, ARG001
    """View an array without owning it; the caller goes on holding it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        view = context.make_array(signature.return_type)(context, builder, value=arguments[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()  # noqa: SLF001 - the way numba offers

    return array(array), generate
