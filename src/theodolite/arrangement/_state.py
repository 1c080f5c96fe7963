"""The arrays of one search: the rows, the rays on the current path, and scratch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._words import mask_of_first, words_for

__all__ = ["BY_FILTER", "BY_INTEGERS", "BY_RESIDUES", "LIMIT", "Matrix", "Pool", "Work", "workspace"]

BY_INTEGERS, BY_FILTER, BY_RESIDUES = 0, 1, 2
"""Places in the tally of decided signs."""

LIMIT = 2.0**61
"""Integers stay below this, so that sums of two products fit an int64."""


class Matrix(NamedTuple):
    """The rows in the three forms that the arithmetic uses.

    ``integers`` (n, d) int64, or (0, d) where they do not fit; ``cap`` bounds ray coordinates so that a dot product
    stays below ``LIMIT``; ``floats`` (n, d) with relative error at most ``slack``; ``residues`` (K, n, d) modulo
    ``primes`` (K), K = 0 until needed.
    """

    integers: Array
    cap: float
    floats: Array
    slack: float
    residues: Array
    primes: Array
    inverses: Array


class Pool(NamedTuple):
    """The rays of the cones on the current path: masks (P, words), coordinates (P, d) and whether these are kept
    (P)."""

    positive: Array
    negative: Array
    coordinates: Array
    small: Array


class Work(NamedTuple):
    """Scratch of one search: but for ``rows``, its contents mean nothing between calls."""

    rows: Array
    opposed: Array
    valid: Array
    above: Array
    common: Array
    zeros: Array
    counts: Array
    images: Array
    tight: Array
    square: Array
    inverse: Array
    scratch: Array
    modular: Array
    cofactors: Array
    values: Array
    digits: Array


def workspace(n: int, d: int, primes: int, rays: int = 256) -> Work:
    """Return scratch for ``n`` rows of length ``d``, ``primes`` residues, and cones of up to a third of ``rays`` rays.

    Its ``rows`` is the mask of all rows.
    """
    words = words_for(n)
    return Work(
        rows=mask_of_first(n),
        opposed=np.zeros(words, dtype=np.uint64),
        valid=np.zeros(words, dtype=np.uint64),
        above=np.zeros(words, dtype=np.uint64),
        common=np.zeros(words, dtype=np.uint64),
        zeros=np.zeros((rays, words), dtype=np.uint64),
        counts=np.zeros(rays, dtype=np.int64),
        images=np.zeros((rays, 2), dtype=np.int64),
        tight=np.zeros(max(d - 1, 1), dtype=np.int64),
        square=np.zeros((d, d)),
        inverse=np.zeros((d, d)),
        scratch=np.zeros((d, d)),
        modular=np.zeros((d, d), dtype=np.int64),
        cofactors=np.zeros((primes, d), dtype=np.int64),
        values=np.zeros(primes, dtype=np.int64),
        digits=np.zeros(primes, dtype=np.int64),
    )
