"""Words of bits, and the one decorator under which every kernel of this wing is compiled.

A *word* is a ``uint64``. The sign vector of a cell over n rows is ``ceil(n / 64)`` words: row k is bit ``63 - k %
64`` (the most significant first) of word ``k // 64``, set where the sign is +. Comparing words as integers, the first
one first, therefore compares sign vectors lexicographically with - before +. A *mask* is a set of rows, stored in the
same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast, no_type_check

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from theodolite._typing import Array

__all__ = ["bit", "inlined", "kernel", "leading_zeros", "mask_of_first", "population", "words_for"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile ``function`` by numba on its first call, release the GIL in it, and keep the machine code on disk."""
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: _Function) -> _Function:
    """Compile ``function`` into the kernels that call it."""
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function))


@no_type_check
def _leading_zeros(context, word):
    def generate(context, builder, signature, arguments):
        return builder.ctlz(arguments[0], cgutils.false_bit)

    return types.int64(types.uint64), generate


@no_type_check
def _population(context, word):
    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


leading_zeros = intrinsic(_leading_zeros)
"""How many zeros a word starts with: the number of its first row (64 for an empty word)."""

population = intrinsic(_population)
"""How many bits of a word are set."""


@kernel
@no_type_check
def bit(row):
    """Return the word in which only ``row`` (of those that share its word) is set."""
    return np.uint64(1) << np.uint64(63 - row % 64)


def words_for(rows: int) -> int:
    """Return how many words hold one bit for each of ``rows``, at least one."""
    return max(1, -(-rows // 64))


def mask_of_first(rows: int) -> Array:
    """Return the mask of the first ``rows`` rows."""
    mask = np.full(words_for(rows), 2**64 - 1, dtype=np.uint64)
    mask[-1] = (2**64 - 1) & ~((1 << (64 * len(mask) - rows)) - 1)
    return mask
