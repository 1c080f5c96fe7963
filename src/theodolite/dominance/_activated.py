"""One hidden layer with an activation s: g = 1/2 ||W2 s(W1 x) - y||^2, columns of ``x`` and ``y`` being samples.

With H = s(W1 x), m the least slope of s at any entry of W1 x, and s_n(X) = 0 unless the n samples are independent,

    ||grad g||^2 >= 2 [ s_n(H)^2 + m^2 s_q(W2)^2 s_n(X)^2 ] g

at every point; in a ball ||D1||_F, ||D2||_2 <= r with s_n(H) - Lip ||X|| r, s_q(W2) - r, and m over
|z - (W1 x)_ij| <= r ||x_j||.
The first radius is one of the Frobenius norm: entrywise maps do not keep Lipschitz constants in the spectral norm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite._typing import Matrix, Parameters
from theodolite.dominance._activations import Activation
from theodolite.dominance._certify import lower, upper
from theodolite.dominance._chain import EPSILON, broadest, singular_value
from theodolite.dominance._probe import Probe
from theodolite.dominance._regularity import Bounds, strength, widest
from theodolite.dominance._results import DescentCertificate, Dominance, Regularity
from theodolite.dominance._search import Need, smallest_radius
from theodolite.dominance._sizes import Scalar

__all__ = [
    "ActivatedModel",
    "ActivatedSizes",
    "ActivatedSubject",
    "activated_constant",
    "activated_descent",
    "activated_dominance",
    "activated_regularity",
    "activated_smoothness",
    "measure_activated",
]

_DENSE_MOST = 6_000_000


@dataclass(frozen=True, eq=False)
class ActivatedModel:
    """The data and the activation; weights are (W1, W2)."""

    x: Matrix
    y: Matrix
    activation: Activation

    def hidden(self, weights: Parameters) -> Matrix:
        """Return H."""
        return self.activation.value(weights[0] @ self.x)

    def residual(self, weights: Parameters) -> Matrix:
        """Return W2 H - y."""
        return np.asarray(weights[1] @ self.hidden(weights) - self.y)

    def gradient(self, weights: Parameters) -> Parameters:
        """Return the gradient of g."""
        inputs, error = weights[0] @ self.x, self.residual(weights)
        back = self.activation.slope(inputs) * (weights[1].T @ error)
        return back @ self.x.T, error @ self.activation.value(inputs).T

    def jacobian(self, weights: Parameters) -> Matrix:
        """Return the derivative of the residual, samples * outputs rows, by the packed weights."""
        inputs = weights[0] @ self.x
        slopes, outputs, samples = self.activation.slope(inputs), len(self.y), self.x.shape[1]
        first = np.einsum("ia,aj,bj->ijab", weights[1], slopes, self.x).reshape(outputs * samples, -1)
        return np.concatenate([first, np.kron(np.eye(outputs), self.activation.value(inputs).T)], axis=1)

    def push(self, weights: Parameters, steps: Parameters) -> Matrix:
        """Return J D for the change ``steps``."""
        inputs = weights[0] @ self.x
        moved = self.activation.slope(inputs) * (steps[0] @ self.x)
        return np.asarray(weights[1] @ moved + steps[1] @ self.activation.value(inputs))

    def rounding(self, weights: Parameters) -> float:
        """Return how large the computed residual may be where the true one is zero."""
        inputs = float(np.linalg.norm(weights[0])) * float(np.linalg.norm(self.x))
        size = float(np.linalg.norm(weights[1])) * (float(np.linalg.norm(self.hidden(weights))) + inputs)
        return 8 * broadest((*weights, self.x)) * EPSILON * (size + float(np.linalg.norm(self.y)))

    def kink_radius(self, weights: Parameters) -> float:
        """Return how far (Frobenius) W1 can move before an entry of W1 x changes its sign; infinite without a kink."""
        if not self.activation.has_kink:
            return inf
        sizes = np.linalg.norm(self.x, axis=0)
        inputs = np.abs(weights[0] @ self.x)[:, sizes > 0]
        return float(np.min(inputs / sizes[sizes > 0], initial=inf))

    def worst(self, weights: Parameters, radius: float) -> Iterator[Parameters]:
        """Yield steps that shrink the last layer, the hidden outputs, or the least slope."""
        first, second = weights
        left, values, right = np.linalg.svd(second, full_matrices=False)
        low = -min(radius, values[-1]) * np.outer(left[:, -1], right[-1])
        still = np.zeros_like(first)
        yield still, low
        inputs = first @ self.x
        sizes = np.linalg.norm(self.x, axis=0)
        reach = np.abs(inputs) / np.where(sizes > 0, sizes, inf)
        for place in (np.argmax(reach), np.argmin(reach)):
            i, j = np.unravel_index(int(place), inputs.shape)
            step = np.zeros_like(first)
            step[i] = self.x[:, j] / (sizes[j] or 1.0) * radius
            for sign in (1.0, -1.0):
                yield sign * step, low
        outer, _, inner = np.linalg.svd(self.hidden(weights), full_matrices=False)
        turn = (self.activation.slope(inputs) * np.outer(outer[:, -1], inner[-1])) @ np.linalg.pinv(self.x)
        size = float(np.linalg.norm(turn))
        if size:
            yield -radius / size * turn, low


@dataclass(frozen=True)
class ActivatedSizes:
    """Lower bounds on singular values (``_low``) and upper bounds on norms (``_high``) at one point.

    ``slope(r)`` is m for the ball of radius r, ``kink`` how far the slopes stay what they are, ``ntk`` the smallest
    singular value of the Jacobian where it was computed.
    """

    x_low: Scalar
    x_high: Scalar
    hidden_low: Scalar
    hidden_high: Scalar
    out_low: Scalar
    out_high: Scalar
    slope: Callable[[Scalar], Scalar]
    lipschitz: Scalar
    bend: Scalar
    kink: float
    residual: Scalar
    ntk: Scalar | None


def measure_activated(model: ActivatedModel, weights: Parameters) -> ActivatedSizes:
    """Return the sizes at ``weights`` in floating point."""
    inputs, hidden, samples = weights[0] @ model.x, model.hidden(weights), model.x.shape[1]
    reach = np.linalg.norm(model.x, axis=0)
    rows = model.y.size

    def slope(radius: float) -> float:
        return float(np.min(model.activation.least_slope(inputs, radius * reach), initial=inf))

    small = rows * sum(weight.size for weight in weights) <= _DENSE_MOST
    return ActivatedSizes(
        x_low=singular_value(model.x, samples),
        x_high=float(np.linalg.norm(model.x, 2)),
        hidden_low=singular_value(hidden, samples),
        hidden_high=float(np.linalg.norm(hidden, 2)),
        out_low=singular_value(weights[1], len(model.y)),
        out_high=float(np.linalg.norm(weights[1], 2)),
        slope=slope,
        lipschitz=model.activation.lipschitz,
        bend=model.activation.bend,
        kink=model.kink_radius(weights),
        residual=float(np.linalg.norm(model.residual(weights))) + model.rounding(weights),
        ntk=singular_value(model.jacobian(weights), rows) if small else None,
    )


def _plus(value: Scalar) -> Scalar:
    return value if value > 0 else value * 0


def activated_constant(sizes: ActivatedSizes, radius: Scalar = 0.0) -> Scalar:
    """Return mu for the ball of this radius."""
    first = _plus(sizes.hidden_low - sizes.lipschitz * sizes.x_high * radius) ** 2
    return first + sizes.slope(radius) ** 2 * _plus(sizes.out_low - radius) ** 2 * sizes.x_low**2


def activated_smoothness(sizes: ActivatedSizes, radius: Scalar) -> Scalar:
    """Return an upper bound on the Hessian in the ball, wherever the residual is no larger than at the centre."""
    hidden = sizes.hidden_high + sizes.lipschitz * sizes.x_high * radius
    out = sizes.out_high + radius
    curved = sizes.lipschitz * sizes.x_high + sizes.bend * out * sizes.x_high**2
    return hidden**2 + (sizes.lipschitz * out * sizes.x_high) ** 2 + sizes.residual * curved


def _steepness(sizes: ActivatedSizes, radius: Scalar) -> Scalar:
    hidden = sizes.hidden_high + sizes.lipschitz * sizes.x_high * radius
    return max(sizes.lipschitz * (sizes.out_high + radius) * sizes.x_high, hidden)


@dataclass(frozen=True, eq=False)
class ActivatedSubject:
    """A network with an activation at a point, and what was measured there; see ``Subject``."""

    model: ActivatedModel
    weights: Parameters
    sizes: ActivatedSizes
    unit: Scalar
    minimal: bool
    ratio: Scalar
    local: Scalar | None
    number: Callable[[float], Scalar]
    method: Method
    checked: tuple[Assumption, ...]
    scope: str

    @property
    def margin(self) -> float:
        """By how much radii are enlarged inside formulas, for the rounding of floats."""
        if self.method is not Method.THEOREM:
            return 0.0
        return 8 * broadest((*self.weights, self.model.x)) * EPSILON * float(max(self.sizes.out_high, 1.0))

    def probe(self) -> Probe:
        """Return what samples claims about this point."""
        return Probe(self.model, self.weights, (True, False), float(self.unit))

    def evidence(self, scope: str, *extra: Assumption, complete: bool = True) -> Evidence:
        """Return why it is known."""
        references = (cite("zhou-liang-2017-dominance"), cite("theodolite", "gradient dominance with an activation"))
        return Evidence(self.method, references, (*self.checked, *extra), f"{scope}; {self.scope}", complete=complete)


def activated_dominance(subject: ActivatedSubject, radius: float) -> Dominance:
    """Return the dominance constant in the ball, or at the point alone."""
    sizes, unit = subject.sizes, subject.unit
    inner = subject.number(radius + (subject.margin if radius else 0.0))
    comp = activated_constant(sizes, inner)
    ntk = None if radius or sizes.ntk is None else sizes.ntk**2
    best = comp if ntk is None else max(comp, ntk)
    mu = lower(unit * best)
    constant: float | None = upper(1 / (2 * unit * best)) if mu > 0 else inf
    pointwise: float | None = subject.ratio if isinstance(subject.ratio, float) and subject.ratio == inf else None
    scope, limit = "at this point", False
    if subject.minimal:
        pointwise = None if subject.local is None else upper(1 / (2 * unit * subject.local))
        if not radius:
            limit, constant = subject.local is not None, pointwise
            scope = (
                "pointwise limit: the sharp constant as points approach this minimizer, and no statement about any ball"
                if limit
                else "the rank of the Jacobian is not known to be constant around this minimizer: no limit is known"
            )
    elif pointwise is None:
        pointwise = upper(subject.ratio / unit)
    if radius:
        scope = (
            f"hidden weights within {radius:.6g} (Frobenius norm), output weights within {radius:.6g} (spectral norm)"
        )
    if not subject.minimal and not mu > 0:
        if not radius and pointwise is not None and pointwise < inf:
            constant, scope = pointwise, "at this point alone, where it is the ratio itself"
        else:
            scope = f"no positive constant is proven: {scope}"
    return Dominance(
        constant,
        mu,
        None if ntk is None else lower(unit * ntk),
        lower(unit * comp),
        None,
        radius,
        pointwise,
        subject.evidence(scope, complete=constant is not None and constant < inf),
        limit,
        subject.probe(),
    )


def activated_descent(subject: ActivatedSubject) -> DescentCertificate:
    """Return the step and rate of gradient descent that are guaranteed, or why none are."""
    sizes, unit, number = subject.sizes, subject.unit, subject.number
    excess = sizes.residual**2 / 2
    known, probe = upper(unit * excess), subject.probe()
    need = Need(lambda r: activated_constant(sizes, r), lambda r: _steepness(sizes, r), excess)
    most = _largest_radius(sizes, number)
    if not most > 0:
        why = "no rate is guaranteed: no dominance constant is positive around this point"
        if sizes.kink == 0:
            why = "no rate is guaranteed: the point lies on a kink, where the loss is not smooth"
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(None, None, None, evidence, excess=known, largest_radius=0.0, probe=probe)
    near = smallest_radius(need.reach, most, number, subject.margin)
    distance = None if near is None else upper(need.reach(near + number(subject.margin)))
    radius = smallest_radius(need.path, most, number, subject.margin)
    if radius is None:
        why = f"no rate is guaranteed: gradient descent might leave every ball on which a constant is proven (up to {most:.4g})"
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(
            None, None, None, evidence, excess=known, distance=distance, largest_radius=most, probe=probe
        )
    ball = radius + number(subject.margin)
    mu, smooth = activated_constant(sizes, ball), activated_smoothness(sizes, ball)
    step = lower(1 / (unit * smooth))
    return DescentCertificate(
        step,
        upper(1 - number(step) * unit * mu),
        upper(radius),
        subject.evidence("gradient descent from this point with this constant step or a smaller one"),
        lower(unit * mu),
        upper(unit * smooth),
        known,
        distance,
        most,
        probe,
    )


def _largest_radius(sizes: ActivatedSizes, number: Callable[[float], Scalar]) -> float:
    """Return up to which radius mu is positive and no kink is crossed."""
    if not activated_constant(sizes, number(0.0)) > 0:
        return 0.0
    bound = float(sizes.hidden_low) / float(sizes.lipschitz * sizes.x_high) if sizes.x_high else 0.0
    high = min(max(bound, float(sizes.out_low)), sizes.kink * (1 - 1e-9))
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        if activated_constant(sizes, number(middle)) > 0:
            low = middle
        else:
            high = middle
    return low


def activated_regularity(subject: ActivatedSubject, length: float, gamma: Scalar | None) -> Regularity:
    """Return the regularity about ``subject``, a minimizer, in directions of norm ``length`` (zero: normal ones)."""
    sizes, unit, number = subject.sizes, subject.unit, subject.number
    if gamma is None or not gamma > 0:
        why = "the outputs do not change to first order along this direction: nothing is proven"
        return Regularity(None, None, None, None, subject.evidence(why, complete=False), subject.weights)

    def bounds(distance: Scalar) -> Bounds:
        curved = sizes.lipschitz * sizes.x_high + sizes.bend * sizes.out_high * sizes.x_high**2
        kappa = distance * curved / (2 * gamma)
        steep = (sizes.hidden_high + sizes.lipschitz * sizes.x_high * distance) ** 2
        return Bounds(kappa, 2 * kappa, steep + (sizes.lipschitz * (sizes.out_high + distance) * sizes.x_high) ** 2)

    start = min(max(float(sizes.out_high), 1e-3), sizes.kink / 2)
    distance = length or widest(lambda value: strength(bounds(number(value)), gamma).c, start)
    if distance is None or not distance + subject.margin < sizes.kink:
        why = "nothing is proven: a kink lies nearer to the minimizer than the point"
        return Regularity(None, None, lower(gamma), None, subject.evidence(why, complete=False), subject.weights)
    found = strength(bounds(number(distance + subject.margin)), gamma)
    if not found.c > 0:
        why = f"nothing is proven at distance {distance:.4g}: c = {float(found.c):.4g} is not positive"
        return Regularity(None, None, lower(gamma), None, subject.evidence(why, complete=False), subject.weights)
    return Regularity(
        lower(unit * found.alpha),
        lower(found.beta / unit),
        upper(gamma),
        distance,
        subject.evidence(
            f"points within {distance:.6g} of the minimizer whose direction from it the Jacobian sees with gamma",
            Assumption(f"c = {float(found.c):.6g} is positive"),
        ),
        subject.weights,
        subject.probe(),
    )
