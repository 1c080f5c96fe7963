"""What users pass as samples of a ReLU landscape, checked and turned into a problem."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._arrays import Given, as_matrix
from theodolite._errors import DataError, ShapeError
from theodolite._numerics import as_fractions
from theodolite._typing import Array
from theodolite.relu._options import Options, check_options
from theodolite.relu._problem import Problem

__all__ = ["read"]

_LARGEST = 1e150
"""Entries from here on have squares that float64 cannot add up."""


def read(
    X: Any,
    y: Any,
    hidden: Any,
    bias: Any,
    output_bias: Any,
    negative_slope: Any,
    reduction: Any,
    arithmetic: Any,
) -> tuple[Options, Problem, str]:
    """Return the options, the problem (rational where everything was given exactly) and a SHA-256 of all of it."""
    x, targets = as_matrix("X", X), as_matrix("y", y)
    if len(x.values) != len(targets.values):
        raise ShapeError(
            f"X has {len(x.values)} rows and y has {len(targets.values)}",
            cause="each row is one sample of both",
            fix="Pass as many rows of y as of X",
        )
    for name, given in (("X", x), ("y", targets)):
        if not given.values.size:
            raise ShapeError(f"{name} has shape {given.values.shape}", fix="Pass at least one row and one column")
        if float(np.abs(given.values).max()) >= _LARGEST:
            raise DataError(
                f"{name} has a number of 1e150 or more", cause="its square overflows", fix="Rescale the data"
            )
    options = check_options(
        x.values.shape[1], targets.values.shape[1], hidden, bias, output_bias, negative_slope, reduction, arithmetic
    )
    return options, _problem(options, x, targets), _fingerprint(options, x, targets)


def _problem(options: Options, x: Given, targets: Given) -> Problem:
    rational = isinstance(options.slope, Fraction)
    given_exactly = rational and x.exact is not None and targets.exact is not None
    if options.arithmetic == "exact" and not given_exactly:
        where = "X" if x.exact is None else "y" if targets.exact is None else "negative_slope"
        raise DataError(
            f'arithmetic is "exact", but {where} holds floats',
            cause="a float is the binary number that it is, rarely the decimal that was meant",
            fix='Pass integers, Fractions or strings such as "0.01", or arithmetic="verified" for the floats as they are',
        )
    exact = options.arithmetic == "verified" or (given_exactly and options.arithmetic != "float64")
    inputs = _numbers(x, exact)
    if options.bias:
        one = np.full((len(inputs), 1), Fraction(1) if exact else 1.0, dtype=inputs.dtype)
        inputs = np.concatenate([inputs, one], axis=1)
    columns = _numbers(targets, exact)
    factor = {"half_sum": Fraction(1, 2), "sum": Fraction(1), "mean": Fraction(1, targets.values.size)}[
        options.reduction
    ]
    slope = Fraction(options.slope) if exact else float(options.slope)
    return Problem(
        inputs=inputs,
        targets=columns[:, 0] if columns.shape[1] == 1 else columns,
        slope=slope,
        hidden=options.hidden,
        offset=options.output_bias,
        scale=factor if exact else float(factor),
        epsilon=0.0 if exact else max(x.epsilon, targets.epsilon),
    )


def _numbers(given: Given, exact: bool) -> Array:
    if not exact:
        return given.values
    return as_fractions(given.values) if given.exact is None else given.exact


def _fingerprint(options: Options, x: Given, targets: Given) -> str:
    digest = hashlib.sha256(repr(options).encode())
    for given in (x, targets):
        digest.update(f"{given.values.shape} {given.exact is not None}".encode())
        exact = given.exact
        digest.update(np.ascontiguousarray(given.values).tobytes() if exact is None else repr(exact.tolist()).encode())
    return digest.hexdigest()
