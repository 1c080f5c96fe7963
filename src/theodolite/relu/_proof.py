"""Certificates of ReLU landscapes: of a global minimum by a tree of bounds, of a local one by its radius."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._certificate import Certificate
from theodolite._counting import in_words
from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._typing import Array
from theodolite.checker._sealing import sealed
from theodolite.relu._branch import row_order
from theodolite.relu._certify import Prover
from theodolite.relu._options import Options
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._regions import Regions

__all__ = ["certify_global", "certify_local"]

_MOST_LEAVES = 300_000
"""A certificate with more leaves than this would be too large to handle."""

_LEAF = 130
"""Bytes that a leaf takes in the file, about."""


def certify_global(
    problem: Problem,
    options: Options,
    point: Point,
    data: tuple[Array, Array],
    report: Callable[[int], None] = lambda count: None,
) -> Certificate:
    """Return the certificate that ``point`` is a global minimum of a rational problem.

    Raises ``WorkloadError``, with the number of leaves, for a certificate that would be too large, before anything is made.
    """
    _check_exact(problem)
    sse = Evaluation(problem, point).sse
    regions = Regions(problem, row_order(problem))
    prover = Prover(regions, sse, report)
    leaves = prover.count(_MOST_LEAVES)
    if leaves >= _MOST_LEAVES:
        raise WorkloadError(
            f"The certificate would have {in_words(_MOST_LEAVES)} leaves or more",
            count=leaves,
            cause=f"its file would be larger than {_MOST_LEAVES * _LEAF // 10**6} MB",
            fix="Use fewer samples; classify and global_minimum work without a certificate",
        )
    entries = {
        **_setting(problem, options),
        "point": _written(point),
        "sse": sse,
        "value": problem.scale * sse,
        "order": regions.order,
    }
    try:
        entries["trees"] = prover.trees()
        return Certificate(_sealed("relu global minimum", entries, data))
    except (RecursionError, ValueError) as error:  # Python nests no deeper, and writes integers of 4,300 digits at most
        raise WorkloadError(
            "The certificate is too deep or holds too long numbers to be written",
            count=leaves,
            cause=str(error),
            fix="Use fewer samples, or numbers of fewer digits",
        ) from None


def certify_local(problem: Problem, options: Options, point: Point, data: tuple[Array, Array]) -> Certificate:
    """Return the certificate that ``point`` is a local minimum: nothing within its radius is lower.

    The radius is the largest within which samples off the kinks and output weights other than 0 keep their signs.
    """
    _check_exact(problem)
    entries = {
        **_setting(problem, options),
        "point": _written(point),
        "value": problem.scale * Evaluation(problem, point).sse,
        "radius": _radius(problem, point),
    }
    return Certificate(_sealed("relu local minimum", entries, data))


def _sealed(claim: str, entries: dict[str, Any], data: tuple[Array, Array]) -> dict[str, Any]:
    return sealed(claim, entries, *(part.reshape(len(part), -1).tolist() for part in data))


def _check_exact(problem: Problem) -> None:
    if not problem.exact:
        raise NotCoveredError(
            "There are no certificates on data in floats",
            cause="a certificate is about exactly given numbers",
            fix='Pass integers, Fractions or decimal strings, or arithmetic="verified" for the floats as they are',
        )
    if problem.outputs > 1:
        raise NotCoveredError("There are no certificates for several outputs", cause="the theory is about one output")


def _setting(problem: Problem, options: Options) -> dict[str, Any]:
    return {
        "network": {
            "inputs": options.d_in,
            "hidden": options.hidden,
            "outputs": options.d_out,
            "bias": options.bias,
            "output_bias": options.output_bias,
            "negative_slope": problem.slope,
            "scale": problem.scale,
        }
    }


def _written(point: Point) -> dict[str, Any]:
    return {"weights": point.weights.tolist(), "outer": point.outer.tolist(), "offset": point.offset}


def _radius(problem: Problem, point: Point) -> Fraction:
    """Return a rational number just below the largest radius."""
    before = Evaluation(problem, point).before
    squares = (problem.inputs**2).sum(axis=1)
    ratios = [before[i, j] ** 2 / squares[i] for i, j in zip(*np.nonzero(before != 0), strict=True)]
    ratios += [v**2 for v in point.outer if v]
    smallest = min(ratios, default=Fraction(1))
    radius = Fraction(float(smallest) ** 0.5 * (1 - 1e-9))
    while radius == 0 or radius**2 > smallest:  # beyond the range of floats
        radius = min(smallest, Fraction(1)) / 2 if radius == 0 else radius / 2
    return radius
