"""Samples in, one triangular factor out: what a linear landscape keeps of its data.

The factor R of ``[1 X Y]`` answers for every loss of a linear network: ``||[1 X Y] T|| = ||R T||`` for every T. Its first
column carries the means, so that the rows after the first are the factor of the centred data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theodolite._arrays import Given, as_matrix
from theodolite._errors import DataError, ShapeError
from theodolite._typing import Matrix, Vector

__all__ = ["Samples", "gather"]

_BLOCK = 4096
"""Rows that are factored at a time: enough for fast matrix products, little memory."""

_LARGEST = 1e150
"""Norms from here on have squares that float64 cannot add up."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The triangular factor of ``[1 X Y]``, the number of samples, and a SHA-256 of the numbers as given."""

    factor: Matrix
    count: int
    d_in: int
    d_out: int
    digest: str

    @property
    def x(self) -> Matrix:
        """A short stand-in for X: an isometric image, with the same products against ``y``."""
        return self.factor[:, 1 : 1 + self.d_in]

    @property
    def y(self) -> Matrix:
        """A short stand-in for Y."""
        return self.factor[:, 1 + self.d_in :]

    @property
    def total(self) -> float:
        """``||Y||^2``."""
        return float(np.sum(self.y**2))

    @property
    def column_norms(self) -> Vector:
        """Norm of each column of X and then of Y."""
        norms: Vector = np.linalg.norm(self.factor[:, 1:], axis=0)
        return norms


class _Factor:
    """The factor of ``[1 X Y]`` so far; while every block has Y equal to X only ``[1 X]`` is factored, at a quarter of the cost.

    Householder reflections disturb each column by a small multiple of machine epsilon of that column's own norm, so columns
    of very different scale do not spoil each other.
    """

    def __init__(self) -> None:
        self.factor: Matrix | None = None
        self.mirrored = True

    def add(self, x: Matrix, y: Matrix) -> None:
        mirrored = x is y or (x.shape == y.shape and bool(np.array_equal(x, y)))
        if self.mirrored and not mirrored:
            if self.factor is not None:
                self.factor = np.concatenate([self.factor, self.factor[:, 1:]], axis=1)
            self.mirrored = False
        ones = np.ones((len(x), 1))
        block = np.concatenate([ones, x] if self.mirrored else [ones, x, y], axis=1)
        stacked = block if self.factor is None else np.concatenate([self.factor, block])
        self.factor = np.asarray(np.linalg.qr(stacked, mode="r"))

    def result(self) -> Matrix:
        if self.factor is None:
            raise AssertionError("no block was added")
        return np.concatenate([self.factor, self.factor[:, 1:]], axis=1) if self.mirrored else self.factor


def gather(batches: Any, note: Callable[[Given, Given], object]) -> tuple[Samples, Given, Given]:
    """Factor all ``batches`` of rows of X and Y, one in memory at a time; also return the last batch as it was given.

    ``note`` is told of each batch.
    """
    triangle, count = _Factor(), 0
    hashes = hashlib.sha256(), hashlib.sha256()
    x = y = None
    for x, y in _checked(batches):
        note(x, y)
        for start in range(0, len(x.values), _BLOCK):
            rows = slice(start, start + _BLOCK)
            triangle.add(x.values[rows], y.values[rows])
        hashes[0].update(np.ascontiguousarray(x.values).tobytes())
        hashes[1].update(np.ascontiguousarray(y.values).tobytes())
        count += len(x.values)
    if x is None or y is None or count == 0:
        raise DataError("There are no samples", cause="X and Y have no rows", fix="Pass at least one row")
    shape = f"{count} {x.values.shape[1]} {y.values.shape[1]}".encode()
    digest = hashlib.sha256(shape + hashes[0].digest() + hashes[1].digest()).hexdigest()
    samples = Samples(triangle.result(), count, x.values.shape[1], y.values.shape[1], digest)
    largest = float(np.abs(samples.factor).max())
    if not largest < _LARGEST:
        raise DataError(
            f"The data is too large: its largest column has norm {largest:.3g}",
            cause="the sum of squares is beyond 1.8e308",
            fix="Rescale the data",
        )
    return samples, x, y


def _checked(batches: Any) -> Iterator[tuple[Given, Given]]:
    widths = None
    if not isinstance(batches, Iterable):
        raise DataError(f"The batches are of type {type(batches).__name__}", fix="Pass an iterable of pairs (X, Y)")
    for number, batch in enumerate(batches, start=1):
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise DataError(f"Batch {number} is not a pair (X, Y)", fix="Yield pairs of row blocks")
        x = as_matrix("X", batch[0])
        y = x if batch[1] is batch[0] else as_matrix("Y", batch[1])
        if len(x.values) != len(y.values):
            raise ShapeError(
                f"X has {len(x.values)} rows and Y has {len(y.values)}",
                cause="each row is one sample of both",
                fix="Pass as many rows of Y as of X",
            )
        shape = (x.values.shape[1], y.values.shape[1])
        for name, columns in zip("XY", shape, strict=True):
            if columns == 0:
                raise ShapeError(f"{name} has no columns", fix=f"Pass at least one column of {name}")
        if widths not in (None, shape):
            raise ShapeError(
                f"Batch {number} has {shape[0]} inputs and {shape[1]} outputs",
                cause=f"the batches before have {widths[0]} and {widths[1]}",
                fix="Yield blocks of the same columns",
            )
        widths = shape
        yield x, y
