r"""Values that are attained, in closed form.

Two neurons that share a cell and count with opposite signs can realise any linear function on it: for any m // 2 cells the least
squares fit with the columns :math:`D_a X` of these cells (and 1 with an output bias) is attained. A single neuron is tried with
the least squares fit of a cell, with either sign, and the value that it really has counts.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int8

from theodolite._numerics import exact_solve
from theodolite._typing import Array
from theodolite.relu._inertia import slopes_of
from theodolite.relu._known import Known
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import Reading

__all__ = ["fitted", "learn", "own_cells"]

_DRAWS = 12
_MOST_PRODUCTS = 2_000_000_000
_MOST_PRODUCTS_EXACT = 2_000_000


def learn(problem: Problem, known: Known) -> None:
    """Learn from networks that are 0, and from some cells of the landscape: the same ones every time, once."""
    if known.constructed:
        return
    known.constructed = True
    mean = problem.targets.sum() / problem.number(problem.samples) if problem.offset else problem.number(0)
    rest = problem.targets - mean
    known.attain(rest @ rest, "a constant network" if problem.offset else "a network that is 0")
    rng = np.random.default_rng(0)
    draws = np.concatenate(
        [np.eye(problem.width, dtype=np.int64)[-1:], rng.integers(-99, 100, (_DRAWS, problem.width))]
    )
    _attain(problem, known, _cells(problem, draws))


def own_cells(problem: Problem, point: Point, reading: Reading, known: Known) -> None:
    """Learn from the cells that the neurons of this point lie in."""
    present = problem.lines.line >= 0
    inside = ~(reading.signs[present] == 0).any(axis=0) & (point.weights != 0).any(axis=1)
    if inside.any():
        _attain(problem, known, np.unique(reading.signs[:, inside], axis=1).T)


def _cells(problem: Problem, draws: Array) -> Int8[np.ndarray, "c n"]:
    """Return the sign vectors of the cells that integer weights lie in; those on a boundary are left out."""
    scale = np.array([1 / float(np.abs(column).max() or 1) for column in problem.inputs.T])
    weights = draws * np.exp2(np.round(np.log2(scale)))
    before = problem.product(problem.inputs, problem.array(weights).T)
    signs = (before > 0).astype(np.int8) - (before < 0).astype(np.int8)
    if not problem.exact:
        sizes = np.abs(problem.inputs) @ np.abs(weights.T)
        signs = np.where(np.abs(before) <= 1e-12 * sizes, 0, signs).astype(np.int8)
    present = problem.lines.line >= 0
    return np.unique(signs[:, ~(signs[present] == 0).any(axis=0)], axis=1).T


def _attain(problem: Problem, known: Known, cells: Int8[np.ndarray, "c n"]) -> None:
    pairs = problem.hidden // 2
    n, width = problem.samples, problem.width
    limit = _MOST_PRODUCTS_EXACT if problem.exact else _MOST_PRODUCTS
    sets = [[cell] for cell in range(len(cells))]
    if pairs > 1 and len(cells) > 1:
        sets.append(list(range(min(pairs, len(cells)))))
    for chosen in sets:
        columns = len(chosen) * width + int(problem.offset)
        if n * columns * columns > limit:
            continue
        found = fitted(problem, cells[chosen])
        if found is None:
            continue
        solution, sse = found
        if pairs:
            known.attain(sse, f"two neurons in {'each of these cells' if len(chosen) > 1 else 'one cell'}, fitted")
        else:
            _single(problem, known, solution)


def fitted(problem: Problem, cells: Int8[np.ndarray, "c n"]) -> tuple[Array, Number] | None:
    """Return the least squares solution with the columns of these cells, and its sum of squares (in floats not too small)."""
    parts = [slopes_of(problem, cell)[:, None] * problem.inputs for cell in cells]
    if problem.offset:
        parts.append(problem.zeros(problem.samples, 1) + 1)
    matrix = np.concatenate(parts, axis=1)
    if problem.exact:
        gram = problem.product(matrix.T, matrix)
        solution = exact_solve(gram, problem.product(matrix.T, problem.targets.reshape(-1, 1)))[:, 0]
    else:
        sizes = np.linalg.norm(matrix, axis=0)
        sizes[sizes == 0] = 1.0
        solution = np.linalg.lstsq(matrix / sizes, problem.targets, rcond=None)[0] / sizes
    rest = problem.product(matrix, solution.reshape(-1, 1))[:, 0] - problem.targets
    return solution, rest @ rest


def _single(problem: Problem, known: Known, solution: Array) -> None:
    """A network of one neuron with the weights found: what it really attains."""
    offset = solution[-1] if problem.offset else problem.number(0)
    weights = solution[: problem.width]
    for sign in (1, -1):
        if not weights.any():
            continue
        outer = problem.array(np.array([sign]))
        point = Point((sign * weights).reshape(1, -1), outer, offset)
        known.attain(Evaluation(problem, point).sse, "one neuron with the fit of a cell")
