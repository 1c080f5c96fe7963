"""Weight decay where all critical points are known: whitened inputs and autoencoders.

``F / unit = 1/2 ||X W1^T W2^T - Y||^2 + (l/2) (||W1||^2 + ||W2||^2)``. In both cases the critical points choose pairs (u_i, v_i)
of strength s_i > l:  ``W2 = U_S diag(d) O^T, W1 = O diag(d) V_S^T`` with orthonormal columns of O, and

* whitened, X^T X = c * projector: s_i singular values of Y^T X, d_i^2 = (s_i - l)/c,
  F / unit = 1/2 (||Y||^2 - sum_S (s_i - l)^2 / c);
* autoencoder, Y = X: s_i eigenvalues of X^T X, d_i^2 = (s_i - l)/s_i, F / unit = 1/2 (||Y||^2 - sum_S (s_i - l)^2 / s_i)
  (Kunin et al. 2019).

index = sum_{i in S} #{j not in S: s_j > s_i} + (hidden - s) #{j not in S: s_j > l}; the nullity exceeds the dimension
s (s - 1)/2 + s (hidden - s) + sum p_i (m_i - p_i) by (hidden - s) #{j: s_j = l}. Index and nullity are our own statements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._evidence import Assumption
from theodolite._typing import Array, Matrix, Vector
from theodolite.linear._network import Network
from theodolite.linear._reduction import TIE_TOLERANCE, Reduction, equal_groups

__all__ = ["Pairs", "solvable_pairs"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs that can be learnt in spite of the decay, strongest first, and how each is weighed."""

    case: str
    decay: float
    strengths: Vector
    left: Matrix
    right: Matrix
    sizes: Vector
    gains: Vector
    groups: tuple[slice, ...]
    ties: int
    floor: float
    checked: tuple[Assumption, ...]

    @property
    def multiplicities(self) -> tuple[int, ...]:
        """How often each distinct strength above the decay occurs."""
        return tuple(group.stop - group.start for group in self.groups)

    @property
    def distinct_gains(self) -> Vector:
        """What one direction of each group saves."""
        return np.array([self.gains[group].mean() for group in self.groups])

    def index(self, taken: Array, hidden: int) -> Array:
        """Return the Morse index of each row of ``taken``."""
        row = np.array(self.multiplicities, dtype=np.int64).reshape(1, -1)
        left = row - taken
        above = np.cumsum(left, axis=1) - left
        s = taken.sum(axis=1)
        return np.asarray((taken * above).sum(axis=1) + (hidden - s) * (row.sum() - s))

    def dimension(self, taken: Array, hidden: int) -> Array:
        """Return the dimension of each family: a Stiefel manifold and the choices inside repeated strengths."""
        row = np.array(self.multiplicities, dtype=np.int64).reshape(1, -1)
        s = taken.sum(axis=1)
        return np.asarray(s * (s - 1) // 2 + s * (hidden - s) + (taken * (row - taken)).sum(axis=1))

    def nullity(self, taken: Array, hidden: int) -> Array:
        """Return the nullity of each family, the same at all of its points."""
        return np.asarray(self.dimension(taken, hidden) + (hidden - taken.sum(axis=1)) * self.ties)


def solvable_pairs(network: Network, reduction: Reduction) -> Pairs | str:
    """Return the pairs where all critical points are known, or the reason why they are not."""
    x, y = network.samples.x, network.samples.y
    decay = network.l2 / (2 * network.factor)
    _, sizes, axes = np.linalg.svd(x, full_matrices=False)
    rho = reduction.rho
    spread = float((sizes[0] - sizes[rho - 1]) / sizes[0]) if rho else 0.0
    if x.shape == y.shape and bool(np.array_equal(x, y)):
        strengths = sizes[:rho] ** 2
        left = right = axes[:rho].T
        weights = strengths
        case, checked = "autoencoder", Assumption("Y equals X")
    elif spread <= TIE_TOLERANCE:
        left, strengths, right = _singular(y.T @ x)
        scale = float(np.mean(sizes[:rho] ** 2)) if rho else 1.0
        weights = np.full(len(strengths), scale)
        margin = TIE_TOLERANCE / spread if spread else None
        case, checked = "whitened", Assumption("all singular values of X are equal", margin, TIE_TOLERANCE)
    else:
        return (
            f"all critical points with weight decay are known for autoencoders (Y = X) and for whitened inputs only; here the "
            f"singular values of X spread over {spread:.3g} of the largest"
        )
    clear = TIE_TOLERANCE * float(strengths[0]) if len(strengths) else 0.0
    kept = strengths > decay + clear
    ties = int((np.abs(strengths - decay) <= clear).sum())
    distances = np.abs(strengths - decay)
    margin = float(distances.min(initial=np.inf) / clear) if clear and not ties else None
    gains = (strengths - decay)[kept] ** 2 / weights[kept]
    total = float(np.sum(y**2))
    return Pairs(
        case=case,
        decay=decay,
        strengths=strengths[kept],
        left=left[:, kept],
        right=right[:, kept],
        sizes=np.sqrt((strengths - decay)[kept] / weights[kept]),
        gains=gains,
        groups=equal_groups(strengths[kept]),
        ties=ties,
        floor=max(total - float(gains.sum()), 0.0),
        checked=(checked, Assumption(f"{int(kept.sum())} strengths exceed the decay {decay:.6g}", margin, clear)),
    )


def _singular(matrix: Matrix) -> tuple[Matrix, Vector, Matrix]:
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return left, values, right.T
