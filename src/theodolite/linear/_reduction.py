"""The data of a shallow linear network, reduced once to what its landscape depends on.

Row convention: ``X`` (samples x inputs), ``Y`` (samples x outputs), network ``x -> W2 W1 x``. The samples are replaced by a
triangular factor with the same loss at every point. With ``X = P C^T`` (orthonormal columns of ``P``, full column rank of ``C``)
and ``A = W1 C``, ``B = W2``, ``M = Y^T P``:

    ||X W1^T W2^T - Y||^2  =  ||B A - M||^2 + ||Y - P P^T Y||^2 .
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Assumption
from theodolite._numerics import RankDecision, column_equilibrated, jacobi_singular_values, numerical_rank
from theodolite._typing import Array, Matrix, Vector

__all__ = ["TIE_TOLERANCE", "Reduction", "equal_groups", "reduce"]

TIE_TOLERANCE = 1e-9
"""Singular values that differ by less than this, relative to the larger, count as one repeated value."""

_LARGEST_WEIGHT = 1e150
"""Weights from here on have squares that float64 cannot add up."""

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Reduction:
    """The reduced problem: see the module's description for the mathematics.

    ``singular_values`` are those of ``M`` (m of them, decreasing), with columns ``left`` (outputs x m) and ``right`` (rank x m);
    ``groups`` are the index ranges of equal ones. ``inputs`` is C, ``inverse`` its Moore-Penrose inverse, ``free`` an orthonormal
    basis of the input directions that the data does not contain. ``floor`` is ``||Y - P P^T Y||^2``.
    """

    x: Matrix
    y: Matrix
    samples: int
    inputs: Matrix
    inverse: Matrix
    free: Matrix
    target: Matrix
    singular_values: Vector
    left: Matrix
    right: Matrix
    left_null: Matrix
    right_null: Matrix
    floor: float
    groups: tuple[slice, ...]
    input_scale: Vector
    input_rank: RankDecision
    target_rank: RankDecision

    @property
    def d_in(self) -> int:
        """Number of inputs."""
        return int(self.x.shape[1])

    @property
    def d_out(self) -> int:
        """Number of outputs."""
        return int(self.y.shape[1])

    @property
    def rho(self) -> int:
        """Rank of X."""
        return int(self.inputs.shape[1])

    @property
    def m(self) -> int:
        """Rank of M: how many eigenvalues of Sigma = Y^T P P^T Y are positive."""
        return len(self.singular_values)

    @cached_property
    def multiplicities(self) -> tuple[int, ...]:
        """How often each distinct positive eigenvalue occurs, largest eigenvalue first."""
        return tuple(group.stop - group.start for group in self.groups)

    @cached_property
    def eigenvalues(self) -> Vector:
        """The distinct positive eigenvalues of Sigma, decreasing; a cluster is represented by its mean."""
        squares = self.singular_values**2
        return np.array([squares[group].mean() for group in self.groups])

    @cached_property
    def natural_size(self) -> float:
        """The norm of each layer of a balanced least-squares fit, inputs measured in units of their own norms."""
        if not self.m:
            return 0.0
        fit = (self.right * self.singular_values).T @ self.inverse * self.input_scale
        return float(np.sqrt(np.linalg.norm(fit, 2)))

    def assumptions(self) -> tuple[Assumption, ...]:
        """What was decided about the data, each with its margin."""
        gaps = -np.diff(self.singular_values) / self.singular_values[:-1]
        inside = [gaps[i] for group in self.groups for i in range(group.start, group.stop - 1)]
        between = [gaps[group.start - 1] for group in self.groups[1:]]
        margins = [float(gap) / TIE_TOLERANCE for gap in between]
        margins += [TIE_TOLERANCE / float(gap) for gap in inside if gap > 0]
        distinct = len(self.groups)
        ties = "all distinct" if distinct == self.m else f"{distinct} distinct values"
        return (
            Assumption(f"rank X = {self.rho} of {self.d_in}", self.input_rank.margin, self.input_rank.tolerance),
            Assumption(f"rank of Y on X = {self.m}", self.target_rank.margin, self.target_rank.tolerance),
            Assumption(f"{self.m} positive eigenvalues, {ties}", min(margins, default=None), TIE_TOLERANCE),
        )


def reduce(x: Matrix, y: Matrix, samples: int, x_sizes: Vector, y_sizes: Vector) -> Reduction:
    """Reduce stand-ins ``x``, ``y`` for ``samples`` rows; errors of their columns scale with ``x_sizes``, ``y_sizes``.

    Those are the norms of the columns, or where the data was centred the norms before: what centring leaves of a column can
    be smaller than its error, and then the column is zero.
    """
    # Householder QR and the SVD disturb each column by this much relative to its size, in a generous count.
    noise = 8 * _EPSILON * (np.sqrt(samples) + x.shape[1]) * np.sqrt(x.shape[1])
    x, y = _without_noise(x, x_sizes, noise), _without_noise(y, y_sizes, noise)
    scaled, exponents = column_equilibrated(x)
    scale = np.ldexp(1.0, exponents)
    present = np.any(x != 0, axis=0)
    disturbance = noise * float(np.max(x_sizes / scale, where=present, initial=1.0))
    basis, sizes, rows = np.linalg.svd(scaled, full_matrices=True)
    input_rank = numerical_rank(scaled, disturbance)
    rho = input_rank.rank
    basis, sizes, axes, spare = basis[:, :rho], sizes[:rho], rows[:rho].T, rows[rho:].T
    inputs = scale[:, None] * axes * sizes
    free = np.linalg.qr(spare / scale[:, None])[0] if rho < x.shape[1] else np.zeros((x.shape[1], 0))
    # One-sided Jacobi, since the rows of C are as unequal as the inputs; a Newton step, which keeps the row space, makes
    # inverse @ inputs = 1 to rounding.
    across, lengths, turn = jacobi_singular_values(inputs)
    inverse = (turn / lengths) @ across.T
    inverse = inverse - (inverse @ inputs - np.eye(rho)) @ inverse
    target = (basis.T @ y).T
    rest = y - basis @ target.T
    rest -= basis @ (basis.T @ rest)
    tilt = disturbance * (float(sizes[0] / sizes[-1]) if rho else 1.0)
    values, left, right, target_rank = _target_svd(target, y_sizes, rest, noise, tilt)
    largest = float(np.abs((right * values).T @ inverse).max(initial=0.0))
    if not largest < _LARGEST_WEIGHT:
        raise DataError(
            f"A least-squares fit of Y on X has weights of size {largest:.3g}",
            cause="X is too small beside Y: squares of such weights are beyond 1.8e308",
            fix="Rescale X or Y",
        )
    return Reduction(
        x=x,
        y=y,
        samples=samples,
        inputs=inputs,
        inverse=inverse,
        free=free,
        target=target,
        singular_values=values,
        left=left,
        right=right,
        left_null=_complement(left),
        right_null=_complement(right),
        floor=float(np.sum(rest**2)),
        groups=equal_groups(values),
        input_scale=scale,
        input_rank=input_rank,
        target_rank=target_rank,
    )


def _without_noise(columns: Matrix, sizes: Vector, noise: float) -> Matrix:
    """Return the columns with those set to zero that are smaller than their own error."""
    return np.where(np.linalg.norm(columns, axis=0) <= noise * sizes, 0.0, columns)


def _target_svd(
    target: Matrix, y_sizes: Vector, rest: Matrix, noise: float, tilt: float
) -> tuple[Vector, Matrix, Matrix, RankDecision]:
    """Singular values and vectors of the outputs x rank matrix ``target``, its rank decided with every output in its own units.

    An error of the input space tilts ``target`` only by what lies outside that space.
    """
    units = np.ldexp(1.0, np.where(y_sizes > 0, np.frexp(y_sizes)[1], 0))
    error = noise * float(np.linalg.norm(y_sizes / units)) + tilt * float(np.linalg.norm(rest / units))
    equal = target / units[:, None]
    decision = numerical_rank(equal, error)
    m = decision.rank
    u, s, vt = np.linalg.svd(equal, full_matrices=False)
    # Back in the outputs' own units the matrix may be badly graded by rows; one-sided Jacobi keeps small values accurate.
    # An output that is zero stays so: it has no unit in which rounding errors of u would be small.
    graded = np.where(y_sizes > 0, units, 0.0)[:, None] * u[:, :m] * s[:m]
    left, values, turn = jacobi_singular_values(graded)
    return values, left, vt[:m].T @ turn, decision


def _complement(columns: Matrix) -> Matrix:
    """An orthonormal basis of what is orthogonal to the orthonormal ``columns``."""
    size, count = columns.shape
    if count == size:
        return np.zeros((size, 0))
    full = np.linalg.qr(columns, mode="complete")[0]
    return full[:, count:]


def equal_groups(values: Vector) -> tuple[slice, ...]:
    """Index ranges of singular values that are equal within ``TIE_TOLERANCE``."""
    starts = [0] if len(values) else []
    starts += [i for i in range(1, len(values)) if values[i - 1] - values[i] > TIE_TOLERANCE * values[i - 1]]
    ends: Array = np.array([*starts[1:], len(values)])
    return tuple(slice(start, int(end)) for start, end in zip(starts, ends, strict=False))
