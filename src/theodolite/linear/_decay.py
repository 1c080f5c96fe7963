"""Weight decay, any data: what is proven at a point although no list of all critical points is known.

With ``F / unit = 1/2 ||X W1^T W2^T - Y||^2 + (l/2) (||W1||^2 + ||W2||^2)``, R = Y - X W1^T W2^T and sigma = ||R^T X||_2:

* every critical point is balanced, ``W2^T W2 = W1 W1^T``;
* duality: for every multiple Q of R with ||Q^T X||_2 <= l, no parameters have F / unit below <Q, Y> - ||Q||^2 / 2. At a critical
  point with sigma <= l this bound is attained: it is a global minimum, of the convex problem with the nuclear norm too;
* a hidden vector c with W2 c = 0 and W1^T c = 0 and sigma > l: with the top singular pair (u, v) of R^T X the direction
  ``dW2 = u c^T, dW1 = c v^T`` has second derivative -2 (sigma - l). A critical point without full rank is global or a strict
  saddle.

These statements are our own, proved in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Matrix, Parameters, Vector
from theodolite._verdict import Direction, Verdict
from theodolite.linear._escape import straight_line
from theodolite.linear._network import Network

__all__ = ["DecayPoint", "judge_with_decay"]

_EPSILON = float(np.finfo(np.float64).eps)
_DENSE = 1500
"""The most parameters for which the dense Hessian's inertia is computed."""


@dataclass(frozen=True, eq=False)
class DecayPoint:
    """A point of a landscape with weight decay, and what the proven statements need there. ``decay`` is l."""

    network: Network
    params: Parameters

    @property
    def unit(self) -> float:
        """Twice the factor before the sum of squares."""
        return 2 * self.network.factor

    @property
    def decay(self) -> float:
        """Weight decay in units of half the sum of squares."""
        return self.network.l2 / self.unit

    def pull(self) -> Matrix:
        """Return R^T X, outputs x inputs."""
        return np.asarray(-self.network.residual(self.params).T @ self.network.samples.x)

    def lower_bound(self) -> float:
        """Return a proven lower bound on the loss anywhere, from the dual of the convex problem with the nuclear norm."""
        rest = -self.network.residual(self.params)
        sigma = float(np.linalg.norm(self.pull(), 2))
        correlation, square = float(np.vdot(rest, self.network.samples.y)), float(np.sum(rest**2))
        most = self.decay / sigma if sigma > 0 else 1.0
        scale = min(correlation / square if square > 0 else 1.0, most)
        return max(self.unit * (scale * correlation - scale**2 * square / 2), 0.0)

    def scaled_gradient(self) -> float:
        """Return the gradient relative to the sum of the sizes of its terms."""
        w1, w2 = self.params
        gradient = self.network.gradient(self.params)
        x, y = (float(np.linalg.norm(data, 2)) for data in (self.network.samples.x, self.network.samples.y))
        one, two = float(np.linalg.norm(w1, 2)), float(np.linalg.norm(w2, 2))
        natural = np.sqrt(y / x) if x > 0 else 0.0
        spread = self.unit * x * (y + x * one * two)
        sizes = (
            spread * max(two, natural) + self.network.l2 * max(one, natural),
            spread * max(one, natural) + self.network.l2 * max(two, natural),
        )
        parts = [float(np.linalg.norm(part)) for part in gradient]
        return max((part / size for part, size in zip(parts, sizes, strict=True) if size > 0), default=0.0)

    def idle_unit(self, tolerance: float) -> Vector | None:
        """Return a hidden unit vector that neither layer uses, to ``tolerance`` times the layers' sizes."""
        w1, w2 = self.params
        stacked = np.concatenate([w2, w1.T])
        values, axes = np.linalg.svd(stacked, full_matrices=True)[1:]
        if len(values) < len(axes) or values[-1] <= tolerance * max(values[0], 1e-300):
            return np.asarray(axes[-1])
        return None

    def wake(self, hidden: Vector, evidence: Evidence) -> Direction:
        """Return the way out that lets the unused ``hidden`` unit carry the strongest missing pair."""
        left, values, right = np.linalg.svd(self.pull(), full_matrices=False)
        vector = (np.outer(hidden, right[0]), np.outer(left[:, 0], hidden))
        curvature = -2 * self.unit * (float(values[0]) - self.decay)
        return straight_line(self.network, self.params, vector, curvature, "wake a hidden unit that is idle", evidence)

    def swap(self, left: Matrix, right: Matrix, evidence: Evidence) -> Direction:
        """Return the way out that turns the weakest kept pair towards the strongest missing one (all units in use).

        ``left``, ``right`` are the kept directions, strongest first. The missing pair is the top one of R^T X, on which the kept
        ones have no part at a critical point beyond the decay itself.
        """
        w1, w2 = self.params
        pull = self.pull()
        rest = pull - left @ (left.T @ pull @ right) @ right.T
        u, _, v = np.linalg.svd(rest, full_matrices=False)
        kept_left, kept_right = left[:, -1], right[:, -1]
        turns = (
            (np.outer(w1 @ kept_right, v[0]), np.zeros_like(w2)),
            (np.zeros_like(w1), np.outer(u[:, 0], kept_left @ w2)),
        )
        images = [self.network.hessian_vector_product(self.params, turn) for turn in turns]
        form = np.array([[sum(map(np.vdot, turn, image)) for image in images] for turn in turns])
        values, shares = np.linalg.eigh(form)
        vector = (shares[0, 0] * turns[0][0], shares[1, 0] * turns[1][1])
        words = "turn towards a stronger pair"
        return straight_line(self.network, self.params, vector, float(values[0]), words, evidence)


def judge_with_decay(network: Network, params: Parameters, loss: float, rtol: float) -> Verdict:
    """Return the verdict that the proven statements give; ``UNDECIDED`` with the reason where they give none."""
    point = DecayPoint(network, params)
    slope = point.scaled_gradient()
    bound = point.lower_bound()
    gap = max(loss - bound, 0.0)
    sigma = float(np.linalg.norm(point.pull(), 2))
    references = (cite("theodolite", "weight decay"), cite("kunin-2019"))
    small = Assumption("the gradient is small relative to its terms", rtol / slope if slope else None, rtol)
    dual = Assumption(f"no parameters have a loss below {bound:.10g} (duality)")
    evidence = partial(Evidence, references=references, residual=slope)
    verdict = partial(Verdict, value=loss, scaled_gradient=slope)
    if slope > rtol:
        away = Assumption("the gradient is larger than the tolerance", slope / rtol, rtol)
        known = evidence(
            Method.NUMERIC, assumptions=(away,), scope="a step along the negative gradient lowers the loss"
        )
        return verdict(Kind.NOT_CRITICAL, evidence=known)
    if gap <= rtol * max(abs(loss), _EPSILON):
        known = evidence(
            Method.THEOREM, assumptions=(small, dual), scope=f"the loss is within {gap:.3g} of the lowest there is"
        )
        return verdict(Kind.GLOBAL_MINIMUM, evidence=known, gap=gap, index=0)
    hidden = point.idle_unit(np.sqrt(rtol))
    if hidden is not None and sigma > point.decay * (1 + np.sqrt(rtol)):
        above = Assumption("the largest singular value of R^T X exceeds the decay", sigma / point.decay, point.decay)
        known = evidence(
            Method.THEOREM, assumptions=(small, above), scope="an idle hidden unit can carry more than it costs"
        )
        return verdict(Kind.STRICT_SADDLE, evidence=known, escape=point.wake(hidden, known))
    return _by_inertia(point, verdict, evidence, (small, dual), rtol)


def _by_inertia(
    point: DecayPoint,
    verdict: partial[Verdict],
    evidence: partial[Evidence],
    checked: tuple[Assumption, ...],
    rtol: float,
) -> Verdict:
    """Decide a critical point of full rank by the inertia of its dense Hessian, where the zeros are those of the symmetry."""
    size = sum(array.size for array in point.params)
    width = len(point.params[0])
    if size > _DENSE:
        scope = f"{size} parameters are too many for a dense Hessian (at most {_DENSE}); no statement covers this point"
        return verdict(
            Kind.UNDECIDED, evidence=evidence(Method.NUMERIC, assumptions=checked, scope=scope, complete=False)
        )
    columns = []
    for column in np.eye(size):
        w1 = column[: point.params[0].size].reshape(point.params[0].shape)
        w2 = column[point.params[0].size :].reshape(point.params[1].shape)
        columns.append(
            np.concatenate([part.ravel() for part in point.network.hessian_vector_product(point.params, (w1, w2))])
        )
    hessian = np.stack(columns, axis=1)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    threshold = float(np.sqrt(rtol)) * float(np.abs(values).max())
    nullity, symmetry = int((np.abs(values) <= threshold).sum()), width * (width - 1) // 2
    clear = Assumption(
        "Hessian eigenvalues stay clear of the tolerance",
        float(np.min(np.maximum(np.abs(values), 1e-300) / threshold, where=np.abs(values) > threshold, initial=np.inf)),
        threshold,
    )
    known = evidence(Method.NUMERIC, assumptions=(*checked, clear), scope="inertia of the dense Hessian")
    if values[0] < -threshold:
        vector = vectors[:, 0]
        split = point.params[0].size
        direction = (vector[:split].reshape(point.params[0].shape), vector[split:].reshape(point.params[1].shape))
        words = "along the most negative curvature"
        way = straight_line(point.network, point.params, direction, float(values[0]), words, known)
        index = int((values < -threshold).sum())
        return verdict(Kind.STRICT_SADDLE, evidence=known, index=index, nullity=nullity, escape=way)
    if nullity == symmetry:
        return verdict(Kind.LOCAL_MINIMUM, evidence=known, index=0, nullity=nullity)
    return verdict(
        Kind.UNDECIDED,
        evidence=evidence(
            Method.NUMERIC,
            assumptions=(*checked, clear),
            complete=False,
            scope=f"{nullity} flat directions, {symmetry} of them the symmetry's: the Hessian does not decide",
        ),
    )
