"""What users pass as an arrangement, checked and turned into rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from theodolite._arrays import as_matrix, to_fractions, to_numpy
from theodolite._errors import DataError, ShapeError
from theodolite._typing import Array
from theodolite.arrangement._rows import Rows, float_rows, fraction_rows, integer_rows

__all__ = ["ARITHMETICS", "Given", "read"]

ARITHMETICS = ("auto", "float64", "verified", "exact")


class Given:
    """The rows as given, homogeneous if there are offsets, and whether they were given exactly."""

    def __init__(self, rows: Rows, central: bool, dimension: int, exact: bool) -> None:
        self.rows = rows
        self.central = central
        self.dimension = dimension
        self.exact = exact


def read(matrix: Any, offsets: Any, arithmetic: str) -> Given:
    """Return the arrangement {w : matrix w = offsets} as rows; ``DataError`` or ``ShapeError`` where it is none."""
    if arithmetic not in ARITHMETICS:
        raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(ARITHMETICS)}")
    array = _numbers("A", matrix, dimensions=2)
    n, dimension = array.shape
    right = None if offsets is None else _numbers("offsets", offsets, dimensions=1)
    if right is not None and len(right) != n:
        raise ShapeError(
            f"offsets has {len(right)} entries",
            cause=f"A has {n} rows, and each needs one",
            fix="Pass one offset for each row of A",
        )
    exact = not any(map(_has_floats, (matrix, offsets)))
    if arithmetic == "exact" and not exact:
        raise DataError(
            "The numbers are floats",
            cause="arithmetic='exact' takes integers, fractions and decimals only",
            fix="Pass text, Decimal or Fraction for the numbers you mean, or use arithmetic='auto' for the floats as they are",
        )
    if right is not None:
        array = _homogeneous(array, right)
    if array.dtype == object:
        rows = fraction_rows(array)
    else:
        rows = float_rows(array) if array.dtype.kind == "f" else integer_rows(array)
    return Given(rows, right is None, dimension, exact)


def _homogeneous(array: Array, right: Array) -> Array:
    """Return the rows (0, ..., 0, 1) and (a_i, -b_i), in a type that holds all of these numbers exactly."""
    n, dimension = array.shape
    if array.dtype != right.dtype or array.dtype.kind == "u" or not _modest(right):
        array, right = to_fractions("A", array), to_fractions("offsets", right)
    out = np.zeros((n + 1, dimension + 1), dtype=array.dtype)
    out[0, dimension] = 1
    out[1:, :dimension] = array
    out[1:, dimension] = -right
    if array.dtype == object:
        return to_fractions("A", out)
    return out


def _modest(array: Array) -> bool:
    """Whether these numbers can be negated in their own type."""
    return array.dtype.kind != "i" or array.size == 0 or int(array.min()) > -(2**63)


def _has_floats(data: Any) -> bool:
    """Whether any number was given as a binary float."""
    if data is None:
        return False
    array = _array("A", data)
    if array.dtype == object:
        return any(isinstance(entry, (float, np.floating)) for entry in array.ravel().tolist())
    return array.dtype.kind == "f" and array.size > 0


def _array(name: str, data: Any) -> Array:
    """Return ``data`` as an array; integers too large for the type that NumPy would choose stay what they are."""
    if hasattr(data, "columns") and not isinstance(data, np.ndarray):
        given = as_matrix(name, data)
        return given.values if given.exact is None else given.exact
    array = to_numpy(name, data)
    if array.dtype.kind == "f" and isinstance(data, (list, tuple)):
        entries = np.array(data, dtype=object)
        if any(isinstance(entry, (int, np.integer)) and abs(int(entry)) > 2**53 for entry in entries.ravel().tolist()):
            return entries
    return array


def _numbers(name: str, data: Any, *, dimensions: int) -> Array:
    """Return finite numbers: float64, int64, other integers, or an object array of fractions."""
    array = _array(name, data)
    if dimensions == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != dimensions:
        raise ShapeError(
            f"{name} has {array.ndim} dimensions, shape {array.shape}",
            cause="rows of A are normal vectors" if dimensions == 2 else "there is one offset for each row of A",
            fix=f"Pass {name} as a {'matrix' if dimensions == 2 else 'vector'}",
        )
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype == object:
        return to_fractions(name, array)
    if array.dtype.kind == "b":
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise DataError(f"{name} has entries of type {array.dtype}", fix="Pass float64, or exact numbers")
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            where = f"row {place[0]}, column {place[1]}" if dimensions == 2 else f"position {place[0]}"
            raise DataError(f"{name} has {array[place]} at {where}", fix="Correct that entry, or drop its row")
    return array.astype(np.int64) if array.dtype.kind == "i" else array
