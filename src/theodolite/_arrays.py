"""Whatever users pass as numbers, turned into checked arrays, or refused with the offender named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import prod
from numbers import Rational
from typing import Any

import numpy as np

from theodolite._errors import DataError, ShapeError
from theodolite._typing import Array, Parameters

__all__ = [
    "Given",
    "as_matrix",
    "as_number",
    "check_rtol",
    "coerce_parameters",
    "given_epsilon",
    "to_fractions",
    "to_numpy",
]

EXPONENT_MOST = 5000
"""Decimal exponents beyond this are refused: as a fraction such a number would fill the memory."""


@dataclass(frozen=True, eq=False)
class Given:
    """A data matrix: in float64, as the array it was given as, and with the unit round-off of that array's type."""

    values: Array
    source: Array
    epsilon: float
    names: tuple[str, ...] | None = None

    @cached_property
    def exact(self) -> Array | None:
        """The matrix as an object array of ``Fraction`` if no entry was a float, else ``None``; made when first asked for."""
        return to_fractions("The data", self.source) if _is_exact(self.source) else None


def as_matrix(name: str, data: Any) -> Given:
    """Return ``data`` as a checked matrix; one-dimensional input is a single column.

    Accepts NumPy arrays, nested sequences, anything with ``__array__`` (PyTorch and JAX arrays) and data frames.
    Raises ``DataError`` naming the row and column of the first entry that is not a finite real number.
    """
    if hasattr(type(data), "columns"):
        array, names, epsilon = _from_frame(name, data)
    else:
        array, names, epsilon = to_numpy(name, data), None, _given_epsilon(name, data)
    if array.ndim == 0:
        raise DataError(
            f"{name} is of type {type(data).__name__}", fix="Pass an array, rows of equal length or a data frame"
        )
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ShapeError(
            f"{name} has {array.ndim} dimensions, shape {array.shape}",
            cause="rows are samples and columns are features",
            fix=f"Pass {name} as a matrix",
        )
    return Given(_to_float64(name, array), array, epsilon, names)


def to_numpy(name: str, data: Any) -> Array:
    """Return ``data`` as a NumPy array of real numbers (or of objects), never copying what is one already."""
    try:
        if hasattr(data, "detach") and hasattr(data, "cpu"):  # a PyTorch tensor, which may require a gradient
            data = data.detach().cpu()
            if _is_bfloat16(data):  # NumPy has no such type; float32 holds every value of it
                data = data.float()
        array = np.asarray(data)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(f"{name} cannot be read as an array", cause=_odd_row(data) or _shown(error)) from None
    if np.ma.isMaskedArray(data) and np.ma.getmaskarray(data).any():
        place = tuple(int(i) for i in np.argwhere(np.ma.getmaskarray(data))[0])
        raise DataError(f"{name} is masked at {_where(place)}", fix="Fill or drop masked entries")
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f"{name} has complex numbers ({array.dtype})", fix="Pass real numbers")
    if kind in "US":  # from the source again: NumPy turns the numbers beside a text into texts, floats into decimals
        return np.asarray(data, dtype=object)
    if kind not in "fiubO":
        raise DataError(f"{name} has entries of type {array.dtype}", fix="Pass real numbers")
    return array


def _odd_row(data: Any) -> str | None:
    """Say which row of nested sequences is the first of another length than those before it."""
    if not isinstance(data, (list, tuple)):
        return None
    lengths = [len(row) if isinstance(row, Sized) else None for row in data]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return None
    sizes = ["a single number" if lengths[i] is None else f"{lengths[i]} entries" for i in (odd, 0)]
    return f"row {odd} has {sizes[0]}, row 0 has {sizes[1]}"


def to_fractions(name: str, array: Array) -> Array:
    """Return an object array of ``Fraction``: integers, ``Decimal``, "p/q" and decimals exactly, floats as the binary
    numbers that they are."""
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        out[place] = _fraction(name, place, array[place])
    return out


def _fraction(name: str, place: tuple[int, ...], entry: Any) -> Fraction:
    cause = "it is not a finite real number"
    try:
        if isinstance(entry, (np.integer, np.bool_)):
            return Fraction(int(entry))
        if isinstance(entry, (float, np.floating)):
            return Fraction(float(entry))
        if isinstance(entry, (Decimal, str)) and _exponent(entry) > EXPONENT_MOST:
            cause = f"its exponent is beyond {EXPONENT_MOST}"
        elif isinstance(entry, (Rational, Decimal, str)):
            return Fraction(entry)
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    raise DataError(
        f"{name} has {_shown(entry)} at {_where(place)}",
        cause=cause,
        fix="Correct that entry, or drop its row or column",
    )


def _exponent(entry: Decimal | str) -> int:
    """Return the size of a decimal exponent, before a number of that many digits is made."""
    if isinstance(entry, Decimal):
        return abs(entry.adjusted())
    return abs(int(entry.lower().partition("e")[2] or 0))


def _shown(entry: object) -> str:
    """Return the repr of ``entry``, or the first line of an error, cut to what fits in a message."""
    text = str(entry).partition("\n")[0] if isinstance(entry, Exception) else repr(entry)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"


def _is_exact(array: Array) -> bool:
    """Whether no entry is a float: integers, ``Fraction``, ``Decimal`` and texts are exactly what they say."""
    if array.dtype != object:
        return array.dtype.kind in "iub"
    return not any(isinstance(entry, (float, np.floating)) for entry in array.flat)


def _to_float64(name: str, array: Array) -> Array:
    if array.dtype == object:
        return _floats(name, to_fractions(name, array))
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused below
        values = array.astype(np.float64)
    _check_finite(name, values)
    return values


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


def _from_frame(name: str, frame: Any) -> tuple[Array, tuple[str, ...], float]:
    """Return the columns of a pandas, polars or pyarrow table side by side, their names, and the coarsest round-off."""
    import narwhals as nw
    from narwhals.exceptions import NarwhalsError

    try:
        table = nw.from_native(frame, eager_only=True)
        series = list(table.iter_columns())
    except (TypeError, NarwhalsError) as error:
        raise DataError(f"{name} is a table of a kind that cannot be read", cause=_shown(error)) from None
    if not series:
        raise DataError(f"{name} has no columns", fix="Pass a table with at least one numeric column")
    columns = [_from_series(name, column) for column in series]
    epsilon = max(_epsilon(column.dtype) for column in columns)
    return np.stack(columns, axis=1), tuple(str(column.name) for column in series), epsilon


def _from_series(name: str, series: Any) -> Array:
    import narwhals as nw

    if not series.dtype.is_numeric() and series.dtype != nw.Object and series.dtype != nw.Boolean:
        raise DataError(
            f"Column {series.name!r} of {name} has type {series.dtype}",
            cause="only numeric columns can be used",
            fix="Drop it or encode it as numbers",
        )
    missing = series.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"Column {series.name!r} of {name} has a missing value in row {int(np.argmax(missing))}",
            fix="Drop or fill that row",
        )
    return to_numpy(f"Column {series.name!r} of {name}", series.to_numpy())


def _is_bfloat16(data: Any) -> bool:
    return "bfloat16" in str(getattr(data, "dtype", ""))


def _epsilon(dtype: np.dtype[Any]) -> float:
    """Return the unit round-off of numbers stored as ``dtype``, never below that of float64."""
    if dtype.kind == "f" and dtype.itemsize < 8:
        return float(np.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)


def _given_epsilon(name: str, data: Any) -> float:
    return 2.0**-7 if _is_bfloat16(data) else _epsilon(to_numpy(name, data).dtype)


def given_epsilon(params: Any) -> float:
    """Return the coarsest unit round-off among the types in which ``params`` were given."""
    _check_sequence(params)
    return max((_given_epsilon("a parameter", array) for array in params), default=float(np.finfo(np.float64).eps))


def as_number(name: str, value: Any) -> Any:
    """Return ``value`` as a Fraction where it was given exactly (integer, Fraction, Decimal, text), else as a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        if isinstance(value, (Rational, Decimal, str, np.integer)):
            return to_fractions(name, np.array(value, dtype=object)).item()
        number = float(value)
    except (TypeError, ValueError, OverflowError, DataError) as error:
        raise DataError(
            f"{name} is {value!r}",
            cause=error.cause if isinstance(error, DataError) else None,
            fix='Pass a finite number, exact ones as an integer or as "p/q"',
        ) from None
    if not np.isfinite(number):
        raise DataError(f"{name} is {value!r}", fix="Pass a finite number")
    return number


def check_rtol(rtol: Any) -> float:
    """Return a relative tolerance as a float, or refuse what is not between 0 and 1."""
    if isinstance(rtol, bool) or not isinstance(rtol, (int, float, np.number)) or not 0 < rtol < 1:
        raise DataError(f"rtol is {rtol!r}", fix="Pass a number between 0 and 1, or None")
    return float(rtol)


def _check_sequence(params: Any) -> None:
    """Refuse what is not a sequence of arrays; an iterator is none, because it can be read only once."""
    if not isinstance(params, Iterable) or isinstance(params, (Iterator, Mapping, str)):
        raise DataError(
            f"The parameters are of type {type(params).__name__}",
            fix="Pass a sequence of arrays, such as list(model.parameters())",
        )


def coerce_parameters(params: Any, shapes: Sequence[tuple[int, ...]], *, keep_exact: bool = False) -> Parameters:
    """Return ``params`` as arrays of ``shapes``: float64, or ``Fraction`` objects where ``keep_exact`` and all of them are exact.

    An array of another shape but the right size is reshaped. Raises ``ShapeError`` naming the array that does not fit.
    """
    _check_sequence(params)
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
    arrays = [to_numpy(f"Parameter {k}", array) for k, array in enumerate(given, start=1)]
    for k, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1):
        if array.size != prod(shape):
            raise ShapeError(
                f"Parameter {k} has shape {array.shape}",
                cause=f"its place needs shape {shape}",
                fix="Reshape or replace it",
            )
    convert = to_fractions if keep_exact and all(map(_is_exact, arrays)) else _to_float64
    return tuple(
        convert(f"Parameter {k}", array).reshape(shape)
        for k, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1)
    )


def refuse_floats(params: Parameters) -> None:
    """Raise ``DataError`` if parameters of a landscape with exact arithmetic are floats."""
    if params[0].dtype != object:
        raise DataError(
            "The parameters are floats",
            cause='this landscape has arithmetic="exact"',
            fix="Pass integers, Fractions or decimal strings",
        )
