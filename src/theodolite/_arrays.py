"""Whatever users pass as numbers, turned into checked arrays, or refused with the offender named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod
from numbers import Rational
from typing import Any

import numpy as np

from theodolite._errors import DataError, ShapeError
from theodolite._typing import Array, Parameters, ParametersLike

__all__ = ["Given", "as_matrix", "coerce_parameters", "given_epsilon", "to_fractions", "to_numpy"]


@dataclass(frozen=True, eq=False)
class Given:
    """A data matrix as it was given: in float64, exactly where the input was exact, and with its unit round-off.

    ``exact`` is an object array of ``Fraction`` where every entry was an integer, ``Fraction``, ``Decimal`` or decimal string.
    """

    values: Array
    exact: Array | None
    epsilon: float
    names: tuple[str, ...] | None = None


def as_matrix(name: str, data: Any) -> Given:
    """Return ``data`` as a checked matrix; one-dimensional input is a single column.

    Accepts NumPy arrays, nested sequences, anything with ``__array__`` (PyTorch and JAX arrays) and data frames.
    Raises ``DataError`` naming the row and column of the first entry that is not a finite real number.
    """
    names = None
    if hasattr(data, "columns") and not isinstance(data, np.ndarray):
        data, names = _from_frame(name, data)
    array = to_numpy(name, data)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ShapeError(
            f"{name} has {array.ndim} dimensions, shape {array.shape}",
            cause="rows are samples and columns are features",
            fix=f"Pass {name} as a matrix",
        )
    exact = None
    if array.dtype == object:
        exact = to_fractions(name, array)
        values = _floats(name, exact)
    elif array.dtype.kind in "iub":
        exact = to_fractions(name, array)
        values = array.astype(np.float64)
    else:
        values = array.astype(np.float64)
        _check_finite(name, values)
    return Given(values, exact, _epsilon(array.dtype), names)


def to_numpy(name: str, data: Any) -> Array:
    """Return ``data`` as a NumPy array of real numbers (or of objects), never copying what is one already."""
    if hasattr(data, "detach") and hasattr(data, "cpu"):  # a PyTorch tensor, which may require a gradient
        data = data.detach().cpu()
        if str(data.dtype) == "torch.bfloat16":  # NumPy has no such type; float32 holds every value of it
            data = data.float()
    try:
        array = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{name} cannot be read as an array", cause=str(error), fix="Pass rows of equal length"
        ) from None
    if np.ma.isMaskedArray(data) and np.ma.getmaskarray(data).any():
        row = tuple(int(i) for i in np.argwhere(np.ma.getmaskarray(data))[0])
        raise DataError(f"{name} is masked at {row}", fix="Fill or drop masked entries")
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f"{name} has complex numbers ({array.dtype})", fix="Pass real numbers")
    if kind in "US":
        return array.astype(object)
    if kind not in "fiubO":
        raise DataError(f"{name} has entries of type {array.dtype}", fix="Pass real numbers")
    return array


def to_fractions(name: str, array: Array) -> Array:
    """Return an object array of ``Fraction``: integers, ``Decimal``, "p/q" and decimals exactly, floats as the binary
    numbers that they are."""
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        out[place] = _fraction(name, place, array[place])
    return out


def _fraction(name: str, place: tuple[int, ...], entry: Any) -> Fraction:
    try:
        if isinstance(entry, (Rational, Decimal, str, np.integer, np.bool_)):
            return Fraction(int(entry)) if isinstance(entry, (np.integer, np.bool_)) else Fraction(entry)
        if isinstance(entry, (float, np.floating)):
            return Fraction(float(entry))
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    raise DataError(
        f"{name} has {entry!r} at {_where(place)}",
        cause="it is not a finite real number",
        fix="Correct that entry, or drop its row or column",
    )


def _floats(name: str, exact: Array) -> Array:
    values = np.empty(exact.shape)
    for place in np.ndindex(*exact.shape):
        try:
            values[place] = float(exact[place])
        except OverflowError:
            raise DataError(f"{name} has a number beyond 1.8e308 at {_where(place)}", fix="Rescale the data") from None
    return values


def _check_finite(name: str, values: Array) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} has {values[place]} at {_where(place)}",
            cause=f"{int(bad.sum())} of {values.size} entries are not finite",
            fix="Drop or fill those rows or columns",
        )


def _where(place: tuple[int, ...]) -> str:
    if len(place) == 2:
        return f"row {place[0]}, column {place[1]}"
    return f"position {place[0] if len(place) == 1 else place}"


def _from_frame(name: str, frame: Any) -> tuple[Array, tuple[str, ...]]:
    """Return the columns of a pandas, polars or pyarrow table side by side, and their names."""
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise DataError(f"{name} is a table of a kind that cannot be read", cause=str(error)) from None
    columns = []
    for column in table.columns:
        series = table[column]
        if not series.dtype.is_numeric() and series.dtype != nw.Object and series.dtype != nw.Boolean:
            raise DataError(
                f"Column {column!r} of {name} has type {series.dtype}",
                cause="only numeric columns can be used",
                fix="Drop it or encode it as numbers",
            )
        missing = series.is_null().to_numpy()
        if missing.any():
            raise DataError(
                f"Column {column!r} of {name} has a missing value in row {int(np.argmax(missing))}",
                fix="Drop or fill that row",
            )
        columns.append(series.to_numpy())
    if not columns:
        raise DataError(f"{name} has no columns", fix="Pass a table with at least one numeric column")
    return np.stack(columns, axis=1), tuple(str(column) for column in table.columns)


def _epsilon(dtype: np.dtype[Any]) -> float:
    """Return the unit round-off of numbers stored as ``dtype``, never below that of float64."""
    if dtype.kind == "f" and dtype.itemsize < 8:
        return float(np.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)


def given_epsilon(params: ParametersLike) -> float:
    """Return the coarsest unit round-off among the types in which ``params`` were given."""
    coarsest = float(np.finfo(np.float64).eps)
    for array in params:
        if "bfloat16" in str(getattr(array, "dtype", "")):
            coarsest = max(coarsest, 2.0**-7)
        else:
            coarsest = max(coarsest, _epsilon(to_numpy("a parameter", array).dtype))
    return coarsest


def coerce_parameters(
    params: ParametersLike, shapes: Sequence[tuple[int, ...]], *, keep_exact: bool = False
) -> Parameters:
    """Return ``params`` as arrays of ``shapes``: float64, or ``Fraction`` objects where ``keep_exact`` and all of them are exact.

    An array of another shape but the right size is reshaped. Raises ``ShapeError`` naming the array that does not fit.
    """
    if isinstance(params, np.ndarray) and params.dtype != object and params.ndim == 1 and len(shapes) != 1:
        raise ShapeError(
            "The parameters are one vector",
            cause=f"{len(shapes)} arrays are expected",
            fix="Use unpack(vector)",
        )
    given = list(params)
    if len(given) != len(shapes):
        raise ShapeError(
            f"{len(given)} parameter arrays were given",
            cause=f"this network has {len(shapes)}, of shapes {', '.join(map(str, shapes))}",
            fix="Pass one array for each",
        )
    arrays = [to_numpy(f"parameter {k}", array) for k, array in enumerate(given, start=1)]
    for k, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1):
        if array.size != prod(shape):
            raise ShapeError(
                f"Parameter {k} has shape {array.shape}",
                cause=f"its place needs shape {shape}",
                fix="Reshape or replace it",
            )
    exact = keep_exact and all(array.dtype.kind in "iubO" for array in arrays)
    out = []
    for k, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1):
        name = f"parameter {k}"
        if exact or array.dtype == object:
            fractions = to_fractions(name, array)
            values = fractions if exact else _floats(name, fractions)
        else:
            values = array.astype(np.float64)
            _check_finite(name, values)
        out.append(values.reshape(shape))
    return tuple(out)
