"""Scratch arrays on the stack of compiled functions: arrays made by NumPy cost several times as much."""

from __future__ import annotations

from typing import no_type_check

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["stack"]


@no_type_check
def _stack(typing, size):
    """Return a pointer to ``size`` floats on the stack."""

    def generate(context, builder, signature, arguments):
        pointer = cgutils.alloca_once(builder, context.get_value_type(types.float64), size=size.literal_value)
        pointer.align = 64
        return pointer

    return types.CPointer(types.float64)(size), generate


stack = intrinsic(prefer_literal=True)(_stack)
